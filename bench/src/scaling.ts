import type { Gateway } from './gateways.js';
import { contest, mid, type Contest } from './measure.js';
import { makeTenant, standardShape, type BenchTenant } from './tenants.js';
import { allNew, streams, type Workload } from './workloads.js';

/** One plot of growth: CPU a request against one input. */
export interface Growth {
  readonly title: string;
  readonly input: string;
  readonly points: readonly { readonly x: number; readonly cpuMicros: number }[];
}

/** CPU against prompt size, rules, endpoints, concurrent streams, tenants and the size of the ledger. */
export async function growth(writ: Gateway, how: Contest, say: (line: string) => void): Promise<readonly Growth[]> {
  const measure = async (workload: Workload, tenants: readonly BenchTenant[] = how.tenants): Promise<number> => {
    const [series] = await contest([writ], workload, {
      ...how,
      tenants,
      rounds: Math.min(2, how.rounds),
      warmSeconds: Math.min(1, how.warmSeconds),
    });
    return series ? mid(series, 'cpuMicros') : 0;
  };
  const along = async (
    title: string,
    input: string,
    inputs: readonly number[],
    at: (x: number) => Promise<number>,
  ): Promise<Growth> => {
    say(`growth: ${title}`);
    const points = [];
    // oxlint-disable-next-line no-await-in-loop
    for (const x of inputs) points.push({ x, cpuMicros: await at(x) });
    return { title, input, points };
  };
  const made = (shape: Partial<typeof standardShape>): Promise<BenchTenant> =>
    makeTenant(how.room.registry, { ...standardShape, ...shape });
  const several = async (count: number): Promise<readonly BenchTenant[]> => {
    const tenants: BenchTenant[] = [];
    // oxlint-disable-next-line no-await-in-loop
    while (tenants.length < count) tenants.push(await made({ subjects: 1 }));
    return tenants;
  };
  return [
    await along('prompt size', 'KB of new text', [1, 3, 10, 30, 100, 300], (x) => measure(allNew(x * 1_000, 8))),
    await along('rules of the policy', 'rules', [1, 10, 50, 100, 200], async (x) =>
      measure(allNew(1_000), [await made({ rules: x })]),
    ),
    await along('endpoints of the tenant', 'endpoints', [1, 10, 100, 300], async (x) =>
      measure(allNew(1_000), [await made({ endpoints: x })]),
    ),
    await along('concurrent streams', 'streams at once', [1, 10, 40, 120], (x) => measure(streams(x))),
    await along('tenants', 'tenants', [1, 10, 100], async (x) => measure(allNew(1_000), await several(x))),
    await along('records in the ledger', 'thousand requests recorded before', [0, 1, 2, 3, 4, 5], async () =>
      measure(allNew(1_000)),
    ),
  ];
}
