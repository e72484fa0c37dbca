import { Counter, type CounterConfiguration } from 'prom-client';
import { tallyKey } from './tally-key.js';

/** What was counted under one set of labels since it was last told. */
interface Tally {
  readonly labels: Readonly<Record<string, string>>;
  count: number;
}

/**
 * The library's counter, which is told what was counted when somebody asks: a request counts a dozen times, and the library checks
 * the labels and spells a key of them each time. What operators read is the same to the letter.
 */
export class TalliedCounter extends Counter {
  readonly #names: readonly string[];
  readonly #tallies = new Map<string, Tally>();

  constructor(config: CounterConfiguration<string>) {
    super(config);
    this.#names = [...(config.labelNames ?? [])];
    // What the library calls before it reads a metric.
    Object.assign(this, { collect: () => this.#tell() });
  }

  /** Labels are all there, and no others. */
  tally(labels: Readonly<Record<string, string>>, count = 1): void {
    if (!(count >= 0 && count < Infinity)) throw new TypeError(`${count} cannot be counted`);
    const key = tallyKey(this.#names, labels);
    const tally = this.#tallies.get(key);
    if (tally) tally.count += count;
    else this.#tallies.set(key, { labels, count });
  }

  #tell(): void {
    for (const { labels, count } of this.#tallies.values()) this.inc(labels, count);
    this.#tallies.clear();
  }
}
