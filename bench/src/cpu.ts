import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** `pid` and everything below it. */
export function family(pid: number): readonly number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`) ?? '';
  return [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(family)];
}

/** CPU time of these processes with all their threads, user and system, in ms. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ofProcess(pid), 0);
}

/** The scheduler's count (nanoseconds) where the kernel keeps one, else `/proc/<pid>/stat` in ticks of 10 ms. */
function ofProcess(pid: number): number {
  let nanoseconds = 0;
  for (const thread of threads(pid))
    nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ')[0] ?? 0);
  if (nanoseconds > 0) return nanoseconds / 1e6;
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return 0;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of these processes in MiB. */
export function residentMiB(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0));
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1_024;
}

/** Binds every thread that these processes have now, and all they will make, to the cores. */
export function pin(pids: readonly number[], cores: readonly number[]): void {
  for (const pid of pids) {
    const done = spawnSync('taskset', ['-acp', cores.join(','), String(pid)], { encoding: 'utf8' });
    if (done.error) throw new Error('taskset is not here; on Debian: apt-get install util-linux');
  }
}

export interface Cores {
  /** Where gateways run. */
  readonly gateway: readonly number[];
  /** Where two gateway processes run. Shares a core with everything else when the machine has fewer than four. */
  readonly two: readonly number[];
  /** Load driver, upstream, Postgres and Redis. */
  readonly rest: readonly number[];
  /** False when two gateway processes leave no core for the rest. */
  readonly twoAlone: boolean;
}

export function coresOfMachine(): Cores {
  const count = availableParallelism();
  if (count < 2) throw new Error('the bench needs two cores: one for the gateway, one for everything else');
  const all = Array.from({ length: count }, (_, core) => core);
  return { gateway: [0], two: [0, 1], rest: count < 4 ? [1] : all.slice(2), twoAlone: count >= 4 };
}

function threads(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Undefined for a process that is gone: it costs nothing any more. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
