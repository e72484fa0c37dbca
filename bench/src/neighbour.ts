/**
 * What a tenant notices of another that floods the gateway (acceptance row H18): the quiet tenant asks at a fixed rate, first alone
 * and then beside a tenant that sends 50,000 requests, as many at once as asked, against a limit of its own that lets few pass.
 *   npm run bench:neighbour -- [--flood 50000] [--at-once 512] [--per-second 20]
 */
import { parseArgs } from 'node:util';
import { coresOfMachine, pin } from './cpu.js';
import { closedLoop, Connection, openLoop, type Caller, type Taken } from './driver.js';
import { startWrit } from './gateways.js';
import { openRoom } from './room.js';
import { makeTenant, standardShape } from './tenants.js';
import { allNew } from './workloads.js';

const { values } = parseArgs({
  options: {
    flood: { type: 'string', default: '50000' },
    'at-once': { type: 'string', default: '512' },
    'per-second': { type: 'string', default: '20' },
  },
});
const [flood, atOnce, perSecond] = [values.flood, values['at-once'], values['per-second']].map(Number) as [
  number,
  number,
  number,
];
const aloneMs = 15_000;

function latencies(taken: readonly Taken[]): string {
  const sorted = taken
    .filter(({ complete }) => complete)
    .map(({ totalMs }) => totalMs)
    .toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(1).padStart(8);
  return `${String(sorted.length).padStart(6)} of ${taken.length} answered  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`;
}

/** Sends until so many were sent; what each was answered with. */
async function flooded(port: number, caller: Caller): Promise<Readonly<Record<number, number>>> {
  const seen: Record<number, number> = {};
  let left = flood;
  const lane = async (): Promise<void> => {
    const connection = new Connection(port);
    while (left-- > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other in each lane
      const { status } = await connection.send(caller);
      seen[status] = (seen[status] ?? 0) + 1;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return seen;
}

const cores = coresOfMachine();
pin([process.pid], cores.rest);
const room = await openRoom();
const quiet = await makeTenant(room.registry, standardShape);
const noisy = await makeTenant(room.registry, { ...standardShape, requestsPerMinute: 600 });
const writ = await startWrit(room, 1, cores.gateway);
try {
  const workload = allNew(1_000);
  const caller = writ.caller(workload, [quiet]);
  const warming = Array.from({ length: 8 }, () => new Connection(writ.port));
  await closedLoop(warming, caller, 10_000);
  for (const connection of warming) connection.close();
  console.log(`alone             ${latencies(await openLoop(writ.port, caller, perSecond, aloneMs))}`);
  const from = performance.now();
  const over = new AbortController();
  const flooding = flooded(writ.port, writ.caller(allNew(1_000), [noisy])).finally(() => over.abort());
  const beside: Taken[] = [];
  // In slices, so that the quiet tenant asks as long as the flood lasts and not longer.
  while (!over.signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other
    beside.push(...(await openLoop(writ.port, caller, perSecond, 1_000)));
  }
  const seen = await flooding;
  const seconds = (performance.now() - from) / 1_000;
  console.log(`beside the flood  ${latencies(beside)}`);
  console.log(
    `the flood         ${flood} requests, ${atOnce} at once, in ${seconds.toFixed(1)} s; by status ${JSON.stringify(seen)}`,
  );
} finally {
  await writ.stop();
  await room.close();
}
process.exit(0);
