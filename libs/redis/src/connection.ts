import { err, limits, ok, type Result } from '@writ/domain';
import { systemClock, type Clock } from '@writ/platform';
import { Redis } from 'ioredis';

export interface RedisSettings {
  readonly url: string;
  /** Told once when the connection is lost, unfit or slow, and not again until it was well in between. */
  readonly onProblem: (what: string, cause?: unknown) => void;
}

export interface ConnectionSettings extends RedisSettings {
  /** What waits and pauses are measured by; the system's where none is given. */
  readonly clock?: Pick<Clock, 'monotonicMs' | 'after'>;
}

export type Reply = string | number | null | readonly Reply[];

/** Why there is no answer: the server is out or slow, or it may drop our keys on its own. */
export type Outage = 'unavailable' | 'unfit';

/** A connection that fails fast: no queue, no retry, 50 ms for an answer. Whoever uses it has a way to go on without. */
export interface RedisConnection {
  readonly client: Redis;
  run(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<Result<Reply, Outage>>;
  /** For the start-up check: waits for the first connection, as long as that may take to fail. */
  fitness(): Promise<'fit' | Outage>;
  close(): Promise<void>;
}

/** A Lua script, sent by its hash and loaded again by itself when the server forgot it. */
export interface Script {
  readonly name: string;
  readonly lua: string;
}

const slowAnswers = 3;
const pauseMs = 1_000;
const connectMs = 2_000;
/** A server that leaves a question open for so long is gone, whatever TCP believes. */
const deadSocketMs = 5_000;

/** How every connection of this lib behaves. */
export const options = {
  socketTimeout: deadSocketMs,
  connectTimeout: connectMs,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (times: number) => Math.min(1_000, 50 * 2 ** Math.min(times, 5)),
};

export function connectRedis({ url, onProblem, clock = systemClock }: ConnectionSettings): RedisConnection {
  return new Connection(new Redis(url, options), onProblem, clock);
}

class Connection implements RedisConnection {
  #state: 'connecting' | 'fit' | Outage = 'connecting';
  #failures = 0;
  #pausedUntilMs = 0;
  readonly #known = new Set<string>();
  readonly #settled = Promise.withResolvers<void>();

  constructor(
    readonly client: Redis,
    private readonly onProblem: RedisSettings['onProblem'],
    private readonly clock: Pick<Clock, 'monotonicMs' | 'after'>,
  ) {
    client.on('ready', () => void this.#examine());
    client.on('close', () => this.#become('unavailable', 'Redis is not reachable'));
    client.on('error', (cause) => this.#become('unavailable', 'Redis is not reachable', cause));
  }

  async run(
    script: Script,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<Result<Reply, Outage>> {
    if (this.#state !== 'fit') return err(this.#state === 'unfit' ? 'unfit' : 'unavailable');
    if (this.clock.monotonicMs() < this.#pausedUntilMs) return err('unavailable');
    try {
      const reply = await this.#inTime(this.#call(script, keys, values));
      this.#failures = 0;
      return ok(reply);
    } catch (cause) {
      this.#failed(cause);
      return err('unavailable');
    }
  }

  async fitness(): Promise<'fit' | Outage> {
    await this.#settled.promise;
    return this.#state === 'connecting' ? 'unavailable' : this.#state;
  }

  close(): Promise<void> {
    this.client.removeAllListeners('close');
    this.client.disconnect();
    return Promise.resolve();
  }

  #call(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<Reply> {
    if (!this.#known.has(script.name)) {
      this.client.defineCommand(script.name, { lua: script.lua });
      this.#known.add(script.name);
    }
    const commands = this.client as unknown as Record<
      string,
      (...given: readonly (string | number)[]) => Promise<Reply>
    >;
    return commands[script.name]!(keys.length, ...keys, ...values);
  }

  /** After a few slow answers nobody waits for the next one: the server gets a second of rest. */
  #failed(cause: unknown): void {
    this.#failures += 1;
    if (this.#failures < slowAnswers) return;
    if (this.#failures === slowAnswers) this.onProblem('Redis does not answer in time', cause);
    this.#pausedUntilMs = this.clock.monotonicMs() + pauseMs;
  }

  /** Counters and jobs that may vanish are not counters: any policy but `noeviction` makes this connection unfit. */
  async #examine(): Promise<void> {
    try {
      const memory = await this.client.info('memory');
      const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
      if (policy === 'noeviction') this.#become('fit');
      else this.#become('unfit', `Redis has maxmemory-policy ${policy ?? 'unknown'}; it must be noeviction`);
    } catch (cause) {
      this.#become('unavailable', 'Redis did not tell its maxmemory-policy', cause);
      this.client.disconnect(true);
    }
  }

  #become(state: 'fit' | Outage, problem?: string, cause?: unknown): void {
    if (problem !== undefined && this.#state !== state) this.onProblem(problem, cause);
    this.#state = state;
    this.#settled.resolve();
  }

  /**
   * Rejects after 50 ms, but only once the socket was read: when it was our own process that stood still, the answer may well
   * be there, and timers run before it is seen.
   */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = this.clock.after(limits.redisMs);
    void timer.elapsed.then(() => setImmediate(() => late.reject(new Error('no answer in time'))));
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      timer.cancel();
    }
  }
}
