import { describe, expect, it } from '@jest/globals';
import { classify, loadTaxonomy, type AnswerScan } from '@writ/classification';
import { limits, type Result } from '@writ/domain';
import type { Held } from '@writ/enforcement';
import { aSnapshot, tenantA } from '../support/builders.js';
import { CallerTwin, type Seen } from '../support/caller-twin.js';
import { House, anAsk } from '../support/house.js';
import { payloadOf, uncoveredWrites } from '../support/invariants.js';

type ReadAnswer = (text: string, held: Held, budgetMs: number) => Promise<Result<AnswerScan, string>>;

const words = 'Some ordinary words of a long answer. ';
const long = words.repeat(Math.ceil((limits.classificationInlineCharacters + 1_000) / words.length));
const secret = 'Use AKIAQ3EGVWLZ7JTBN4XM to list the buckets.';

/** A house that answers in these pieces, and whose threads read by `readAnswer`. */
function answering(pieces: readonly string[], readAnswer: ReadAnswer): House {
  const house = new House({ snapshot: aSnapshot(), script: () => ({ pieces }) });
  Object.assign(house.ports, { classifier: { ...house.ports.classifier, readAnswer } });
  return house;
}

async function ask(house: House, stream: boolean): Promise<Seen> {
  let seen: Seen | undefined;
  void new CallerTwin(house).ask(anAsk(house, 'Hello', { stream })).then((one) => (seen = one));
  await house.clock.run(() => seen !== undefined);
  if (!seen) throw new Error('the request did not end');
  return seen;
}

const nothing: AnswerScan = { candidates: [], clinicalWords: 0, incomplete: [], spentMs: 1 };

function outcomeOf(house: House): Record<string, unknown> | undefined {
  return (house.store.leaves.get(tenantA) ?? []).filter(({ kind }) => kind === 'outcome').map(payloadOf)[0];
}

describe.each([
  ['buffered', false],
  ['streamed', true],
] as const)('a long answer, %s', (_, stream) => {
  it('is read on a thread, once and whole, and what leaves lies in committed windows', async () => {
    const read: string[] = [];
    const house = answering([long], async (text) => {
      read.push(text);
      return { ok: true, value: nothing };
    });
    const seen = await ask(house, stream);
    expect(seen.complete).toBe(true);
    expect(read).toHaveLength(1);
    expect(long.startsWith(read[0] ?? 'none')).toBe(true);
    expect(uncoveredWrites(seen)).toEqual([]);
    expect(Buffer.concat(seen.writes.map((bytes) => Buffer.from(bytes))).toString()).toContain(words.trim());
  });

  it('waits for its thread: nothing of it leaves, and nothing is recorded of it, before it is read', async () => {
    const thread = Promise.withResolvers<Result<AnswerScan, string>>();
    const house = answering([long], () => thread.promise);
    let seen: Seen | undefined;
    void new CallerTwin(house).ask(anAsk(house, 'Hello', { stream })).then((one) => (seen = one));
    await house.clock.run(() => seen !== undefined, 200);
    expect([seen, outcomeOf(house)]).toEqual([undefined, undefined]);
    thread.resolve({ ok: true, value: nothing });
    await house.clock.run(() => seen !== undefined);
    expect(seen?.complete).toBe(true);
  });

  it('that its thread did not read to the end is withheld where a class was to be blocked', async () => {
    const house = answering([long + secret], async () => ({ ok: false, error: 'budget:time' }));
    const seen = await ask(house, stream);
    expect(seen.complete).toBe(false);
    expect(Buffer.concat(seen.writes.map((bytes) => Buffer.from(bytes))).toString()).not.toContain('AKIA');
    expect(outcomeOf(house)?.['result']).toBe('answer-withheld');
  });

  it('that holds what is blocked is withheld, as a short one is', async () => {
    const house = answering([long + secret], async (text) => {
      const source = { version: 'x', terms: [], patterns: [], thresholds: {} };
      const taxonomy = loadTaxonomy(source);
      if (!taxonomy.ok) throw new Error('the built-in taxonomy must load');
      const leaf = { path: '/a', role: 'assistant', text, start: 0, end: 0 } as const;
      const { findings } = classify([leaf], taxonomy.value, {
        digestKey: Buffer.alloc(32, 3),
        attachments: [],
        expired: () => false,
      });
      const candidates = findings.map((each) => ({ ...each, strength: 3 as const, steps: [], normal: '' }));
      return { ok: true, value: { ...nothing, candidates } };
    });
    expect((await ask(house, stream)).complete).toBe(false);
    expect(outcomeOf(house)?.['result']).toBe('answer-withheld');
  });

  it('of short words asks no thread', async () => {
    let asked = 0;
    const house = answering(['Hello', ' there'], async () => {
      asked += 1;
      return { ok: true, value: nothing };
    });
    expect((await ask(house, stream)).complete).toBe(true);
    expect(asked).toBe(0);
  });
});
