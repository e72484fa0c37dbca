import { LedgerTables1763694000001 } from './1-ledger-tables.js';
import { TenantSchema1763694000002 } from './2-tenant-schema.js';
import { Intake1763694000003 } from './3-intake.js';
import { Snapshots1763694000004 } from './4-snapshots.js';
import { Budgets1763694000005 } from './5-budgets.js';
import { Sequencing1763694000006 } from './6-sequencing.js';
import { Sweeping1763694000007 } from './7-sweeping.js';
import { Retention1763694000008 } from './8-retention.js';
import { Export1763694000009 } from './9-export.js';
import { Release1763694000010 } from './10-release.js';
import { Witnessing1763694000100 } from './100-witnessing.js';
import { TenantMigrations1763694000200 } from './200-tenant-migrations.js';
import { FindConnection1763694000201 } from './201-find-connection.js';
import { Cells1763694000202 } from './202-cells.js';
import { BudgetPeriods1763694000300 } from './300-budget-periods.js';
import { Work1763694000400 } from './400-work.js';
import { Reviews1763694000401 } from './401-reviews.js';
import { Delivery1763694000402 } from './402-delivery.js';
import { Usage1763694000301 } from './301-usage.js';
import { Reconciling1763694000302 } from './302-reconciling.js';
import { ReconcilingInUtc1763694000303 } from './303-reconciling-in-utc.js';
import { LeasesInTheLedger1763694000750 } from './750-leases-in-the-ledger.js';
import { LedgerLag1763694000751 } from './751-ledger-lag.js';
import { Appending1763694000700 } from './700-appending.js';
import { RoleMakers1763694000800 } from './800-role-makers.js';
import { ClosedLogs1763694000770 } from './770-closed-logs.js';
import { VersionsInOrder1763694000772 } from './772-versions-in-order.js';
import { Erasing1763694000830 } from './830-erasing.js';
import { TakingInOrder1763694000831 } from './831-taking-in-order.js';
import { SparseLogs1763694000870 } from './870-sparse-logs.js';
import { AwaitedLogs1763694000871 } from './871-awaited-logs.js';
import { Alone1763694000880 } from './880-alone.js';

/** In order. A migration that was released is never edited: what follows is a new one at the end. */
export const migrations = [
  LedgerTables1763694000001,
  TenantSchema1763694000002,
  Intake1763694000003,
  Snapshots1763694000004,
  Budgets1763694000005,
  Sequencing1763694000006,
  Sweeping1763694000007,
  Retention1763694000008,
  Export1763694000009,
  Release1763694000010,
  Witnessing1763694000100,
  TenantMigrations1763694000200,
  FindConnection1763694000201,
  Cells1763694000202,
  BudgetPeriods1763694000300,
  Work1763694000400,
  Reviews1763694000401,
  Delivery1763694000402,
  Usage1763694000301,
  Reconciling1763694000302,
  ReconcilingInUtc1763694000303,
  LeasesInTheLedger1763694000750,
  LedgerLag1763694000751,
  Appending1763694000700,
  RoleMakers1763694000800,
  ClosedLogs1763694000770,
  Erasing1763694000830,
  VersionsInOrder1763694000772,
  TakingInOrder1763694000831,
  SparseLogs1763694000870,
  AwaitedLogs1763694000871,
  Alone1763694000880,
];
