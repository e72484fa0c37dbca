import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Cores } from './cpu.js';
import { closedLoop, Connection } from './driver.js';
import { between, byRoom, flameGraph, heaviest, type CpuProfile } from './flame.js';
import { startWrit } from './gateways.js';
import type { Options } from './options.js';
import { writeResult } from './report.js';
import type { Room } from './room.js';
import type { BenchTenant } from './tenants.js';
import { allNew, repeatedHistory, streams, type Workload } from './workloads.js';

/** How long a gateway is warmed up before its profile counts, and for how long it counts. */
const warmSeconds = 25;

/** A gateway of its own for each workload, profiled by V8 after warming up; a flame graph and the heaviest functions of each. */
export async function profileGateway(
  room: Room,
  cores: Cores,
  tenant: BenchTenant,
  { secondsEach, quick }: Options,
  say: (line: string) => void,
): Promise<void> {
  const workloads = quick
    ? [allNew(1_000)]
    : [allNew(1_000), repeatedHistory(10_000), repeatedHistory(100_000, 16), streams()];
  for (const workload of workloads) {
    // Each has the core for itself.
    // oxlint-disable-next-line no-await-in-loop
    const profile = await profileOf(room, cores, tenant, workload, Math.max(5, secondsEach * 2));
    writeResult(`flame-${workload.name}.svg`, flameGraph(profile, workload.title));
    say(`${workload.title}: by room, packages beside the rooms`);
    for (const { name, share } of byRoom(profile).slice(0, 25))
      console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
    say(`${workload.title}: the heaviest functions by their own time`);
    for (const { name, share } of heaviest(profile, 45))
      console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
  }
}

async function profileOf(
  room: Room,
  cores: Cores,
  tenant: BenchTenant,
  workload: Workload,
  seconds: number,
): Promise<CpuProfile> {
  const folder = join(room.folder, `profile-${workload.name}`);
  mkdirSync(folder);
  const writ = await startWrit(room, 1, cores.gateway, folder);
  const connections = Array.from({ length: workload.concurrency }, () => new Connection(writ.port));
  const caller = writ.caller(workload, [tenant]);
  await closedLoop(connections, caller, warmSeconds * 1_000);
  const from = monotonicMicros();
  await closedLoop(connections, caller, seconds * 1_000);
  const to = monotonicMicros();
  for (const connection of connections) connection.close();
  await writ.stop();
  const files = readdirSync(folder).map((file) => join(folder, file));
  const [largest] = files.toSorted((a, b) => statSync(b).size - statSync(a).size);
  if (largest === undefined) throw new Error('the gateway wrote no profile');
  return between(JSON.parse(readFileSync(largest, 'utf8')) as CpuProfile, from, to);
}

/** V8 stamps its samples with the same clock, whatever the process. */
function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}
