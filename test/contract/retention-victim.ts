import { createPrivateKey } from 'node:crypto';
import { parseTenantId, tenantOfJob } from '@writ/domain';
import { statementSigner } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { enrolledLedger, planePool, postgresLedgerStore, retentionStore } from '@writ/postgres';
import { retain } from '@writ/worker';
import { aLog } from './records.js';

export interface RetentionVictim {
  readonly urls: { readonly worker: string; readonly exporter: string; readonly retention: string };
  readonly tenant: string;
  readonly origin: string;
  readonly authorityKey: string;
  /** How many windows are pruned before this process ends itself; 0: after the order, before the first. */
  readonly windows: number;
}

const onLost = (): undefined => undefined;

/** One turn of retention in a process of its own, which SIGKILL ends in the middle. */
process.on('message', (given: RetentionVictim) => void run(given));
process.send?.('listening');

async function run({ urls, tenant: id, origin, authorityKey, windows }: RetentionVictim): Promise<void> {
  const parsed = parseTenantId(id);
  if (!parsed.ok) throw new Error(parsed.error);
  const plane = planePool('writ_worker', { url: urls.worker, max: 3, onLost });
  const own = enrolledLedger({
    plane,
    authority: statementSigner(createPrivateKey(authorityKey)),
    kind: 'worker',
    settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [],
    onAlarm: () => undefined,
    onProblem: () => undefined,
  });
  await own.enrolled;
  const pruning = retentionStore(planePool('writ_retention', { url: urls.retention, max: 1, onLost }));
  let pruned = 0;
  const count = await retain(parsed.value, {
    reading: planePool('writ_exporter', { url: urls.exporter, max: 2, onLost }),
    retention: {
      ...pruning,
      prune(tenant, order, after) {
        if (pruned === windows) process.kill(process.pid, 'SIGKILL');
        pruned += 1;
        // Small windows, so that there are several.
        return pruning.prune(tenant, order, after, 10);
      },
    },
    ledger: own.ledger,
    store: postgresLedgerStore(plane),
    logs: () => Promise.resolve({ ...aLog(tenantOfJob(parsed.value)), origin }),
    clock: systemClock,
    onProblem: (problem) => process.stderr.write(`${problem}\n`),
  });
  process.send?.(count);
}
