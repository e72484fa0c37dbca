import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { limits } from '@writ/domain';
import { logSigner, parseWitnessPolicy } from '@writ/ledger';
import { type Clock, type Log, guardedDispatcher } from '@writ/platform';
import { planePool, sequencerStore } from '@writ/postgres';
import { s3Bucket } from '@writ/s3';
import type { Dispatcher } from 'undici';
import { type Anchor, anchorAll } from './anchor.js';
import { anchorBucket } from './anchor-bucket.js';
import { anchorFolder } from './anchor-folder.js';
import { takeEpoch } from './epochs.js';
import { privateKeyIn } from './keys.js';
import { OutsideProofSeeker, type OutsideProofParts, timestampAuthority, witnessesOver } from './outside-proof.js';
import { type RunningRole, repeat } from './repeat.js';
import { type PublishedHead, Sequencer } from './sequencer.js';
import type { WorkerSettings } from './settings.js';
import { passStartGate } from './start-gate.js';

const epochSeconds = 5;
/** Where witnesses cosign, requests may wait for the next epoch. */
const witnessedEpochSeconds = 1;
const seekMs = 1_000;
/** A quarter of an hour of ticks: its lifetime ends a connection sooner. */
const ticksOfConnection = 50_000;
const dayMs = 24 * 60 * 60 * 1000;

/** Sequences and signs, takes epochs, anchors them, and carries them to witnesses and a timestamp authority. */
export function runSequencer(settings: WorkerSettings, clock: Clock, log: Log): RunningRole {
  const { sequencerDatabaseUrl = '', logKeyFile = '', shard, logName } = settings;
  const key = logSigner(privateKeyIn(logKeyFile));
  const onProblem = (problem: string): void => log.error({ role: 'sequencer' }, problem);
  const onLost = (cause: Error): void => onProblem(cause.message);
  const plane = planePool('writ_sequencer', { url: sequencerDatabaseUrl, max: 3, onLost });
  const ticks = planePool('writ_sequencer', { url: sequencerDatabaseUrl, max: 1, maxUses: ticksOfConnection, onLost });
  const store = sequencerStore(plane, shard, ticks);
  const logKeys = [key.publicKey];
  const anchor = anchorOf(settings, logKeys, clock, onProblem);
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
  const dispatcher = guardedDispatcher({
    allowHosts: settings.egressAllowHosts,
    connectMs: limits.witnessAnswerMs,
    headersMs: limits.witnessAnswerMs,
  });
  const outside = outsideOf(settings, dispatcher);
  const seeker = new OutsideProofSeeker({ ...outside, store, clock, onProblem });
  const turns = [
    repeat(
      clock,
      epochMsOf(settings, outside.witnesses !== undefined),
      async () => void (await takeEpoch(epochs, known)),
      onProblem,
    ),
    repeat(clock, seekMs, () => seeker.seek(), onProblem),
  ];
  sequencer.start();
  return {
    async stop() {
      await Promise.all(turns.map((turn) => turn.stop()));
      await sequencer.stop();
      await anchor.close();
      await Promise.all([plane.close(), ticks.close(), dispatcher.close()]);
    },
  };
}

/** How long one epoch lasts, ms: as the operator says, else short enough for whoever waits for witnesses. */
export function epochMsOf(
  { epochSeconds: chosen }: Pick<WorkerSettings, 'epochSeconds'>,
  isWitnessed: boolean,
): number {
  return (chosen ?? (isWitnessed ? witnessedEpochSeconds : epochSeconds)) * 1_000;
}

function streamedHead({ tenant, origin, batch }: PublishedHead) {
  return { tenant, origin, size: batch.sizeAfter, root: Buffer.from(batch.root).toString('base64'), note: batch.note };
}

function anchorOf(
  settings: WorkerSettings,
  logKeys: readonly Uint8Array[],
  clock: Clock,
  onProblem: (problem: string) => void,
): Anchor {
  const { anchorFolder: folder, anchorBucket: bucket, anchorPrefix: prefix, anchorLockDays } = settings;
  const anchors: Anchor[] = folder === undefined ? [] : [anchorFolder(folder)];
  if (bucket !== undefined) {
    const opened = s3Bucket({
      bucket,
      endpoint: settings.anchorEndpoint ?? '',
      region: settings.anchorRegion,
      accessKeyId: settings.anchorAccessKeyId ?? '',
      secretAccessKey: readFileSync(settings.anchorSecretFile ?? '', 'utf8').trim(),
      allowHosts: settings.egressAllowHosts,
    });
    if (!opened.ok) throw new Error(opened.error);
    const lockMs = anchorLockDays * dayMs;
    anchors.push(anchorBucket({ store: opened.value, prefix, lockMs, logKeys, clock, onProblem }));
  }
  return anchorAll(anchors);
}

function outsideOf(
  { witnessPolicyFile, timestampUrl, timestampCertificateFile, timestampSeconds }: WorkerSettings,
  dispatcher: Dispatcher,
): Pick<OutsideProofParts, 'witnesses' | 'timestamps'> {
  const policy =
    witnessPolicyFile === undefined ? undefined : parseWitnessPolicy(readFileSync(witnessPolicyFile, 'latin1'));
  if (witnessPolicyFile !== undefined && policy === undefined)
    throw new Error(`${witnessPolicyFile} is no C2SP tlog-policy with Ed25519 witnesses`);
  const hasAuthority = timestampUrl !== undefined && timestampCertificateFile !== undefined;
  return {
    ...(policy === undefined ? {} : { witnesses: { policy, post: witnessesOver(dispatcher) } }),
    ...(hasAuthority
      ? {
          timestamps: {
            port: timestampAuthority(dispatcher, timestampUrl),
            certificate: new X509Certificate(readFileSync(timestampCertificateFile)),
            everyMs: timestampSeconds * 1_000,
          },
        }
      : {}),
  };
}
