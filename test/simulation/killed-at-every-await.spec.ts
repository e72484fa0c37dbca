import { describe, expect, it } from '@jest/globals';
import { CallerTwin } from '../support/caller-twin.js';
import { House, anAsk, type HouseOptions } from '../support/house.js';
import { brokenChains, closings, uncoveredWrites, undecidedArrivals } from '../support/invariants.js';
import { pick, seeded, tenantA } from '../support/index.js';
import type { AppendFault } from '../support/ledger-store-twin.js';
import type { Script } from '../support/provider-twin.js';

interface Run {
  readonly house: House;
  readonly callers: readonly CallerTwin[];
}

const prompts = [
  'What is the capital of France?',
  'Write to nora.klein@example.org about Monday.',
  'Patient Nora Klein, MRN 4711-0815, was diagnosed with type 2 diabetes; her SSN is 536-22-1234.',
  'Use the key AKIAQ3EGVWLZ7JTBN4XM to list buckets.',
];

const anEvaluation = {
  action: 'evaluate',
  dialect: 'authzen.evaluation',
  evaluated: { route: '/v1/chat/completions', subject: 'nora' },
} as const;

/** Runs three callers at once through one process, until all are answered or nothing can happen any more. */
async function simulate(seed: number, options: HouseOptions, faults: readonly AppendFault[]): Promise<Run> {
  const random = seeded(seed);
  const house = new House({ ...options, seed });
  house.store.failNext(...faults);
  const callers = [0, 1, 2].map(() => new CallerTwin(house, random() < 0.25 ? Math.floor(random() * 3) : undefined));
  let answered = 0;
  for (const caller of callers) {
    const evaluation = random() < 0.2 ? anEvaluation : {};
    const ask = anAsk(house, pick(random, prompts), { stream: random() < 0.6, ...evaluation });
    void caller
      .ask(ask, { scheme: 'bearer', token: random() < 0.1 ? 'bad' : 'good', method: 'POST', url: '/' })
      .then(() => (answered += 1));
  }
  await house.clock.run(() => answered === callers.length || house.kill.dead);
  return { house, callers };
}

/** Invariants I1 to I3 of the acceptance list, and that every permit is closed exactly once after the sweeper. */
function violations({ house, callers }: Run): readonly string[] {
  const leaves = house.store.leaves.get(tenantA) ?? [];
  const found: string[] = [];
  for (const caller of callers) {
    const uncovered = uncoveredWrites(caller.seen);
    if (uncovered.length > 0) found.push(`I1: writes ${uncovered.join(',')} are in no committed window`);
  }
  for (const arrival of undecidedArrivals(house.providers.arrivals))
    found.push(`I2: ${arrival.endpoint} got an undecided request`);
  found.push(...brokenChains(leaves, house.publicKey).map((broken) => `I3: ${broken}`));
  const now = house.clock.nowMs() + 120_000;
  for (const [permit, count] of closings(leaves, now))
    if (count !== 1) found.push(`permit ${permit} is closed ${count} times`);
  if (house.bugs.length > 0) found.push(`bug: ${String(house.bugs[0])}`);
  return found;
}

function scriptOf(random: () => number): (endpoint: string, call: number) => Script {
  const scripts: readonly Script[] = [
    { pieces: ['Paris', ' is', ' the', ' capital', '.'] },
    { pieces: ['The address is nora.klein@exam', 'ple.org', ', write soon'] },
    { pieces: ['one', 'two', 'three'], breaksAfter: 2 },
    { pieces: [], breaksAfter: 0 },
    { pieces: ['Hello'], talksOn: true },
    { pieces: ['x'.repeat(5_000), 'y'.repeat(5_000), 'z'] },
    { pieces: [], fault: { class: 'unavailable', detail: 'scripted' } },
  ];
  return () => pick(random, scripts);
}

function faultsOf(random: () => number): readonly AppendFault[] {
  const kinds: readonly AppendFault[] = [
    { kind: 'not-persisted' },
    { kind: 'unknown', persisted: true },
    { kind: 'unknown', persisted: false },
    { kind: 'throws', persisted: true },
    { kind: 'throws', persisted: false },
  ];
  return random() < 0.5 ? [] : Array.from({ length: Math.floor(random() * 3) }, () => pick(random, kinds));
}

describe('the gateway on twins', () => {
  it('rows 27, 30, 31, 32, F1 to F6: killed at every await of every run, it leaves no uncovered byte, no undecided request, no broken chain and no open permit', async () => {
    const found: string[] = [];
    for (let seed = 1; seed <= 12; seed += 1) {
      const run = async (killAt: number): Promise<Run> => {
        const random = seeded(seed * 1_000);
        return await simulate(seed, { killAt, script: scriptOf(random) }, faultsOf(random));
      };
      const whole = await run(0);
      found.push(...violations(whole).map((violation) => `seed ${seed}, alive: ${violation}`));
      const { points } = whole.house.kill;
      for (let killAt = 1; killAt <= points; killAt += 1) {
        found.push(
          ...violations(await run(killAt)).map((violation) => `seed ${seed}, killed at ${killAt}: ${violation}`),
        );
      }
    }
    expect(found.slice(0, 5)).toEqual([]);
  });

  it('answers every caller or refuses, whatever the providers and the store do', async () => {
    for (let seed = 100; seed < 160; seed += 1) {
      const random = seeded(seed);
      const run = await simulate(seed, { script: scriptOf(random) }, faultsOf(random));
      const silent = run.callers.filter(
        ({ seen, hangsUpAfter }) => hangsUpAfter === undefined && !seen.complete && !seen.refusal && !seen.failed,
      );
      expect({ seed, silent: silent.length, violations: violations(run) }).toEqual({ seed, silent: 0, violations: [] });
    }
  });
});
