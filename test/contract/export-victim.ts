import { createPrivateKey } from 'node:crypto';
import { tenantOfJob, parseTenantId } from '@writ/domain';
import { statementSigner } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { enrolledLedger, planePool, workIndex } from '@writ/postgres';
import { Runtime, exportJob, jobClasses } from '@writ/worker';
import { type S3Bucket, type S3Settings, s3Bucket } from '@writ/s3';
import { seal } from './job-room.js';
import { aLog } from './records.js';

/** What the parent hands over: where everything is, which export, and at which point this process ends itself. */
export interface Victim {
  readonly worker: string;
  readonly exporter: string;
  readonly folder: string;
  readonly tenant: string;
  readonly origin: string;
  readonly id: string;
  readonly attempt: number;
  readonly exportKey: string;
  readonly authorityKey: string;
  /** Base64. */
  readonly keyset: string;
  readonly killAt: string;
  /** Absent: the file alone. */
  readonly bucket?: S3Settings;
}

const onLost = (): undefined => undefined;

/** One run of one export in a process of its own, which SIGKILL ends at the named point. */
process.on('message', (given: Victim) => void run(given));
process.send?.('listening');

function bucketOf(settings: S3Settings | undefined): S3Bucket | undefined {
  const opened = settings === undefined ? undefined : s3Bucket(settings);
  if (opened?.ok === false) throw new Error(opened.error);
  return opened?.value;
}

async function run(given: Victim): Promise<void> {
  const parsed = parseTenantId(given.tenant);
  if (!parsed.ok) throw new Error(parsed.error);
  const tenant = tenantOfJob(parsed.value);
  const plane = planePool('writ_worker', { url: given.worker, max: 3, onLost });
  const reading = planePool('writ_exporter', { url: given.exporter, max: 2, onLost });
  const own = enrolledLedger({
    plane: planePool('writ_worker', { url: given.worker, max: 2, onLost }),
    authority: statementSigner(createPrivateKey(given.authorityKey)),
    kind: 'worker',
    settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [],
    onAlarm: () => undefined,
    onProblem: () => undefined,
  });
  let parts = 0;
  const reached = (point: string): void => {
    parts += point === 'export-part' ? 1 : 0;
    const isHere = point === given.killAt || (given.killAt === 'third-part' && parts === 3);
    if (isHere) process.kill(process.pid, 'SIGKILL');
  };
  const handler = exportJob({
    plane,
    reading,
    ledger: own.ledger,
    logs: () => Promise.resolve({ ...aLog(tenant), origin: given.origin }),
    signer: statementSigner(createPrivateKey(given.exportKey)),
    keyset: Buffer.from(given.keyset, 'base64'),
    policy: undefined,
    folder: given.folder,
    bucket: bucketOf(given.bucket),
    clock: systemClock,
    reached,
  });
  const runtime = new Runtime({ ...jobClasses.export, attempts: 50 }, handler, {
    index: workIndex(plane),
    seal,
    clock: systemClock,
    random: () => 0,
    stopping: new AbortController().signal,
    onProblem: (problem) => process.stderr.write(`${problem}\n`),
    onResult: () => undefined,
    reached,
  });
  const entry = seal.seal('export', { tenant: given.tenant, job: given.id, attempt: given.attempt });
  process.send?.(await runtime.take(entry));
}
