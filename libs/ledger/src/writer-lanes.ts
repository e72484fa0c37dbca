import { type ChainPosition, noPrevious } from './leaf.js';

const chainsHeld = 20_000;

/**
 * The chains of one commit slot: at most one transaction of a slot is under way, so its order is the store's order. A
 * chain whose end is in doubt is never continued: the next record of that log opens a new lane from 1, and neither fate
 * of the doubtful records leaves a hole.
 */
export class WriterLanes {
  readonly #chains = new Map<string, ChainPosition>();

  constructor(private readonly newLane: () => string) {}

  position(origin: string): ChainPosition {
    return this.#chains.get(origin) ?? { lane: this.newLane(), sequence: 0, previous: noPrevious };
  }

  advance(origin: string, position: ChainPosition): void {
    this.#chains.delete(origin);
    this.#chains.set(origin, position);
    if (this.#chains.size <= chainsHeld) return;
    const [longestUnused] = this.#chains.keys();
    if (longestUnused !== undefined) this.#chains.delete(longestUnused);
  }

  abandon(origin: string): void {
    this.#chains.delete(origin);
  }
}
