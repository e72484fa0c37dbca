import { err, ok, type RefusalCode, type Result, type TenantContext } from '@writ/domain';
import type { Held, ReviewedAs, ReviewPort, ReviewRequest } from '@writ/enforcement';

/** Reviews in memory: what was asked, and a verdict that a test gives, now or later. */
export class ReviewTwin implements ReviewPort {
  readonly asked: ReviewRequest[] = [];
  readonly conversations = new Map<string, ReviewedAs>();
  /** What a review finds; undefined never answers. */
  verdictOf: (review: ReviewRequest) => Readonly<Record<string, number>> | 'failed' | undefined = () => undefined;
  refuses: RefusalCode | undefined;

  of(_tenant: TenantContext, keys: readonly string[]): Promise<Result<ReviewedAs, RefusalCode>> {
    if (this.refuses !== undefined) return Promise.resolve(err(this.refuses));
    const known = keys.map((key) => this.conversations.get(key)).find((each) => each !== undefined);
    return Promise.resolve(ok(known ?? { state: 'none', classes: {} }));
  }

  ask(_tenant: TenantContext, _held: Held, review: ReviewRequest): Promise<Result<void, RefusalCode>> {
    if (this.refuses !== undefined) return Promise.resolve(err(this.refuses));
    this.asked.push(review);
    for (const key of review.keys) this.conversations.set(key, { state: 'pending', classes: {} });
    return Promise.resolve(ok(undefined));
  }

  verdict(
    _tenant: TenantContext,
    id: string,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, number>> | 'failed' | undefined> {
    const review = this.asked.find((each) => each.id === id);
    const found = review && this.verdictOf(review);
    if (found !== undefined || signal.aborted) return Promise.resolve(found);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    return promise;
  }
}
