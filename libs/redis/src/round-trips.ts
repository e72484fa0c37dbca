import type { TenantId } from '@writ/domain';
import type { RedisConnection } from './connection.js';
import { tagOf } from './key.js';
import { countScript } from './scripts.js';

/** What is asked in one turn and answered together. */
interface Batch {
  readonly tenant: TenantId;
  operations: string[];
  readonly asked: { readonly numbers: number; answer(numbers: readonly number[] | undefined): void }[];
  /** Somebody waits for it, and it leaves at the end of this turn. */
  isDue: boolean;
  /** Nobody does, and it leaves by itself. */
  late: { cancel(): void } | undefined;
}

/** So that one script never keeps Redis from others for long. */
const operationsAtMost = 128;
/** What nobody waits for travels with the next question, or by itself after so long. */
const tellMs = 5;

/**
 * Operations of `countScript`. Those of one tenant that come up in one turn of the event loop share a command, in their order;
 * what was told before a question is always counted before it. So a request costs one round trip at most, and often a part.
 */
export class RoundTrips {
  readonly #batches = new Map<TenantId, Batch>();
  readonly #answers = new Set<Promise<void>>();

  constructor(
    private readonly redis: RedisConnection,
    private readonly clock: { after(ms: number): { readonly elapsed: Promise<void>; cancel(): void } },
  ) {}

  /** Answers so many numbers, or undefined while Redis is out. */
  ask(tenant: TenantId, operation: string, numbers: number): Promise<readonly number[] | undefined> {
    const batch = this.#batch(tenant);
    batch.operations.push(operation);
    const { promise, resolve } = Promise.withResolvers<readonly number[] | undefined>();
    batch.asked.push({ numbers, answer: resolve });
    if (!batch.isDue) {
      batch.isDue = true;
      setImmediate(() => this.#send(batch));
    }
    return promise;
  }

  /** Waits for nothing. What is told while Redis is out is lost: it expires there by itself. */
  tell(tenant: TenantId, operation: string): void {
    const batch = this.#batch(tenant);
    batch.operations.push(operation);
    if (batch.isDue || batch.late) return;
    const late = this.clock.after(tellMs);
    batch.late = late;
    void late.elapsed.then(() => this.#send(batch));
  }

  /** Sends what was told, and resolves when it was answered. */
  async flush(): Promise<void> {
    for (const batch of this.#batches.values()) this.#send(batch);
    await Promise.all(this.#answers);
  }

  /** The one that is not sent yet. */
  #batch(tenant: TenantId): Batch {
    const waiting = this.#batches.get(tenant);
    if (waiting && waiting.operations.length < operationsAtMost) return waiting;
    if (waiting) this.#send(waiting);
    const batch: Batch = { tenant, operations: [], asked: [], isDue: false, late: undefined };
    this.#batches.set(tenant, batch);
    return batch;
  }

  #send(batch: Batch): void {
    if (batch.operations.length === 0) return;
    batch.late?.cancel();
    if (this.#batches.get(batch.tenant) === batch) this.#batches.delete(batch.tenant);
    const operations = `[${batch.operations.join(',')}]`;
    batch.operations = [];
    const answered = this.#settle(batch, operations).finally(() => this.#answers.delete(answered));
    this.#answers.add(answered);
  }

  async #settle({ tenant, asked }: Batch, operations: string): Promise<void> {
    const reply = await this.redis.run(countScript, [tagOf(tenant)], [operations]);
    const numbers = reply.ok && typeof reply.value === 'string' ? reply.value.split(' ').map(Number) : [];
    const isWhole =
      numbers.length === asked.reduce((sum, one) => sum + one.numbers, 0) && numbers.every(Number.isSafeInteger);
    let from = 0;
    for (const one of asked) {
      one.answer(isWhole ? numbers.slice(from, from + one.numbers) : undefined);
      from += one.numbers;
    }
  }
}
