import { residentMiB, type Cores } from './cpu.js';
import { closedLoop, Connection, openLoop } from './driver.js';
import { startWrit } from './gateways.js';
import { median } from './measure.js';
import type { Options } from './options.js';
import { linePlot } from './plot.js';
import { writeResult } from './report.js';
import type { Room } from './room.js';
import type { BenchTenant } from './tenants.js';
import { allNew } from './workloads.js';

/**
 * Half of what the gateway can do, for as long as asked, with its memory read all the while. Flat means +- 10 %. False where requests
 * went unanswered: then something else took the machine meanwhile, and what was measured is an overload and no half load.
 */
export async function soak(
  room: Room,
  cores: Cores,
  tenant: BenchTenant,
  { soakMinutes, name }: Options,
  say: (line: string) => void,
): Promise<boolean> {
  const writ = await startWrit(room, 1, cores.gateway);
  try {
    const workload = allNew(1_000);
    const caller = writ.caller(workload, [tenant]);
    const connections = Array.from({ length: workload.concurrency }, () => new Connection(writ.port));
    await closedLoop(connections, caller, 5_000);
    const full = (await closedLoop(connections, caller, 5_000)).length / 5;
    for (const connection of connections) connection.close();
    const half = Math.max(10, Math.floor(full / 2));
    say(`full load ${Math.round(full)}/s, so ${half}/s for ${soakMinutes} minutes`);
    const points: { x: number; y: number }[] = [];
    const begun = performance.now();
    const watch = setInterval(() => {
      const y = residentMiB(writ.pids());
      // A driver that has run out of file handles cannot read it.
      if (y > 0) points.push({ x: (performance.now() - begun) / 60_000, y });
    }, 2_000);
    const taken = await openLoop(writ.port, caller, half, soakMinutes * 60_000);
    clearInterval(watch);
    const settled = points.filter(({ x }) => x > soakMinutes * 0.2).map(({ y }) => y);
    const third = Math.max(1, Math.floor(settled.length / 3));
    const [first, last] = [median(settled.slice(0, third)), median(settled.slice(-third))];
    const change = (last / first - 1) * 100;
    const complete = taken.filter((each) => each.complete).length;
    say(
      `${complete} of ${taken.length} requests answered; resident ${first.toFixed(0)} MiB, later ${last.toFixed(0)} MiB`,
    );
    say(`change ${change.toFixed(1)} %, ${Math.abs(change) <= 10 ? 'flat' : 'NOT flat'} (from the last four fifths)`);
    const lines = [{ name: 'primary and worker', points }];
    writeResult(`${name}.svg`, linePlot('memory at half load', 'minutes', 'MiB resident', lines));
    const summary = { minutes: soakMinutes, perSecond: half, requests: taken.length, complete, first, last, change };
    writeResult(`${name}.json`, JSON.stringify({ ...summary, points }, null, 1));
    if (complete === taken.length) return true;
    say('this was not half load: requests went unanswered; run it again on a machine that nobody else uses');
    return false;
  } finally {
    await writ.stop();
  }
}
