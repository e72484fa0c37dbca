import {
  Histogram,
  type HistogramConfiguration,
  type MetricObjectWithValues,
  type MetricValueWithName,
} from 'prom-client';
import { tallyKey } from './tally-key.js';

/** What was observed under one set of labels. */
interface Tally {
  readonly labels: Readonly<Record<string, string>>;
  /** By bucket; the last is what lies above all bounds. */
  readonly counts: number[];
  sum: number;
}

type Exported = MetricObjectWithValues<MetricValueWithName<string>>;

/**
 * The library's histogram, counted in our own way: a request is observed fifteen times, and the library checks the labels, spells
 * a key of them and looks buckets up by the decimals of their bounds each time. What operators read is the same to the letter.
 */
export class TalliedHistogram extends Histogram {
  readonly #bounds: readonly number[];
  readonly #names: readonly string[];
  readonly #tallies = new Map<string, Tally>();
  /** Never observed: it says what kind of thing this is. */
  readonly #shape: Histogram;

  constructor(config: HistogramConfiguration<string> & { readonly buckets: number[] }) {
    super(config);
    this.#bounds = config.buckets;
    this.#names = [...(config.labelNames ?? [])];
    this.#shape = new Histogram({ ...config, registers: [] });
    // Where the registry asks before it asks for `get`.
    Object.assign(this, { getForPromString: () => this.get() });
  }

  /** `value` is in the unit of the bounds. Labels are all there, and no others. */
  tally(labels: Readonly<Record<string, string>>, value: number): void {
    if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be observed`);
    const key = tallyKey(this.#names, labels);
    let tally = this.#tallies.get(key);
    if (!tally) this.#tallies.set(key, (tally = { labels, counts: this.#noneYet(), sum: 0 }));
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket += 1;
    tally.counts[bucket] = (tally.counts[bucket] ?? 0) + 1;
    tally.sum += value;
  }

  override async get(): Promise<Exported> {
    const about = await this.#shape.get();
    return {
      ...about,
      values: [...this.#tallies.values()].flatMap((tally) => valuesOf(about.name, tally, this.#bounds)),
    };
  }

  #noneYet(): number[] {
    return Array.from({ length: this.#bounds.length + 1 }, () => 0);
  }
}

function valuesOf(name: string, { labels, counts, sum }: Tally, bounds: readonly number[]): Exported['values'] {
  let upTo = 0;
  const buckets = counts.map((count, at) => {
    upTo += count;
    return { metricName: `${name}_bucket`, labels: { le: bounds[at] ?? '+Inf', ...labels }, value: upTo };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: upTo },
  ];
}
