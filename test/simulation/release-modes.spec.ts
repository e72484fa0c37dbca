import { describe, expect, it } from '@jest/globals';
import type { EvidenceLevel } from '@writ/domain';
import { aSnapshot, tenantA } from '../support/builders.js';
import { CallerTwin, type Seen } from '../support/caller-twin.js';
import { anAsk, House } from '../support/house.js';
import { payloadOf, uncoveredWrites } from '../support/invariants.js';

interface Told {
  readonly seen: Seen;
  readonly kinds: readonly string[];
  /** The evidence that each record was asked to have. */
  readonly levels: readonly (readonly [string, EvidenceLevel])[];
  readonly modeInRecord: unknown;
}

/** One stream of a few large pieces, under a policy that obliges the mode and asks for receipts. */
async function stream(mode: 'window' | 'full' | 'terminal'): Promise<Told> {
  const snapshot = aSnapshot();
  const source = snapshot.policy.source.replace(
    'oblige: { response: { marker: eu-ai-act-50, block: [SECRET] } }',
    `oblige: { response: { mode: ${mode} }, evidence: receipted }`,
  );
  const pieces = Array.from({ length: 4 }, (_, at) => `${at} ${'word '.repeat(1_000)}`);
  const house = new House({
    snapshot: { ...snapshot, policy: { ...snapshot.policy, source } },
    script: () => ({ pieces }),
  });
  const levels: [string, EvidenceLevel][] = [];
  const { ledger } = house.ports;
  Object.assign(house.ports, {
    ledger: {
      commit: (...[log, record, how]: Parameters<typeof ledger.commit>) => {
        levels.push([record.kind, how.level]);
        return ledger.commit(log, record, { ...how, level: 'committed' });
      },
    },
  });
  const caller = new CallerTwin(house);
  let seen: Seen | undefined;
  void caller.ask(anAsk(house, 'Hello', { stream: true })).then((done) => (seen = done));
  await house.clock.run(() => seen !== undefined);
  const leaves = house.store.leaves.get(tenantA) ?? [];
  const decision = leaves.map(payloadOf).find((payload) => payload['effect'] === 'permit');
  const obligations = decision?.['obligations'] as { response?: { mode?: unknown } } | undefined;
  return { seen: seen!, kinds: leaves.map(({ kind }) => kind), levels, modeInRecord: obligations?.response?.mode };
}

describe('a release mode that policy obliges', () => {
  it.each(['window', 'full', 'terminal'] as const)(
    '%s: the decision record names it, and property P holds',
    async (mode) => {
      const { seen, modeInRecord } = await stream(mode);
      expect(modeInRecord).toBe(mode);
      expect(seen.complete).toBe(true);
      expect(uncoveredWrites(seen)).toEqual([]);
    },
  );

  it('full: nothing leaves before the whole answer is here, inspected, and its outcome committed', async () => {
    const { seen, kinds } = await stream('full');
    expect(seen.writes).toHaveLength(1);
    expect(kinds).toEqual(['decision', 'outcome']);
  });

  it('window: every window waits for the evidence that was asked for', async () => {
    const { levels, seen } = await stream('window');
    expect(seen.writes.length).toBeGreaterThan(2);
    expect(new Set(levels.map(([, level]) => level))).toEqual(new Set(['receipted']));
  });

  it('terminal: a window leaves when its record is durable, the end waits for the evidence that was asked for', async () => {
    const { levels } = await stream('terminal');
    const of = (kind: string): Set<string> =>
      new Set(levels.filter(([name]) => name === kind).map(([, level]) => level));
    expect([of('decision'), of('segment'), of('outcome')]).toEqual([
      new Set(['receipted']),
      new Set(['committed']),
      new Set(['receipted']),
    ]);
  });
});
