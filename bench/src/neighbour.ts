/**
 * What a tenant notices of another that floods the gateway (acceptance row H18): the quiet tenant asks at a fixed rate, first alone
 * and then beside a tenant that sends 50,000 requests, as many at once as asked, against a limit of its own that lets few pass.
 * With `--machine` then beside two floods of as many refusals a second that cost next to nothing: callers without a credential at the same gateway,
 * and nginx on the gateway's core. What the quiet tenant notices of those is the machine's, not ours.
 *   npm run bench:neighbour -- [--flood 50000] [--at-once 512] [--per-second 20] [--seconds 15] [--rounds 1]
 *                              [--limit 600] [--machine] [--anew] [--against <another checkout, built>]
 * The quiet tenant keeps its connections, as SDKs do; with `--anew` it opens one whenever it needs one, and each second afresh.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { coresOfMachine, cpuMs, pin } from './cpu.js';
import { closedLoop, Connection, openLoop, type Caller, type Taken } from './driver.js';
import { besideFlood, latencies, steps, type Flooded } from './flood.js';
import { startNginx, startWrit, type Gateway } from './gateways.js';
import { openRoom } from './room.js';
import { makeTenant, standardShape } from './tenants.js';
import { allNew } from './workloads.js';

const { values } = parseArgs({
  options: {
    flood: { type: 'string', default: '50000' },
    'at-once': { type: 'string', default: '512' },
    'per-second': { type: 'string', default: '20' },
    seconds: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '1' },
    limit: { type: 'string', default: '600' },
    anew: { type: 'boolean', default: false },
    machine: { type: 'boolean', default: false },
    against: { type: 'string' },
  },
});
const [requests, perSecond, seconds, rounds] = [values.flood, values['per-second'], values.seconds, values.rounds].map(
  Number,
) as [number, number, number, number];
const atOnce = Number(values['at-once']);
const workload = allNew(1_000);

/** One state of the product, and what the quiet tenant had of it in all rounds. */
interface State {
  readonly gateway: Gateway;
  /** The quiet tenant's connections. */
  readonly kept: { readonly kept?: Connection[] };
  readonly alone: Taken[];
  readonly beside: Taken[];
  readonly besideAnonymous: Taken[];
  readonly besideNginx: Taken[];
}

const cores = coresOfMachine();
pin([process.pid], cores.rest);
const room = await openRoom();
const quiet = await makeTenant(room.registry, standardShape);
const noisyShape = { ...standardShape, requestsPerMinute: Number(values.limit) };
const nginx = values.machine ? await startNginx(room, cores.gateway) : undefined;
const states: State[] = [];

async function open(name: string, checkout?: string): Promise<void> {
  const gateway = await startWrit(room, 1, cores.gateway, undefined, checkout);
  states.push({
    gateway: { ...gateway, name },
    kept: values.anew ? {} : { kept: [] },
    alone: [],
    beside: [],
    besideAnonymous: [],
    besideNginx: [],
  });
  const warming = Array.from({ length: 8 }, () => new Connection(gateway.port));
  await closedLoop(warming, gateway.caller(workload, [quiet]), 10_000);
  for (const connection of warming) connection.close();
  const noisy = await makeTenant(room.registry, { ...standardShape, requestsPerMinute: 60 });
  const caller = gateway.caller(workload, [noisy]);
  await besideFlood({ port: gateway.port, caller, requests: 500, atOnce: 32 }, { ...gateway, caller, perSecond: 1 });
}

function told(name: string, { seconds: took, statuses }: Flooded, cpu?: number): void {
  const by = JSON.stringify(statuses);
  const each = cpu === undefined ? '' : `; ${Math.round(cpu)} us CPU of the gateway for each request of both`;
  console.log(`  ${name}: ${requests} requests, ${atOnce} at once, in ${took.toFixed(1)} s, by status ${by}${each}`);
}

function head(path: string, at: number): string {
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${at}\r\ncontent-type: application/json\r\n`;
}

async function round({ gateway, kept, ...taken }: State): Promise<void> {
  const { port } = gateway;
  const caller = gateway.caller(workload, [quiet]);
  console.log(gateway.name);
  taken.alone.push(...(await openLoop(port, caller, perSecond, seconds * 1_000, kept.kept)));
  const noisy = await makeTenant(room.registry, noisyShape);
  const from = cpuMs(gateway.pids());
  const flooded = await besideFlood(
    { port, caller: gateway.caller(workload, [noisy]), requests, atOnce },
    { port, caller, perSecond, ...kept },
  );
  const cpu = cpuMs(gateway.pids()) - from;
  taken.beside.push(...flooded.beside);
  told('flood', flooded, (cpu * 1_000) / (requests + flooded.beside.length));
  if (!values.machine) return;
  const paced = { requests, atOnce, perSecond: requests / flooded.seconds };
  const nobody: Caller = { ...caller, head: () => head('/v1/chat/completions', port) };
  const anonymous = await besideFlood({ port, caller: nobody, ...paced }, { port, caller, perSecond, ...kept });
  taken.besideAnonymous.push(...anonymous.beside);
  told('without a credential', anonymous);
  if (!nginx) return;
  const refused: Caller = { ...caller, head: () => head('/refused', nginx.port) };
  const machine = await besideFlood(
    { port: nginx.port, caller: refused, ...paced },
    { port, caller, perSecond, ...kept },
  );
  taken.besideNginx.push(...machine.beside);
  told('nginx', machine);
}

function line(name: string, had: readonly Taken[]): void {
  if (had.length > 0) console.log(`  ${name.padEnd(30)}${latencies(had)}\n${' '.repeat(32)}${steps(had)}`);
}

try {
  await open('writ');
  if (values.against !== undefined) await open(values.against, resolve(values.against));
  for (let count = 0; count < rounds; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one gateway under load at a time, in an order that turns
    for (const state of count % 2 === 0 ? states : states.toReversed()) await round(state);
  }
  for (const { gateway, ...taken } of states) {
    console.log(`\n${gateway.name}: what the quiet tenant has, ${perSecond} requests a second`);
    line('alone', taken.alone);
    line('beside the flood', taken.beside);
    line('beside as many without a name', taken.besideAnonymous);
    line('beside as many at nginx', taken.besideNginx);
  }
} finally {
  for (const { gateway } of states) await gateway.stop(); // oxlint-disable-line no-await-in-loop -- one after the other
  await nginx?.stop();
  await room.close();
}
process.exit(0);
