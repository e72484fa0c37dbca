import { parentPort, workerData } from 'node:worker_threads';
import { type TenantId, limits } from '@writ/domain';
import { type EventRecord, type Finding, rawPublicKey } from '@writ/ledger';
import { createLog, systemClock } from '@writ/platform';
import { originOf, placeIntegrityHold, planePool, tenantsWithLogs } from '@writ/postgres';
import { Auditor } from './auditor.js';
import { publicKeyIn } from './keys.js';
import { newRecordId } from './record-id.js';
import { repeat } from './repeat.js';
import type { WorkerSettings } from './settings.js';
import { writingGround } from './writing-ground.js';

/** Verifying is heavy and synchronous, so it has a thread of its own and delays no checkpoint. */
const examineMs = 5_000;
const rehashMs = 30_000;
const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

const settings = workerData as WorkerSettings;
const log = createLog('worker', settings.logLevel);
const onProblem = (problem: string): void => log.error({ role: 'auditor' }, problem);
const reading = planePool('writ_exporter', {
  url: settings.exporterDatabaseUrl ?? '',
  max: 2,
  onLost: (cause) => onProblem(cause.message),
});
const ground = writingGround('auditor', settings, systemClock, log);
const auditor = new Auditor({
  plane: reading,
  tenants: () => tenantsWithLogs(ground.plane),
  logKey: rawPublicKey(publicKeyIn(settings.logPublicKeyFile ?? '')),
  authority: rawPublicKey(publicKeyIn(settings.writerAuthorityKeyFile ?? '')),
  clock: systemClock,
  holdIntegrity: (tenant, reason) => placeIntegrityHold(ground.plane, tenant, reason),
  onUnguarded: (tenant, guards) =>
    log.error({ role: 'auditor', tenant, guards }, 'guards of append-only tables are off'),
  onFinding: (tenant, finding, isHeld) => {
    log.error({ role: 'auditor', tenant, finding, isHeld }, 'the ledger is not as it was signed');
    // A log on hold takes no record any more; its hold says why.
    if (!isHeld) void noteInvalid(tenant, finding).catch((cause: unknown) => onProblem(String(cause)));
  },
});

/** The bad record stays in the tree, for nothing is ever dropped; what the auditor thinks of it stands in the log after it. */
async function noteInvalid(tenant: TenantId, finding: Finding): Promise<void> {
  const origin = await originOf(ground.plane, tenant);
  if (origin === undefined) return;
  const { code, index, what } = finding;
  const event: EventRecord = {
    kind: 'event',
    id: newRecordId(systemClock.nowMs()),
    name: 'intake.invalid',
    actor: 'auditor',
    fields: { code, what, ...(index === undefined ? {} : { index }) },
  };
  const context = await ground.logs({ tenant, origin });
  const receipt = await ground.ledger.commit(context, event, {
    level: 'committed',
    deadlineMs: limits.outcomeCommitMs,
  });
  if (!receipt.ok) onProblem(`intake.invalid for ${origin}: ${receipt.error}`);
}

let wholeAt = 0;
const turns = [
  repeat(
    systemClock,
    examineMs,
    async () => {
      while (await auditor.examineNew());
    },
    onProblem,
  ),
  repeat(
    systemClock,
    rehashMs,
    async () => {
      const isDaily = systemClock.monotonicMs() - wholeAt > dayMs;
      await auditor.rehashSince(isDaily ? 0 : systemClock.nowMs() - hourMs);
      if (isDaily) wholeAt = systemClock.monotonicMs();
    },
    onProblem,
  ),
];

parentPort?.once('message', () => {
  void Promise.all(turns.map((turn) => turn.stop()))
    .then(() => Promise.all([reading.close(), ground.close()]))
    .then(() => process.exit(0));
});
