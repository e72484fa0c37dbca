import { spawnSync } from 'node:child_process';
import { coresOfMachine, pin, type Cores } from './cpu.js';
import { direct, startNginx, startPlainNode, startPortkey, startVariant, startWrit, type Gateway } from './gateways.js';
import { contest, paced, type Contest, type Series } from './measure.js';
import { readOptions, type Options } from './options.js';
import { profileGateway } from './profile.js';
import { figuresOf, writeReport, type Report } from './report.js';
import { openRoom, type Room } from './room.js';
import { growth, type Growth } from './scaling.js';
import { soak } from './soak.js';
import { fillUp, makeTenant, standardShape, type BenchTenant } from './tenants.js';
import { warmth } from './warmth.js';
import { allNew, repeatedHistory, streams, type Workload } from './workloads.js';

const options = readOptions();
const cores = coresOfMachine();
pin([process.pid], cores.rest);
const room = await (options.smoke ? openRoom(5) : openRoom());
const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)}  ${line}`);
let failed = false;
try {
  const tenant = await makeTenant(room.registry, standardShape);
  if (options.soakMinutes > 0) failed = !(await soak(room, cores, tenant, options, say));
  else if (options.profile) await profileGateway(room, cores, tenant, options, say);
  else failed = !(await run(room, cores, tenant));
} finally {
  await room.close();
}
process.exit(failed ? 1 : 0);

/** Every section that was asked for, then the report; false when a request failed where none should. */
async function run(inRoom: Room, on: Cores, tenant: BenchTenant): Promise<boolean> {
  const wanted = (section: Options['sections'][number]): boolean => options.sections.includes(section);
  const how: Contest = {
    room: inRoom,
    tenants: [tenant],
    rounds: options.rounds,
    secondsEach: options.secondsEach,
    warmSeconds: options.warmSeconds,
  };
  const missing: string[] = [];
  const writ = await startWrit(inRoom, 1, on.gateway);
  const series: Series[] = [];
  const plots: Growth[] = [];
  try {
    if (wanted('peers') || wanted('latency')) series.push(...(await besidePeers(writ, on, how, missing, wanted)));
    if (wanted('steps')) series.push(...(await stepByStep(on, how)));
    if (wanted('processes')) series.push(...(await twoProcesses(writ, on, how)));
    if (wanted('scaling')) plots.push(...(await growth(writ, how, say)));
    // Makes as many tenants as one Postgres takes, so whoever needs tenants of another shape comes before.
    if (wanted('tenants')) series.push(...(await manyTenants(writ, how)));
    if (wanted('warmth')) plots.push(...(await warmth(inRoom, on, tenant, options.warmthSeconds, say)));
  } finally {
    await writ.stop();
  }
  const figures = figuresOf(series, on.twoAlone);
  const report: Report = { options, missing, series, growth: plots, figures, machine: machine(), at: new Date() };
  for (const line of writeReport(report)) console.log(line);
  const failures = series.flatMap(({ rounds }) => rounds).reduce((sum, round) => sum + round.failed, 0);
  if (failures > 0) console.error(`${failures} requests failed; the figures are worth nothing until none does`);
  return failures === 0;
}

function workloads(): readonly Workload[] {
  if (options.smoke) return [allNew(1_000, 4), streams(4)];
  const all = [allNew(1_000), allNew(10_000), repeatedHistory(10_000), repeatedHistory(100_000, 16), streams()];
  return all.filter(({ name }) => options.isAsked(name));
}

async function besidePeers(
  writ: Gateway,
  on: Cores,
  how: Contest,
  missing: string[],
  wanted: (section: Options['sections'][number]) => boolean,
): Promise<readonly Series[]> {
  const portkey = await startPortkey(room, on.gateway);
  const node = await startPlainNode(room, on.gateway);
  const nginx = await startNginx(room, on.gateway);
  if (!nginx) missing.push('nginx is not installed, so its rows are absent; on Debian: apt-get install nginx-light');
  const gateways = [writ, portkey, node, ...(nginx ? [nginx] : [])].filter(({ name }) => options.isBeside(name));
  const found: Series[] = [];
  try {
    // One workload after the other: two at once would measure each other.
    for (const workload of wanted('peers') ? workloads() : []) {
      say(`beside the peers: ${workload.title}`);
      // oxlint-disable-next-line no-await-in-loop
      found.push(...(await contest([...gateways, direct(room)], workload, how)));
    }
    if (wanted('latency')) {
      // A smoke test asks whether it runs, not how fast: a busy machine must not make it refuse.
      const [requests, opened] = options.smoke ? [20, 4] : [200, 20];
      say(`latency at ${requests} requests a second, then of the first byte of streams`);
      const once = { ...how, secondsEach: how.secondsEach * 2 };
      // Where the section of the peers did not warm them up already.
      if (!wanted('peers')) await contest(gateways, allNew(1_000), { ...how, rounds: 0 });
      const asked = gateways.filter(({ name }) => name === 'writ' || name === 'portkey');
      found.push(...(await paced([...asked, direct(room)], allNew(1_000), requests, once)));
      found.push(...(await paced([...asked, direct(room)], streams(), opened, once)));
    }
  } finally {
    await Promise.all([portkey.stop(), node.stop(), nginx?.stop()]);
  }
  return found;
}

async function stepByStep(on: Cores, how: Contest): Promise<readonly Series[]> {
  const steps = ['identity', 'classification', 'limits', 'ledger'];
  const variants: Gateway[] = [];
  const found: Series[] = [];
  try {
    for (const without of [[], ...steps.map((step) => [step]), steps]) {
      // oxlint-disable-next-line no-await-in-loop
      variants.push(await startVariant(room, without, on.gateway));
    }
    for (const workload of [allNew(1_000), allNew(10_000)]) {
      say(`step by step: ${workload.title}`);
      // oxlint-disable-next-line no-await-in-loop
      found.push(...(await contest(variants, workload, { ...how, warmSeconds: Math.min(25, how.warmSeconds) })));
    }
    const oneRule = await makeTenant(room.registry, { ...standardShape, rules: 1 });
    const [all] = variants;
    if (all) {
      const lenient = { ...all, name: 'writ with one rule instead of a hundred' };
      found.push(...(await contest([lenient], allNew(1_000), { ...how, tenants: [oneRule] })));
    }
  } finally {
    await Promise.all(variants.map((variant) => variant.stop()));
  }
  return found;
}

async function manyTenants(writ: Gateway, how: Contest): Promise<readonly Series[]> {
  say(`making ${options.tenants} tenants`);
  const tenants = await fillUp(room.registry, { ...standardShape, subjects: 1 }, options.tenants);
  say('one tenant, then all of them evenly');
  const [one] = how.tenants;
  const single: Gateway = { ...writ, name: 'one tenant', caller: (load) => writ.caller(load, one ? [one] : []) };
  // One caller for all rounds: each round goes on where the one before ended, so that every tenant has its turn.
  const turns = writ.caller(allNew(1_000), tenants);
  const many: Gateway = { ...writ, name: `${tenants.length} tenants`, caller: () => turns };
  // The first request of a tenant loads its snapshot, and that of a connection its tables; that is warming up, not the steady state.
  await contest([many], allNew(1_000), { ...how, rounds: 0, warmRequests: 4 * tenants.length });
  const named = { ...allNew(1_000), name: 'tenants' };
  return await contest([single, many], named, how);
}

async function twoProcesses(writ: Gateway, on: Cores, how: Contest): Promise<readonly Series[]> {
  say('two gateway processes beside one');
  const two = await startWrit(room, 2, on.two);
  try {
    // Both alike: whoever served before is warm, and the two new ones get as long as they need for it.
    return await contest(
      [writ, two],
      { ...allNew(1_000, 64), name: 'processes' },
      { ...how, warmSeconds: Math.min(30, how.warmSeconds) },
    );
  } finally {
    await two.stop();
  }
}

function machine(): string {
  const cpu = spawnSync('sh', ['-c', 'grep -m1 "model name" /proc/cpuinfo | cut -d: -f2'], { encoding: 'utf8' });
  const load = spawnSync('cat', ['/proc/loadavg'], { encoding: 'utf8' }).stdout.split(' ', 1)[0];
  const { gateway, rest } = cores;
  return `${cpu.stdout.trim()}; gateway on core ${gateway.join(',')}, the rest on ${rest.join(',')}; Node ${process.version}; load average ${load} at the end`;
}
