import { Connection, openLoop, type Caller, type Taken } from './driver.js';

export interface Flood {
  readonly port: number;
  readonly caller: Caller;
  readonly requests: number;
  readonly atOnce: number;
  /** Requests a second at most; as fast as they are answered unless given. */
  readonly perSecond?: number;
}

/** What a flood was answered with, and what another caller had meanwhile. */
export interface Flooded {
  readonly seconds: number;
  readonly statuses: Readonly<Record<number, number>>;
  readonly beside: readonly Taken[];
}

/** Floods, and asks as the other caller as long as the flood lasts: at a fixed rate, in slices of a second. */
export async function besideFlood(
  flood: Flood,
  quiet: { readonly port: number; readonly caller: Caller; readonly perSecond: number; readonly kept?: Connection[] },
): Promise<Flooded> {
  const from = performance.now();
  const over = new AbortController();
  const flooding = send(flood).finally(() => over.abort());
  const beside: Taken[] = [];
  while (!over.signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other
    beside.push(...(await openLoop(quiet.port, quiet.caller, quiet.perSecond, 1_000, quiet.kept)));
  }
  const statuses = await flooding;
  return { seconds: (performance.now() - from) / 1_000, statuses, beside };
}

async function send({ port, caller, requests, atOnce, perSecond }: Flood): Promise<Readonly<Record<number, number>>> {
  const statuses: Record<number, number> = {};
  const from = performance.now();
  let sent = 0;
  const lane = async (): Promise<void> => {
    const connection = new Connection(port);
    while (sent < requests) {
      const dueMs = perSecond === undefined ? 0 : from + (sent * 1_000) / perSecond - performance.now();
      sent += 1;
      // oxlint-disable-next-line no-await-in-loop -- one after the other in each lane
      if (dueMs > 1) await new Promise((resolve) => setTimeout(resolve, dueMs));
      // oxlint-disable-next-line no-await-in-loop -- as above
      const { status } = await connection.send(caller);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return statuses;
}

/** `p50` and `p99` of what was answered in full, and how much of it was. */
export function latencies(taken: readonly Taken[]): string {
  const whole = taken.filter(({ complete }) => complete).map(({ totalMs }) => totalMs);
  const at = (share: number): string => quantile(whole, share).toFixed(1).padStart(8);
  return `${String(whole.length).padStart(6)} of ${taken.length} answered  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`;
}

/** The median of each step that the gateway says it took, ms, the longest first. */
export function steps(taken: readonly Taken[]): string {
  const names = new Set(taken.flatMap((one) => Object.keys(one.steps)));
  return [...names]
    .map((name) => ({
      name,
      ms: quantile(
        taken.map((one) => one.steps[name] ?? 0),
        0.5,
      ),
    }))
    .toSorted((one, two) => two.ms - one.ms)
    .filter(({ ms }) => ms >= 0.05)
    .map(({ name, ms }) => `${name} ${ms.toFixed(1)}`)
    .join(', ');
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}
