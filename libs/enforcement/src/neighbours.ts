/** How long two tenants count as neighbours after one followed the other. */
const neighboursMs = 1_000;

/**
 * Whether several tenants use this process now. What serves many at once is then done in smaller pieces: a tenant that is alone
 * has nobody to wait for it, and larger pieces cost less.
 */
export class Neighbours {
  #last: string | undefined;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly monotonicMs: () => number) {}

  /** A request of this tenant is here. */
  seen(tenant: string): void {
    if (tenant === this.#last) return;
    if (this.#last !== undefined) this.#untilMs = this.monotonicMs() + neighboursMs;
    this.#last = tenant;
  }

  /** True for a second after requests of two tenants followed one another. */
  areSeveral(): boolean {
    return this.monotonicMs() < this.#untilMs;
  }
}
