import { cpuMs } from './cpu.js';
import { closedLoop, Connection } from './driver.js';
import { startPortkey, startWrit, type Gateway } from './gateways.js';
import type { Growth } from './scaling.js';
import type { Cores } from './cpu.js';
import type { Room } from './room.js';
import type { BenchTenant } from './tenants.js';
import { allNew } from './workloads.js';

/**
 * How long is cold code cold? A fresh process of ours and of Portkey's, CPU a request second by second from the first
 * request on, against the requests served until then.
 */
export async function warmth(
  room: Room,
  on: Cores,
  tenant: BenchTenant,
  seconds: number,
  say: (line: string) => void,
): Promise<readonly Growth[]> {
  const found: Growth[] = [];
  for (const start of [() => startWrit(room, 1, on.gateway), () => startPortkey(room, on.gateway)]) {
    // One has the core for itself.
    // oxlint-disable-next-line no-await-in-loop
    const gateway = await start();
    say(`warmth: ${gateway.name}, ${seconds} s from its first request on`);
    // oxlint-disable-next-line no-await-in-loop
    const points = await secondBySecond(gateway, tenant, seconds);
    // oxlint-disable-next-line no-await-in-loop
    await gateway.stop();
    found.push({ title: `warmth of ${gateway.name}`, input: 'requests served since the start', points });
  }
  return found;
}

async function secondBySecond(gateway: Gateway, tenant: BenchTenant, seconds: number): Promise<Growth['points']> {
  const workload = allNew(1_000);
  const caller = gateway.caller(workload, [tenant]);
  const connections = Array.from({ length: workload.concurrency }, () => new Connection(gateway.port));
  const points: { x: number; cpuMicros: number }[] = [];
  let served = 0;
  for (let second = 0; second < seconds; second += 1) {
    const before = cpuMs(gateway.pids());
    // oxlint-disable-next-line no-await-in-loop
    const taken = await closedLoop(connections, caller, 1_000);
    served += taken.length;
    points.push({ x: served, cpuMicros: ((cpuMs(gateway.pids()) - before) * 1_000) / Math.max(1, taken.length) });
  }
  for (const connection of connections) connection.close();
  return points;
}
