import { describe, expect, it } from '@jest/globals';
import { jwsHeader, signJws } from './jws.js';
import { leaseUses, noticesOf, usageLines } from './usage.js';

function aLeaf(payload: object): Uint8Array {
  return signJws(jwsHeader('0'.repeat(16), 'writ-record+jws'), JSON.stringify(payload), () => new Uint8Array(64));
}

const subject = { kind: 'human', connection: 'main', groups: ['nurses', 'radiology'], app: 'reporting' };
const decision = aLeaf({ id: 'd1', effect: 'permit', model: 'fast', subject });

function anOutcome(more: object = {}): Uint8Array {
  return aLeaf({
    result: 'completed',
    attempts: [{ endpoint: 'a', model: 'gpt-test' }],
    usage: {
      inputTokens: 100,
      outputTokens: 10,
      cacheReadTokens: 40,
      cacheWriteTokens: 10,
      reasoningTokens: 4,
      estimated: false,
    },
    cost: '87',
    prices: 'book:1@1000001/2000000/100000/1250000/3000000',
    ...more,
  });
}

describe('the usage of a closed request', () => {
  it('is one request and each kind of token, whose costs sum up to what the record says, to the last micro-unit', () => {
    const lines = usageLines({ decision, outcome: anOutcome(), earlier: [] });
    expect(lines.map(({ charge, quantity }) => [charge, quantity])).toEqual([
      ['request', 1],
      ['input', 50],
      ['cache-read', 40],
      ['cache-write', 10],
      ['output', 6],
      ['reasoning', 4],
      ['unsplit', 0],
    ]);
    for (const line of lines)
      expect(line).toMatchObject({ group: 'nurses,radiology', app: 'reporting', model: 'gpt-test', endpoint: 'a' });
    // The rates make 90.50005, not 87: the record is right, and its rates are not believed.
    expect(lines.reduce((sum, { costPicos }) => sum + costPicos, 0n)).toBe(87_000_000n);
  });

  it('gives what rounding added to the largest part', () => {
    const lines = usageLines({ decision, outcome: anOutcome({ cost: '91' }), earlier: [] });
    expect(lines.reduce((sum, { costPicos }) => sum + costPicos, 0n)).toBe(91_000_000n);
    expect(lines.find(({ charge }) => charge === 'input')?.costPicos).toBe(50_000_050n + 499_950n);
  });

  it.each([
    ['names no rates', { prices: 'old' }],
    ['names rates that do not make its cost', { cost: '12' }],
  ])('keeps the cost whole where its record %s', (_what, more) => {
    const lines = usageLines({ decision, outcome: anOutcome({ cost: '91', ...more }), earlier: [] });
    const unsplit = lines.filter(({ charge }) => charge === 'unsplit');
    expect(unsplit.map(({ costPicos }) => costPicos)).toEqual([BigInt('cost' in more ? more.cost : '91') * 1_000_000n]);
    expect(lines.filter(({ charge }) => charge !== 'unsplit').every(({ costPicos }) => costPicos === 0n)).toBe(true);
  });

  it('is counted once, though a late outcome follows that of the sweeper', () => {
    const swept = anOutcome({ result: 'indeterminate', usage: undefined, cost: undefined });
    const first = usageLines({ decision, outcome: swept, earlier: [] });
    const late = usageLines({ decision, outcome: anOutcome({ cost: '91' }), earlier: [swept] });
    const again = usageLines({ decision, outcome: anOutcome({ cost: '91' }), earlier: [swept, anOutcome()] });
    expect(first.map(({ charge, ended }) => [charge, ended])).toEqual([['request', 'failed']]);
    expect(late.map(({ charge }) => charge)).not.toContain('request');
    expect(late.reduce((sum, { costPicos }) => sum + costPicos, 0n)).toBe(91_000_000n);
    expect(again).toEqual([]);
  });

  it('of a deny is one denied request, and of an open permit nothing yet', () => {
    const denied = aLeaf({ effect: 'deny', model: 'fast', subject });
    expect(usageLines({ decision: denied, outcome: undefined, earlier: [] })).toMatchObject([
      { charge: 'request', ended: 'denied', model: 'fast', endpoint: '', costPicos: 0n },
    ]);
    expect(usageLines({ decision, outcome: undefined, earlier: [] })).toEqual([]);
    expect(usageLines({ decision: Buffer.from('no leaf'), outcome: anOutcome(), earlier: [] })).toEqual([]);
  });

  it('says which tokens nobody counted, and belongs to the department where there is one', () => {
    const estimated = { inputTokens: 7, outputTokens: 0, estimated: true };
    const asked = aLeaf({ effect: 'permit', subject: { ...subject, department: 'surgery' } });
    const lines = usageLines({ decision: asked, outcome: anOutcome({ usage: estimated, cost: '8' }), earlier: [] });
    expect(lines).toMatchObject([
      { charge: 'request', group: 'surgery' },
      { charge: 'input', quantity: 7, estimated: 7 },
    ]);
  });
});

