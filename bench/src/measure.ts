import { cpuMs, family } from './cpu.js';
import { closedLoop, Connection, openLoop, type Taken } from './driver.js';
import type { Gateway } from './gateways.js';
import type { Room } from './room.js';
import type { BenchTenant } from './tenants.js';
import type { Workload } from './workloads.js';

/** One round of one gateway under one workload. CPU is of the gateway's own processes, microseconds a request. */
export interface Round {
  readonly requests: number;
  readonly failed: number;
  readonly cpuMicros: number;
  /** Of Postgres and Redis together, for the same requests. */
  readonly storesCpuMicros: number;
  readonly perSecond: number;
  /** Share of one core that the gateway used; near 1 it was the bottleneck. */
  readonly busy: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly firstP50Ms: number;
  readonly firstP99Ms: number;
}

export interface Series {
  readonly gateway: string;
  readonly workload: string;
  readonly rounds: readonly Round[];
}

export interface Contest {
  readonly room: Room;
  readonly tenants: readonly BenchTenant[];
  readonly rounds: number;
  readonly secondsEach: number;
  /** The longest that one gateway is warmed up before a workload's first round. */
  readonly warmSeconds: number;
  /** So many requests before the first round instead, however long they take; where each tenant has to be met first. */
  readonly warmRequests?: number;
}

/** A gateway that has not served them by then does not answer. */
const warmedAtLastSeconds = 300;

/**
 * What a request costs falls for the first twenty thousand and more, ours and Portkey's alike: V8 compiles a path in steps, and a
 * governed request has a long one (section `warmth`). Whoever has served one workload is warm but for the sizes of the next.
 */
const warmRequests = 30_000;
const warmAgain = 2_000;
/** A stream passes its path a hundred times. */
const warmStreams = 200;
const warmAgainSeconds = 12;
const served = new Set<number>();

async function warm(run: (seconds: number) => Promise<Round>, enough: number, mostSeconds: number): Promise<void> {
  let requests = 0;
  for (let spent = 0; spent < mostSeconds && requests < enough; spent += 1) {
    // oxlint-disable-next-line no-await-in-loop
    requests += (await run(Math.min(1, mostSeconds))).requests;
  }
}

/**
 * Every gateway under one workload, interleaved: each round measures all of them one after the other, in an order that turns
 * from round to round, so that a drift of the machine falls on all of them alike.
 */
export async function contest(
  gateways: readonly Gateway[],
  workload: Workload,
  { room, tenants, rounds, secondsEach, warmSeconds, warmRequests: asked }: Contest,
): Promise<readonly Series[]> {
  const connections = new Map(
    gateways.map((gateway) => [
      gateway,
      Array.from({ length: workload.concurrency }, () => new Connection(gateway.port)),
    ]),
  );
  const found = new Map<Gateway, Round[]>(gateways.map((gateway) => [gateway, []]));
  const run = async (gateway: Gateway, seconds: number): Promise<Round> => {
    const stores = [...family(room.postgres.pid), room.redis.pid];
    const own = gateway.pids();
    const before = { own: cpuMs(own), stores: cpuMs(stores), at: performance.now() };
    const taken = await closedLoop(connections.get(gateway) ?? [], gateway.caller(workload, tenants), seconds * 1_000);
    const ms = performance.now() - before.at;
    return roundOf(taken, cpuMs(own) - before.own, cpuMs(stores) - before.stores, ms);
  };
  // V8 has compiled the path before the first round counts. One at a time is the point of it all.
  for (const gateway of gateways) {
    const isWarm = served.has(gateway.port);
    const most = asked ? warmedAtLastSeconds : isWarm ? Math.min(warmAgainSeconds, warmSeconds) : warmSeconds;
    const enough = asked ?? (workload.stream ? warmStreams : isWarm ? warmAgain : warmRequests);
    // oxlint-disable-next-line no-await-in-loop
    await warm((seconds) => run(gateway, seconds), enough, most);
    served.add(gateway.port);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < gateways.length; place += 1) {
      const gateway = gateways[(place + round) % gateways.length]!;
      // oxlint-disable-next-line no-await-in-loop
      found.get(gateway)?.push(await run(gateway, secondsEach));
    }
  }
  for (const each of connections.values()) for (const connection of each) connection.close();
  return gateways.map((gateway) => ({
    gateway: gateway.name,
    workload: workload.name,
    rounds: found.get(gateway) ?? [],
  }));
}

/** Latency at a fixed rate, interleaved like `contest`. */
export async function paced(
  gateways: readonly Gateway[],
  workload: Workload,
  perSecond: number,
  { tenants, rounds, secondsEach }: Contest,
): Promise<readonly Series[]> {
  const found = new Map<Gateway, Round[]>(gateways.map((gateway) => [gateway, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < gateways.length; place += 1) {
      const gateway = gateways[(place + round) % gateways.length]!;
      const own = gateway.pids();
      const before = { cpu: cpuMs(own), at: performance.now() };
      const caller = gateway.caller(workload, tenants);
      // oxlint-disable-next-line no-await-in-loop
      const taken = await openLoop(gateway.port, caller, perSecond, secondsEach * 1_000);
      found.get(gateway)?.push(roundOf(taken, cpuMs(own) - before.cpu, 0, performance.now() - before.at));
    }
  }
  return gateways.map((gateway) => ({
    gateway: gateway.name,
    workload: `${workload.name} at ${perSecond}/s`,
    rounds: found.get(gateway) ?? [],
  }));
}

function roundOf(taken: readonly Taken[], ownMs: number, storesMs: number, elapsedMs: number): Round {
  const complete = taken.filter((each) => each.complete);
  const totals = complete.map((each) => each.totalMs).toSorted((a, b) => a - b);
  const firsts = complete.map((each) => each.firstMs).toSorted((a, b) => a - b);
  const count = Math.max(1, complete.length);
  return {
    requests: complete.length,
    failed: taken.length - complete.length,
    cpuMicros: (ownMs * 1_000) / count,
    storesCpuMicros: (storesMs * 1_000) / count,
    perSecond: (complete.length * 1_000) / elapsedMs,
    busy: ownMs / elapsedMs,
    p50Ms: at(totals, 0.5),
    p99Ms: at(totals, 0.99),
    firstP50Ms: at(firsts, 0.5),
    firstP99Ms: at(firsts, 0.99),
  };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median over the rounds of one figure. */
export function mid({ rounds }: Series, figure: keyof Round): number {
  return median(rounds.map((round) => round[figure]));
}
