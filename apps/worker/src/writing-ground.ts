import { type Ledger, statementSigner } from '@writ/ledger';
import type { Clock, Log } from '@writ/platform';
import {
  type PlanePool,
  type SnapshotSource,
  enrolledLedger,
  isClosedLog,
  planePool,
  snapshotSource,
  snapshotVerifier,
} from '@writ/postgres';
import { kmsIn, privateKeyIn, publicKeyIn } from './keys.js';
import { type LogContexts, logContexts } from './log-contexts.js';
import type { Role, WorkerSettings } from './settings.js';

/** What a role needs that writes records of its own into tenants' logs. */
export interface WritingGround {
  readonly plane: PlanePool;
  readonly ledger: Ledger;
  readonly logs: LogContexts;
  readonly source: SnapshotSource;
  readonly onProblem: (problem: string) => void;
  close(): Promise<void>;
}

const version = '0.1.0';

export function writingGround(role: Role, settings: WorkerSettings, clock: Clock, log: Log): WritingGround {
  const { databaseUrl = '', writerAuthorityKeyFile = '', snapshotPublicKeyFile = '' } = settings;
  const onProblem = (problem: string): void => log.error({ role }, problem);
  const onLost = (cause: Error): void => onProblem(cause.message);
  const plane = planePool('writ_worker', { url: databaseUrl, max: 4, onLost });
  const ledgerPlane = planePool('writ_worker', { url: databaseUrl, max: 2, onLost });
  const source = snapshotSource(plane, { verifier: snapshotVerifier([publicKeyIn(snapshotPublicKeyFile)]), onProblem });
  const own = enrolledLedger({
    plane: ledgerPlane,
    authority: statementSigner(privateKeyIn(writerAuthorityKeyFile)),
    kind: 'worker',
    settings: { build: { version }, environment: settings.environment, clock: { source: 'system', errorMs: 1_000 } },
    clock,
    // The worker asks for no more than `committed`, so it verifies no checkpoint.
    logKeys: () => [],
    onAlarm: (alarm) => log.error({ role, alarm }, 'the ledger raised an alarm'),
    onProblem,
  });
  return {
    plane,
    ledger: own.ledger,
    source,
    logs: logContexts(source, kmsIn(settings), (tenant) => isClosedLog(plane, tenant)),
    onProblem,
    async close() {
      await own.close();
      await source.close();
      await ledgerPlane.close();
      await plane.close();
    },
  };
}
