import { describe, expect, it } from '@jest/globals';
import { limits, ok, refuse, type Ask } from '@writ/domain';
import type { Ports } from '@writ/enforcement';
import { aSnapshot, tenantA } from '../support/builders.js';
import { CallerTwin, type Seen } from '../support/caller-twin.js';
import { House, anAsk, goodCredential, withPort } from '../support/house.js';
import { payloadOf } from '../support/invariants.js';

const nothingHeld = { inside: 0, waiting: 0 };
const leavesOf = (house: House) => house.store.leaves.get(tenantA) ?? [];

function throws(): never {
  throw new Error('a step broke, or was asked that must not be');
}

function rejects(): Promise<never> {
  return Promise.reject(new Error('a step broke'));
}

async function ask(house: House, more: Partial<Ask> = {}, token = 'good', text = 'Hello'): Promise<Seen> {
  const caller = new CallerTwin(house);
  let seen: Seen | undefined;
  void caller.ask(anAsk(house, text, more), { ...goodCredential, token }).then((done) => (seen = done));
  await house.clock.run(() => seen !== undefined);
  if (!seen) throw new Error('the caller was not answered');
  return seen;
}

/** Lets what is under way go on until a condition holds. */
async function until(house: House, holds: () => boolean): Promise<void> {
  await house.clock.run(holds);
  expect(holds()).toBe(true);
}

describe('a place among the undecided requests of a tenant', () => {
  const evaluation = {
    action: 'evaluate',
    dialect: 'authzen.evaluation',
    evaluated: { route: '/v1/chat/completions', subject: 'nora' },
  } as const;
  const reviewing = {
    of: () => Promise.resolve({ ok: false, error: 'policy-denied' } as const),
    ask: () => Promise.resolve({ ok: true, value: undefined } as const),
    verdict: () => Promise.resolve(undefined),
  };
  const ways: Readonly<Record<string, (house: House) => Promise<Seen>>> = {
    'a permit': (house) => ask(house),
    'an evaluation': (house) => ask(house, evaluation),
    'a deny of the policy': (house) => ask(house, {}, 'good', 'Use AKIAQ3EGVWLZ7JTBN4XM now.'),
    'another subject': (house) => ask(house, { ...evaluation, evaluated: { ...evaluation.evaluated, subject: 'x' } }),
    'no credential': (house) => ask(house, {}, 'bad'),
    'a suspended tenant': (house) =>
      ask(withPort(house, 'snapshots', { current: () => Promise.resolve(ok(holdSuspended(house))) })),
    'no snapshot': (house) =>
      ask(
        withPort(house, 'snapshots', {
          current: () => Promise.resolve({ ok: false, error: { refusal: refuse('snapshot-missing') } }),
        }),
      ),
    'a broken snapshot': (house) => ask(withPort(house, 'snapshots', { current: rejects })),
    'a broken classifier': (house) => ask(withPort(house, 'classifier', { classify: throws })),
    'a refused reservation': (house) =>
      ask(
        withPort(house, 'limits', {
          ...house.ports.limits,
          reserve: () => Promise.resolve({ ok: false, error: refuse('rate-limited') }),
        }),
      ),
    'a known refusal': (house) =>
      ask(withPort(house, 'limits', { ...house.ports.limits, knownRefusal: () => refuse('rate-limited') })),
    'broken counters': (house) => ask(withPort(house, 'limits', { ...house.ports.limits, reserve: rejects })),
    'counters that break when asked for what is known': (house) =>
      ask(withPort(house, 'limits', { ...house.ports.limits, knownRefusal: throws })),
    'reviews that cannot be looked up': (house) =>
      ask(withPort(house, 'reviews', reviewing), { conversation: 'the first one' }),
    'a ledger that is out': (house) => {
      house.store.block();
      return ask(house);
    },
    'a broken ledger': (house) => ask(withPort(house, 'ledger', { commit: rejects })),
    'a caller that is gone before': async (house) => {
      const caller = new CallerTwin(house, 0);
      let seen: Seen | undefined;
      void caller.ask(anAsk(house, 'Hello')).then((done) => (seen = done));
      await house.clock.run(() => seen !== undefined);
      return caller.seen;
    },
  };

  it.each(Object.keys(ways))('is left, and never twice: %s', async (way) => {
    const house = new House();
    await ways[way]?.(house);
    expect(house.undecided.state()).toEqual(nothingHeld);
  });

  it('is left as soon as the permit is durable: who waits for the model holds none', async () => {
    const house = new House({ bounds: { alone: 1 } });
    const called = Promise.withResolvers<void>();
    const silent = { call: () => (called.resolve(), new Promise<never>(() => undefined)) };
    withPort(house, 'providers', silent);
    void new CallerTwin(house).ask(anAsk(house, 'Hello'));
    await until(house, () => leavesOf(house).length === 1 && house.undecided.state().inside === 0);
    expect((await ask(withPort(house, 'limits', refusing(house)))).refusal?.code).toBe('rate-limited');
  });

  it('is left while a review is awaited, which may take a minute', async () => {
    const source = `apiVersion: policy/v1
name: reviewed
classes: [PHI, PII]
rules:
  - { id: all, effect: permit, when: 'true', reason: All. }
  - { id: asks, effect: oblige, when: 'true', oblige: { require_review: [{ class: PHI, within_seconds: 30 }] } }
`;
    const snapshot = aSnapshot();
    const house = new House({
      snapshot: { ...snapshot, policy: { ...snapshot.policy, source } },
      bounds: { alone: 1 },
    });
    const verdict = Promise.withResolvers<Readonly<Record<string, number>>>();
    let isAwaited = false;
    house.reviews.verdict = () => ((isAwaited = true), verdict.promise);
    let seen: Seen | undefined;
    void new CallerTwin(house).ask(anAsk(house, 'Hello')).then((done) => (seen = done));
    await until(house, () => isAwaited);
    expect(house.undecided.state()).toEqual(nothingHeld);
    verdict.resolve({ PHI: 0 });
    await until(house, () => seen !== undefined);
    expect(seen?.complete).toBe(true);
    expect(house.undecided.state()).toEqual(nothingHeld);
  });

  it('is left before a head or a witness is waited for, which takes seconds', async () => {
    const house = new House({
      snapshot: aSnapshot({ evidence: { level: 'receipted', dispatchClasses: [], keep: 'y6' } }),
    });
    let held: unknown;
    withPort(house, 'ledger', {
      commit: () => {
        held = house.undecided.state();
        return Promise.resolve({ ok: false, error: 'ledger-unavailable' });
      },
    });
    await ask(house);
    expect(held).toEqual(nothingHeld);
  });
});

