import type { Rest } from '@writ/routing';
import { Redis } from 'ioredis';
import { options, type RedisSettings } from './connection.js';

/** Tells the other processes which endpoint keys rest, and hears it from them. */
export interface SharedRests {
  tell(rest: Rest): void;
  close(): Promise<void>;
}

export interface SharedRestsNeeds extends RedisSettings {
  readonly nowMs: () => number;
  /** `LocalHealth.rest`. */
  readonly heard: (rest: Rest) => void;
}

const channel = 'writ:rests';
/** Longer than any rest lasts: a wrong clock elsewhere must not retire a key here. */
const longestMs = 15 * 60_000;
const reasons: readonly Rest['why'][] = ['cooldown', 'quarantine', 'breaker'];

/** A hint, not a truth: what is lost while Redis is out, each process learns from the provider itself. */
export function sharedRests({ url, onProblem, nowMs, heard }: SharedRestsNeeds): SharedRests {
  const speaker = new Redis(url, options);
  const listener = new Redis(url, options);
  for (const client of [speaker, listener]) tellOnce(client, onProblem);
  const subscribe = async (): Promise<void> => {
    try {
      await listener.subscribe(channel);
    } catch (cause) {
      onProblem('rests of other processes are not heard', cause);
      listener.disconnect(true);
    }
  };
  listener.on('ready', () => void subscribe());
  listener.on('message', (_channel, text) => {
    const rest = readRest(text, nowMs());
    if (rest) heard(rest);
  });
  return {
    tell: (rest) => {
      speaker
        .publish(channel, JSON.stringify(rest))
        .catch((cause: unknown) => onProblem('a rest was not shared', cause));
    },
    close: () => {
      for (const client of [speaker, listener]) client.disconnect();
      return Promise.resolve();
    },
  };
}

/** An outage is one problem, however often the client tries again. */
function tellOnce(client: Redis, onProblem: RedisSettings['onProblem']): void {
  let isTold = false;
  client.on('ready', () => (isTold = false));
  client.on('error', (cause) => {
    if (!isTold) onProblem('rests are not shared', cause);
    isTold = true;
  });
}

/** Undefined for anything that is not a rest of a plausible length. */
export function readRest(text: string, nowMs: number): Rest | undefined {
  try {
    const { endpoint, key, why, untilMs } = JSON.parse(text) as Partial<Record<keyof Rest, unknown>>;
    const reason = reasons.find((one) => one === why);
    if (typeof endpoint !== 'string' || (key !== undefined && typeof key !== 'string') || !reason) return undefined;
    if (typeof untilMs !== 'number' || !(untilMs > nowMs)) return undefined;
    return { endpoint, key, why: reason, untilMs: Math.min(untilMs, nowMs + longestMs) };
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) return undefined;
    throw cause;
  }
}
