import { describe, expect, it } from '@jest/globals';
import { limits, refuse, tenantOfJob, type TenantId } from '@writ/domain';
import { FairTurns, type Ports } from '@writ/enforcement';
import { aSnapshot, aSubject, tenantA, tenantB } from '../support/builders.js';
import { CallerTwin, type Seen } from '../support/caller-twin.js';
import { House, anAsk, goodCredential, holdSnapshot } from '../support/house.js';

/** The stages of a request, each at the moment when its turn came. */
type Stage = 'enter' | 'classify' | 'reserve' | 'decision' | 'call' | 'outcome';
interface Passed {
  readonly stage: Stage;
  readonly tenant: TenantId;
}

const noisy = tenantA;
const quiet = tenantB;
/** What one input costs, and what everything else of one turn of the event loop costs, ms of the virtual clock. */
const classifyMs = 1;
const turnMs = 1;

/**
 * One process that serves two tenants: the noisy one has room for so many requests, then the counters say no, and are known to. Every
 * stage is written down when a request has passed it.
 */
function street(room: number): { readonly house: House; readonly passed: Passed[] } {
  const house = new House();
  const passed: Passed[] = [];
  const held = new Map(
    [noisy, quiet].map((tenant) => [tenant, holdSnapshot(aSnapshot({ tenant }), house.clock.nowMs())]),
  );
  const { classifier, limits: spending, ledger, providers, undecided } = house.ports;
  const turns = new FairTurns(
    () => limits.classificationSharedTurnMs,
    () => house.clock.monotonicMs(),
    (then) => void setImmediate(then),
  );
  const pass = (stage: Stage, tenant: TenantId): void => void passed.push({ stage, tenant });
  let left = room;
  let isKnown = false;
  const full = refuse('rate-limited', { retryAfterSeconds: 60 });
  const ports: Partial<Ports> = {
    identity: {
      identify: ({ token }) =>
        Promise.resolve({
          ok: true,
          value: { subject: aSubject(), tenant: tenantOfJob(token === 'quiet' ? quiet : noisy) },
        }),
    },
    undecided: {
      async enter(tenant, hangUp) {
        const entered = await undecided.enter(tenant, hangUp);
        pass('enter', tenant);
        return entered;
      },
    },
    snapshots: { current: ({ tenant }) => Promise.resolve({ ok: true, value: held.get(tenant) ?? house.held }) },
    classifier: {
      classify(one, of) {
        return turns.take(of.snapshot.tenant, () => {
          pass('classify', of.snapshot.tenant);
          house.clock.advance(classifyMs);
          return classifier.classify(one, of);
        });
      },
    },
    limits: {
      ...spending,
      knownRefusal: ({ tenant }) => (tenant === noisy && isKnown ? full : undefined),
      async reserve(tenant, ...more) {
        const reserved = await spending.reserve(tenant, ...more);
        pass('reserve', tenant.tenant);
        if (tenant.tenant !== noisy || (left -= 1) >= 0) return reserved;
        isKnown = true;
        return { ok: false, error: full };
      },
    },
    ledger: {
      async commit(log, record, how) {
        const { tenant } = log.tenant;
        const stage = record.kind === 'decision' || record.kind === 'outcome' ? record.kind : undefined;
        const committed = await ledger.commit(log, record, how);
        if (stage) pass(stage, tenant);
        return committed;
      },
    },
    providers: {
      async call(permit, endpoint, prompt, how) {
        const called = await providers.call(permit, endpoint, prompt, how);
        pass('call', how.log.tenant.tenant);
        return called;
      },
    },
  };
  Object.assign(house.ports, ports);
  return { house, passed };
}

/** The event loop comes round until a condition holds; nothing else passes its time. */
async function comesRound(house: House, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise((resolve) => setImmediate(resolve));
    house.clock.advance(turnMs);
  }
}

/** Asks as the quiet tenant, and waits for the answer. */
async function asksQuietly(house: House): Promise<Seen> {
  let done: Seen | undefined;
  void new CallerTwin(house)
    .ask(anAsk(house, 'Good morning'), { ...goodCredential, token: 'quiet' })
    .then((seen) => (done = seen));
  await comesRound(house, () => done !== undefined);
  if (!done) throw new Error('the quiet caller was not answered');
  return done;
}

describe('beside a tenant that floods the process', () => {
  it.each([300, 50])(
    'H18: a request of another has few of it before it in each stage (%i of 300 permitted)',
    async (room) => {
      const { house, passed } = street(room);
      const flood = 300;
      const answered = { refused: 0, permitted: 0 };
      await asksQuietly(house);
      for (let count = 0; count < flood; count += 1) {
        void new CallerTwin(house)
          .ask(anAsk(house, `Hello ${count}`), goodCredential)
          .then(({ refusal }) => (answered[refusal ? 'refused' : 'permitted'] += 1));
      }
      const most: Record<string, number> = {};
      let besideNoise = 0;
      while (answered.refused + answered.permitted < flood) {
        const from = passed.length;
        expect(await asksQuietly(house)).toMatchObject({ complete: true });
        besideNoise += 1;
        for (const [stage, count] of Object.entries(noiseBefore(passed.slice(from))))
          most[stage] = Math.max(most[stage] ?? 0, count);
      }
      expect(answered).toEqual({ permitted: room, refused: flood - room });
      // A batch may be under way when its record comes, and the next takes it; so for what permits lead to.
      const batches = 2 * limits.tenantUndecided;
      const bounds = {
        enter: limits.tenantUndecidedInOneTurn,
        classify: 2,
        reserve: limits.tenantUndecided,
        decision: batches,
        call: batches,
        outcome: batches,
      };
      const over = Object.entries(bounds).filter(([stage, bound]) => (most[stage] ?? Infinity) > bound);
      expect({ over, most }).toEqual({ over: [], most });
      expect(besideNoise).toBeGreaterThan(2);
      expect(house.undecided.state()).toEqual({ inside: 0, waiting: 0 });
    },
  );
});

/** How many of the noisy tenant passed a stage since the quiet one passed the stage before, for each stage. */
function noiseBefore(passed: readonly Passed[]): Record<string, number> {
  const before: Record<string, number> = {};
  let noise: Record<string, number> = {};
  for (const { stage, tenant } of passed) {
    if (tenant === noisy) noise[stage] = (noise[stage] ?? 0) + 1;
    else {
      before[stage] = noise[stage] ?? 0;
      noise = {};
    }
  }
  return before;
}
