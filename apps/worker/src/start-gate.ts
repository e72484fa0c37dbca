import { type TenantId, parseTenantId } from '@writ/domain';
import { type LogHead, openCheckpoint } from '@writ/ledger';
import type { SequencerStore } from '@writ/postgres';
import type { Anchor } from './anchor.js';

interface Witnessed {
  readonly tenant: TenantId;
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * Before anything is signed, the database must still hold every head that was ever shown outside it. A log that is
 * smaller, or had another root at that size, was rewound or rewritten: it goes on integrity hold, and the others go on.
 * Throws when either side cannot be read: then nothing is signed at all.
 */
export async function passStartGate(
  parts: {
    readonly store: SequencerStore;
    readonly anchor: Anchor;
    readonly logKeys: readonly Uint8Array[];
    readonly onProblem: (problem: string) => void;
  },
  published: ReadonlyMap<TenantId, LogHead>,
): Promise<void> {
  const { store, onProblem } = parts;
  const witnessed = [
    ...(await anchored(parts)),
    ...[...published].map(([tenant, { size, root }]) => ({ tenant, size, root })),
  ];
  const held = new Set((await store.integrityHolds()).map(({ tenant }) => tenant));
  for (const { tenant, size, root } of witnessed) {
    if (size === 0 || held.has(tenant)) continue;
    // oxlint-disable-next-line no-await-in-loop -- one question after the other; there is no hurry at the gate
    const found = await store.rootAt(tenant, size);
    if (found !== undefined && Buffer.compare(found, root) === 0) continue;
    const reason = `the database does not hold the tree of ${size} records that was signed before: rewound or rewritten`;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await store.holdIntegrity(tenant, reason);
    held.add(tenant);
    onProblem(`the log of ${tenant} is on integrity hold: ${reason}`);
  }
}

/** Only what this deployment's keys signed counts as evidence: a stray file must not be able to stop a tenant. */
async function anchored({
  anchor,
  logKeys,
  onProblem,
}: Parameters<typeof passStartGate>[0]): Promise<readonly Witnessed[]> {
  const heads = await anchor.newestHeads();
  return Array.from(heads.values()).flatMap((head) => {
    const checkpoint = openCheckpoint(head.note, logKeys);
    const tenant = parseTenantId(head.tenant);
    if (checkpoint !== undefined && tenant.ok && checkpoint.origin === head.origin)
      return [{ tenant: tenant.value, size: checkpoint.size, root: checkpoint.root }];
    onProblem(`an anchored head of ${head.origin} is not signed by a log key`);
    return [];
  });
}
