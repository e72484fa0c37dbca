import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { json, type Reply } from './reply.js';

/** What a receiver of webhooks took, and what it turned away. */
export interface HookLedger {
  /** Each message once, by its id, in the order in which they first came: what a receiver does on their behalf, it does once. */
  readonly effects: readonly { readonly id: string; readonly body: unknown }[];
  /** Every time a message came, also again. */
  readonly deliveries: number;
  /** Messages that were not signed with the secret, or too old. */
  readonly refused: number;
  /** Times that it was out. */
  readonly outages: number;
}

interface Receiver {
  secret: Uint8Array;
  isOut: boolean;
  readonly effects: Map<string, unknown>;
  deliveries: number;
  refused: number;
  outages: number;
}

const toleranceMs = 5 * 60_000;
const schema = z.strictObject({ secret: z.string().startsWith('whsec_').optional(), out: z.boolean().optional() });

/**
 * Receivers of webhooks at `/hooks/<name>`, as Standard Webhooks 1.0 asks them to be: signature and time are checked before a
 * byte is believed, and a message that comes again has no second effect.
 */
export class Hooks {
  readonly #receivers = new Map<string, Receiver>();

  /** Sets up or changes one: its secret, and whether it is out. */
  control(name: string, body: unknown): Reply {
    const { secret, out } = schema.parse(body);
    const receiver = this.#of(name);
    if (secret !== undefined) receiver.secret = Buffer.from(secret.slice('whsec_'.length), 'base64');
    if (out !== undefined) receiver.isOut = out;
    return json(200, {});
  }

  ledger(name: string): HookLedger {
    const { effects, deliveries, refused, outages } = this.#of(name);
    return { effects: [...effects].map(([id, body]) => ({ id, body })), deliveries, refused, outages };
  }

  /** Undefined where there is no such receiver. */
  take(path: string, headers: Readonly<Record<string, unknown>>, text: string): Reply | undefined {
    const name = /^\/hooks\/([\w-]{1,64})$/.exec(path)?.[1];
    const receiver = name === undefined ? undefined : this.#receivers.get(name);
    if (!receiver) return undefined;
    if (receiver.isOut) {
      receiver.outages += 1;
      return json(503, { error: 'out' });
    }
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures } = headers;
    if (typeof id !== 'string' || !isSigned(receiver.secret, id, String(at), String(signatures), text)) {
      receiver.refused += 1;
      return json(401, { error: 'not signed by whom it should' });
    }
    receiver.deliveries += 1;
    if (!receiver.effects.has(id)) receiver.effects.set(id, JSON.parse(text));
    return json(200, {});
  }

  #of(name: string): Receiver {
    const known = this.#receivers.get(name) ?? {
      secret: new Uint8Array(),
      isOut: false,
      effects: new Map<string, unknown>(),
      deliveries: 0,
      refused: 0,
      outages: 0,
    };
    this.#receivers.set(name, known);
    return known;
  }
}

/** Standard Webhooks 1.0: HMAC-SHA-256 over id, time and body; more than one signature while a secret is rotated. */
function isSigned(secret: Uint8Array, id: string, at: string, signatures: string, text: string): boolean {
  if (secret.length === 0 || !/^\d+$/.test(at) || Math.abs(Date.now() - Number(at) * 1_000) > toleranceMs) return false;
  const expected = createHmac('sha256', secret).update(`${id}.${at}.${text}`).digest();
  return signatures.split(' ').some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