describe('a request that waited behind its own tenant', () => {
  it('has the whole time to be recorded: what it waited is not taken off', async () => {
    const house = new House({ bounds: { alone: 1, waiting: 1 } });
    const { classifier, ledger } = house.ports;
    let read = 0;
    withPort(house, 'classifier', {
      classify: async (...asked) => {
        if ((read += 1) === 1) await house.clock.after(3_000).elapsed;
        return await classifier.classify(...asked);
      },
    });
    const deadlines: number[] = [];
    withPort(house, 'ledger', {
      commit: async (log, record, how) => {
        if (record.kind === 'decision') deadlines.push(how.deadlineMs);
        return await ledger.commit(log, record, how);
      },
    });
    let answered = 0;
    for (const caller of [new CallerTwin(house), new CallerTwin(house)])
      void caller.ask(anAsk(house, 'Hello')).then(() => (answered += 1));
    await until(house, () => answered === 2);
    const [slow = 0, waited = 0] = deadlines;
    expect(slow).toBe(limits.decisionCommitMs / 4);
    expect(waited).toBeGreaterThan(limits.decisionCommitMs * 0.9);
  });
});

describe('a request that is refused unread', () => {
  const known = refuse('rate-limited', { detail: 'requests', retryAfterSeconds: 7 });

  it('because the counters said so a moment ago is neither classified, counted nor routed, and its record says that', async () => {
    const house = new House();
    withPort(house, 'classifier', { classify: throws });
    withPort(house, 'limits', { reserve: throws, settle: throws, knownRefusal: () => known });
    const seen = await ask(house, {}, 'good', 'Use AKIAQ3EGVWLZ7JTBN4XM now.');
    expect(seen.refusal).toEqual(known);
    expect(house.bugs).toEqual([]);
    expect(leavesOf(house).map(payloadOf)).toMatchObject([
      {
        effect: 'deny',
        code: 'rate-limited',
        refusal: 'rate-limited',
        classification: { complete: false, because: ['unread:rate-limited'], classes: {}, leaves: 0, characters: 0 },
      },
    ]);
    expect(house.providers.arrivals).toEqual([]);
  });

  it('is answered only once its record is durable', async () => {
    const house = withKnown(new House(), known);
    house.store.block();
    expect((await ask(house)).refusal?.code).toBe('ledger-unavailable');
  });

  it('because too many wait, or because its caller hung up while it waited, has a record as well', async () => {
    const house = new House({ bounds: { alone: 1, waiting: 2 } });
    const read = Promise.withResolvers<void>();
    const { classifier } = house.ports;
    withPort(house, 'classifier', {
      classify: async (...asked) => {
        await read.promise;
        return await classifier.classify(...asked);
      },
    });
    let answered = 0;
    const callers: CallerTwin[] = [];
    const come = async (caller: CallerTwin, then: () => boolean): Promise<void> => {
      callers.push(caller);
      void caller.ask(anAsk(house, 'Hello')).then(() => (answered += 1));
      await until(house, then);
    };
    const hasCome = (count: number) => () => house.undecided.state().waiting === count;
    await come(new CallerTwin(house), () => house.undecided.state().inside === 1);
    await come(new CallerTwin(house), hasCome(1));
    // It hung up before it waited, so it never counts.
    await come(new CallerTwin(house, 0), () => leavesOf(house).length === 1);
    await come(new CallerTwin(house), hasCome(2));
    await come(new CallerTwin(house), () => leavesOf(house).length === 2);
    read.resolve();
    await until(house, () => answered === 5);
    const records = leavesOf(house)
      .map(payloadOf)
      .filter(({ effect }) => effect === 'deny');
    expect(records).toMatchObject(
      Array.from({ length: 2 }, () => ({
        code: 'request-backpressure',
        classification: { complete: false, because: ['unread:request-backpressure'] },
      })),
    );
    const details = callers.map(({ seen }) => seen.refusal?.detail ?? 'answered');
    expect(details).toEqual(['answered', 'answered', 'hung-up', 'answered', 'queue']);
    expect(house.undecided.state()).toEqual(nothingHeld);
  });
});

function withKnown(house: House, known: ReturnType<typeof refuse>): House {
  return withPort(house, 'limits', { ...house.ports.limits, knownRefusal: () => known });
}

function refusing(house: House): Ports['limits'] {
  return {
    ...house.ports.limits,
    reserve: () => Promise.resolve({ ok: false, error: refuse('rate-limited') }),
  };
}

function holdSuspended(house: House) {
  return { ...house.held, snapshot: { ...house.held.snapshot, state: 'suspended' as const } };
}