/** What is held of each lease once all of these were read, one after the other. */
function held(permit: Uint8Array, ...outcomes: readonly Uint8Array[]): Readonly<Record<string, bigint>> {
  const sums: Record<string, bigint> = {};
  const requests = [
    { decision: permit, outcome: undefined, earlier: [] },
    ...outcomes.map((outcome, index) => ({ decision: permit, outcome, earlier: outcomes.slice(0, index) })),
  ];
  for (const request of requests)
    for (const { lease, micros } of leaseUses(request)) sums[lease] = (sums[lease] ?? 0n) + micros;
  return sums;
}

describe('what records say of the leases of budgets', () => {
  const asked = aLeaf({ effect: 'permit', model: 'fast', subject, reserved: '218', leases: ['l1', 'l2'] });
  const swept = anOutcome({ result: 'indeterminate', usage: undefined, cost: undefined });
  const unsent = anOutcome({ result: 'not-dispatched', usage: undefined, cost: undefined });
  const answered = anOutcome({ cost: '91' });

  it('an open permit holds the whole reservation, of every lease that it names', () => {
    expect(held(asked)).toEqual({ l1: 218n, l2: 218n });
  });

  it('the outcome puts the cost in its place, nothing where nothing was sent, and all of it where nobody knows', () => {
    expect(held(asked, answered)).toEqual({ l1: 91n, l2: 91n });
    expect(held(asked, unsent)).toEqual({ l1: 0n, l2: 0n });
    expect(held(asked, swept)).toEqual({ l1: 218n, l2: 218n });
  });

  it('a late outcome says what the sweeper could not, once', () => {
    expect(held(asked, swept, answered)).toEqual({ l1: 91n, l2: 91n });
    expect(held(asked, swept, answered, anOutcome({ cost: '9000' }))).toEqual({ l1: 91n, l2: 91n });
    expect(held(asked, swept, unsent)).toEqual({ l1: 0n, l2: 0n });
  });

  it('an answer that cost more than was reserved is held whole', () => {
    expect(held(asked, anOutcome({ cost: '9000' }))).toEqual({ l1: 9_000n, l2: 9_000n });
  });

  it('a deny, and a decision without leases, hold nothing', () => {
    expect(held(aLeaf({ effect: 'deny', subject, reserved: '218', leases: ['l1'] }))).toEqual({});
    expect(held(decision, answered)).toEqual({});
  });
});

describe('what policy wants told', () => {
  it('is read from the decision that obliges it', () => {
    const told = aLeaf({ rid: 'd1', rules: ['r1'], obligations: { notify: ['privacy@hospital.example'] } });
    expect(noticesOf(told)).toEqual([{ target: 'privacy@hospital.example', decision: 'd1', rules: ['r1'] }]);
    expect(noticesOf(decision)).toEqual([]);
  });
});
