import { Worker } from 'node:worker_threads';
import { logSigner, statementSigner } from '@writ/ledger';
import { type Clock, type Log, localKms } from '@writ/platform';
import {
  enrolledLedger,
  planePool,
  sequencerStore,
  snapshotSource,
  snapshotVerifier,
  sweeperStore,
} from '@writ/postgres';
import { anchorFolder } from './anchor.js';
import { takeEpoch } from './epochs.js';
import { masterKeyIn, privateKeyIn, publicKeyIn } from './keys.js';
import { logContexts } from './log-contexts.js';
import { type PublishedHead, Sequencer } from './sequencer.js';
import type { WorkerSettings } from './settings.js';
import { type RunningRole, repeat } from './repeat.js';
import { passStartGate } from './start-gate.js';
import { sweep } from './sweeper.js';

const epochMs = 5_000;
const sweepMs = 5_000;
const version = '0.1.0';

export function runSequencer(settings: WorkerSettings, clock: Clock, log: Log): RunningRole {
  const { sequencerDatabaseUrl = '', logKeyFile = '', anchorFolder: folder = '', shard, logName } = settings;
  const key = logSigner(privateKeyIn(logKeyFile));
  const onProblem = (problem: string): void => log.error({ role: 'sequencer' }, problem);
  const plane = planePool('writ_sequencer', {
    url: sequencerDatabaseUrl,
    max: 3,
    onLost: (cause) => onProblem(cause.message),
  });
  const store = sequencerStore(plane, shard);
  const anchor = anchorFolder(folder);
  const logKeys = [key.publicKey];
  const sequencer = new Sequencer({
    store,
    key,
    clock,
    gate: (published) => passStartGate({ store, anchor, logKeys, onProblem }, published),
    onPublished: (heads) => anchor.stream(heads.map(streamedHead)),
    onProblem,
  });
  const known = new Map<string, number>();
  const epochs = { store, anchor, key, logKeys, origin: `${logName}/epochs` };
  const every = repeat(
    clock,
    epochMs,
    async () => {
      await takeEpoch(epochs, known);
    },
    onProblem,
  );
  sequencer.start();
  return {
    async stop() {
      await every.stop();
      await sequencer.stop();
      anchor.close();
      await plane.close();
    },
  };
}

function streamedHead({ tenant, origin, batch }: PublishedHead) {
  return { tenant, origin, size: batch.sizeAfter, root: Buffer.from(batch.root).toString('base64'), note: batch.note };
}

export function runSweeper(settings: WorkerSettings, clock: Clock, log: Log): RunningRole {
  const { databaseUrl = '', masterKeyFile = '', writerAuthorityKeyFile = '', snapshotPublicKeyFile = '' } = settings;
  const onProblem = (problem: string): void => log.error({ role: 'sweeper' }, problem);
  const plane = planePool('writ_worker', {
    url: databaseUrl,
    max: 4,
    onLost: (cause) => onProblem(cause.message),
  });
  const ledgerPlane = planePool('writ_worker', {
    url: databaseUrl,
    max: 2,
    onLost: (cause) => onProblem(cause.message),
  });
  const source = snapshotSource(plane, { verifier: snapshotVerifier([publicKeyIn(snapshotPublicKeyFile)]), onProblem });
  const own = enrolledLedger({
    plane: ledgerPlane,
    authority: statementSigner(privateKeyIn(writerAuthorityKeyFile)),
    kind: 'worker',
    settings: { build: { version }, environment: settings.environment, clock: { source: 'system', errorMs: 1_000 } },
    clock,
    // The sweeper asks for no more than `committed`, so it verifies no checkpoint.
    logKeys: () => [],
    onAlarm: (alarm) => log.error({ role: 'sweeper', alarm }, 'the ledger raised an alarm'),
    onProblem,
  });
  const logs = logContexts(source, localKms(masterKeyIn(masterKeyFile)));
  const every = repeat(
    clock,
    sweepMs,
    async () => {
      const closed = await sweep({ store: sweeperStore(plane), ledger: own.ledger, logs, clock, onProblem });
      if (closed > 0) log.warn({ role: 'sweeper', closed }, 'decisions of ended writers were closed');
    },
    onProblem,
  );
  return {
    async stop() {
      await every.stop();
      await own.close();
      await source.close();
      await ledgerPlane.close();
      await plane.close();
    },
  };
}

/** In a thread of its own; one that fails is reported and started again. */
export function runAuditor(settings: WorkerSettings, clock: Clock, log: Log): RunningRole {
  let isStopping = false;
  let thread = start();
  function start(): Worker {
    const made = new Worker(new URL('./auditor-thread.js', import.meta.url), { workerData: settings });
    made.on('error', (cause) => log.error({ role: 'auditor' }, cause instanceof Error ? cause.message : String(cause)));
    made.on('exit', () => {
      if (!isStopping) void clock.after(1_000).elapsed.then(() => (thread = isStopping ? thread : start()));
    });
    return made;
  }
  return {
    async stop() {
      isStopping = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      thread.once('exit', () => resolve());
      thread.postMessage('stop', []);
      const late = clock.after(5_000);
      await Promise.race([promise, late.elapsed.then(() => thread.terminate())]);
      late.cancel();
    },
  };
}
