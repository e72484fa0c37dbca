import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { TalliedCounter } from './tallied-counter.js';
import { TalliedHistogram } from './tallied-histogram.js';

/** A gauge that is read when Prometheus asks, and what becomes of the values of several processes. */
export interface ReadGauge {
  readonly across: 'sum' | 'max';
  collect(gauge: Gauge): void | Promise<void>;
}

/** How often something happened. Labels are all there, and no others. */
export interface Counted {
  tally(labels: Readonly<Record<string, string>>, count?: number): void;
}

/** Times or sizes, by bucket. `value` is in the unit of the bounds. */
export interface Observed {
  observe(labels: Readonly<Record<string, string>>, value: number): void;
}

/** The process's Prometheus registry; served on the management listener only. */
export function createMetrics(): {
  readonly registry: Registry;
  counter(name: string, help: string, labels: readonly string[]): Counted;
  gauge(name: string, help: string, labels: readonly string[], read?: ReadGauge): Gauge;
  histogram(name: string, help: string, labels: readonly string[], bucketsSeconds: readonly number[]): Observed;
} {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'writ_' });
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labels) => new TalliedCounter({ name, help, labelNames: [...labels], registers }),
    gauge: (name, help, labels, read) =>
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        ...(read && {
          aggregator: read.across,
          collect(this: Gauge) {
            return read.collect(this);
          },
        }),
      }),
    histogram(name, help, labels, buckets) {
      const made = new TalliedHistogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers });
      return { observe: (of, value) => made.tally(of, value) };
    },
  };
}
