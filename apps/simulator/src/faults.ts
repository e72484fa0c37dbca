import { z } from 'zod';
import type { Dictated } from './model.js';

const phase = z.enum(['headers', 'first', 'middle', 'terminal']);
/** The event before which a fault strikes, counted from 0; it takes the place of the phase. */
const at = z.number().int().min(0).optional();

/** What may go wrong on command. Each kind is a thing that providers have been seen to do. */
export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('delay'), phase, ms: z.number() }),
  /** Nothing more is sent, and the connection stays open. */
  z.strictObject({ kind: z.literal('hang'), phase, at }),
  /** `end` closes in good order without the rest; `reset` destroys the connection. */
  z.strictObject({ kind: z.literal('cut'), phase, at, how: z.enum(['end', 'reset']).default('reset') }),
  z.strictObject({
    kind: z.literal('status'),
    status: z.number(),
    code: z.string().optional(),
    retryAfter: z.string().optional(),
    body: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('redirect'), status: z.number().default(302), location: z.string() }),
  z.strictObject({ kind: z.literal('content-type'), value: z.string() }),
  /** Replaces the whole body. */
  z.strictObject({ kind: z.literal('body'), text: z.string() }),
  /** Sends these bytes in the middle of the answer, before the phase's piece. */
  z.strictObject({ kind: z.literal('inject'), phase, at, text: z.string().optional(), base64: z.string().optional() }),
  /** Half of the first piece, then a good end. */
  z.strictObject({ kind: z.literal('truncate'), phase: phase.default('first'), at }),
  z.strictObject({ kind: z.literal('two-terminals') }),
  z.strictObject({ kind: z.literal('after-terminal'), text: z.string() }),
  z.strictObject({ kind: z.literal('trickle'), bytes: z.number().min(1), ms: z.number() }),
  /** These bytes, and nothing else, go to the socket: for answers that are not HTTP. */
  z.strictObject({ kind: z.literal('raw'), text: z.string() }),
  /** A gzip of this many zero bytes, with the header that says so. */
  z.strictObject({ kind: z.literal('gzip-bomb'), bytes: z.number() }),
]);
export type Fault = z.infer<typeof faultSchema>;

const answerSchema = z.strictObject({
  text: z.string().optional(),
  chunks: z.array(z.string()).optional(),
  reasoning: z.array(z.string()).optional(),
  toolCalls: z.array(z.strictObject({ name: z.string(), arguments: z.string() })).optional(),
  refusal: z.string().optional(),
  finish: z.enum(['stop', 'length', 'tool-calls', 'filtered', 'refusal']).optional(),
  tokens: z
    .strictObject({
      input: z.number().optional(),
      output: z.number().optional(),
      cacheRead: z.number().optional(),
      cacheWrite: z.number().optional(),
      reasoning: z.number().optional(),
    })
    .optional(),
  /** The provider forgets to say what it counted. */
  withoutUsage: z.boolean().optional(),
  /** Usage comes in the last chunk that still has choices, as some providers do. */
  usageWithChoices: z.boolean().optional(),
});

export const scriptSchema = z.strictObject({
  /** All that are given must hold. `path` and `body` are substrings, `place` is the name in `/at/<place>/…`. */
  match: z
    .strictObject({
      path: z.string().optional(),
      model: z.string().optional(),
      place: z.string().optional(),
      key: z.string().optional(),
      body: z.string().optional(),
    })
    .default({}),
  /** How often; absent means until it is cleared. */
  times: z.number().int().positive().optional(),
  fault: faultSchema.optional(),
  answer: answerSchema.optional(),
});
export type Script = z.input<typeof scriptSchema>;

export interface Heard {
  readonly path: string;
  readonly model: string;
  readonly place: string;
  readonly key: string;
  readonly body: string;
}

export interface Directions {
  readonly faults: readonly Fault[];
  readonly answer: Dictated & { readonly withoutUsage?: boolean; readonly usageWithChoices?: boolean };
}

/** The scripts in force, in the order they were given; every one that matches takes part. */
export class Scripts {
  #list: { script: z.output<typeof scriptSchema>; left: number }[] = [];

  add(script: Script): void {
    const parsed = scriptSchema.parse(script);
    this.#list.push({ script: parsed, left: parsed.times ?? Infinity });
  }

  clear(): void {
    this.#list = [];
  }

  take(heard: Heard): Directions {
    const faults: Fault[] = [];
    let answer: Directions['answer'] = {};
    for (const entry of this.#list) {
      if (entry.left <= 0 || !matches(entry.script.match, heard)) continue;
      entry.left -= 1;
      if (entry.script.fault) faults.push(entry.script.fault);
      if (entry.script.answer) answer = { ...answer, ...(entry.script.answer as Directions['answer']) };
    }
    return { faults, answer };
  }
}

function matches(match: z.output<typeof scriptSchema>['match'], heard: Heard): boolean {
  // A token endpoint is no model: a script strikes it only where it names its path.
  if (match.path === undefined && heard.path.startsWith('/oauth2/')) return false;
  return (
    heard.path.includes(match.path ?? '') &&
    heard.body.includes(match.body ?? '') &&
    (match.model === undefined || match.model === heard.model) &&
    (match.place === undefined || match.place === heard.place) &&
    (match.key === undefined || match.key === heard.key)
  );
}
