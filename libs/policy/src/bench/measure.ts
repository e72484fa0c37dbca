/** One measured figure, with the goal that the design sets for it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
  /** True when more is better. */
  readonly rising?: true;
}

export interface Spread {
  readonly median: number;
  readonly p99: number;
}

/** Times single calls in microseconds after a warm-up; `inner` calls are timed together to rise above the clock. */
export function timeCalls<T>(inputs: readonly T[], rounds: number, inner: number, call: (input: T) => unknown): Spread {
  let sink: unknown;
  const warmUntil = performance.now() + 400;
  for (let warm = 0; performance.now() < warmUntil; warm += 1) sink = call(at(inputs, warm));
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = process.hrtime.bigint();
    for (let index = 0; index < inner; index += 1) sink = call(at(inputs, round * inner + index));
    samples.push(Number(process.hrtime.bigint() - start) / 1_000 / inner);
  }
  if (sink === samples) throw new Error('unreachable, and keeps the calls alive');
  samples.sort((a, b) => a - b);
  return { median: samples[Math.floor(rounds / 2)] ?? 0, p99: samples[Math.floor(rounds * 0.99)] ?? 0 };
}

/** CPU milliseconds of one piece of work, user and system. */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** CPU milliseconds of one call, the mean of many after a warm-up: neighbours on the machine do not count. */
export function cpuMsOfCall<T>(inputs: readonly T[], rounds: number, call: (input: T) => unknown): number {
  for (let warm = 0; warm < rounds; warm += 1) call(at(inputs, warm));
  const spent = cpuMs(() => {
    for (let round = 0; round < rounds; round += 1) call(at(inputs, round));
  });
  return spent / rounds;
}

export function at<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('nothing to measure with');
  return item;
}

export function printFigures(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`);
  for (const { name, value, unit, goal, rising } of figures) {
    const number = value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value < 1 ? 3 : 2);
    const met = goal === undefined ? '' : (rising === true ? value >= goal : value <= goal) ? 'met' : 'MISSED';
    const wanted =
      goal === undefined ? '' : `goal ${rising === true ? '>=' : '<='} ${goal.toLocaleString('en')} ${unit}`;
    console.log(`  ${name.padEnd(62)} ${number.padStart(12)} ${unit.padEnd(14)} ${wanted.padEnd(28)} ${met}`);
  }
}
