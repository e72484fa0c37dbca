export { type Login, type PlanePool, type PlanePoolOptions, logins, planePool, poolUse } from './plane.js';
export { type Passwords, migrate } from './migrate.js';
export { type TenantMigration, tenantMigrations } from './tenant-migrations/index.js';
export { type TenantToMigrate, type TenantVersions, tenantVersions } from './tenant-migrations/by-worker.js';
export {
  type TenantMigrationFailure,
  type TenantMigrationOptions,
  type TenantMigrationProgress,
  type TenantMigrationReport,
  TenantMigrationsIncomplete,
  migrateTenants,
  tenantMigrationProgress,
} from './tenant-migrations/run.js';
export { type Cell, type CellStanding, cellOf, cells, putCell } from './cells.js';
export { type NewLog, logOrigin, originOf, provisionTenant } from './provision.js';
export { type TenantTransaction, schemaOf, withTenant } from './with-tenant.js';
export { postgresLedgerStore } from './ledger-store.js';
export { type WriterEnrolment, type WriterRegister, type WriterStanding, writerRegister } from './writers.js';
export { type SnapshotSigner, type SnapshotVerifier, snapshotSigner, snapshotVerifier } from './snapshot-signature.js';
export { PublishConflict, type PublishingTransaction, publishSnapshot, snapshotChannel } from './publish-snapshot.js';
export { type SnapshotSource, type SnapshotSourceOptions, snapshotSource } from './snapshot-source.js';
export {
  type ConnectionDirectory,
  type ConnectionDirectoryOptions,
  type DirectoryConnection,
  type DirectoryKey,
  connectionDirectory,
} from './connection-directory.js';
export { type Epoch, type EpochStore, type NewestEpoch, type OutsideProof, epochStore } from './epoch-store.js';
export { type LedgerLag, ledgerLag } from './ledger-lag.js';
export { type BudgetKey, type BudgetLease, type BudgetStore, type LeaseRefusal, budgetStore } from './budget-store.js';
export {
  type NewBatch,
  type SequencerStore,
  type StoredHead,
  type TakenLog,
  type TickOutcome,
  sequencerStore,
} from './sequencer-store.js';
export {
  type EndedWriter,
  type OpenPermit,
  type SweeperStore,
  placeIntegrityHold,
  sweeperStore,
  isClosedLog,
  livingTenants,
  tenantsWithLogs,
} from './sweeper-store.js';
export { type EnrolledLedger, type EnrolledLedgerOptions, enrolledLedger } from './enrolled-ledger.js';
export { type ExportEpoch, type ExportHead, type ExportReader, withExport } from './export-store.js';
export { type LegalHold, type Pruned, type RetentionStore, retentionStore, writeHold } from './retention-store.js';
export {
  type EvidenceStore,
  type SealedEntry,
  type StoredCheckpoint,
  type StoredEntry,
  type StoredHold,
  type StoredProof,
  evidenceStore,
} from './evidence-store.js';
export { OutcomeSpool, type OutcomeSpoolParts } from './outcome-spool.js';
export {
  type Begun,
  type BegunJob,
  type NewJob,
  type QueueDepth,
  type TakenJob,
  type TenantWithWork,
  type WorkIndex,
  enqueue,
  enqueueAlone,
  eventSinks,
  jobIdOf,
  overtaken,
  workIndex,
} from './outbox.js';
export { type NewReview, type ReviewBoard, type ReviewStanding, reviewBoard, reviewChannel } from './review-board.js';
export { type BundleExtras, bundlePlan } from './bundle-plan.js';
export type { ExportOrder } from './export-order.js';
export { type ExportSelection, SelectionTooLarge, firstIdAt } from './selection-store.js';
export * from './usage-reader.js';
export { type Settled, type UsageStore, usageStore } from './usage-store.js';
