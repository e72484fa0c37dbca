import type { Leaf } from './classification.js';
import type { RequestId } from './ids.js';
import type { JsonObject } from './json.js';

export type Dialect =
  | 'openai.chat'
  | 'openai.responses'
  | 'openai.embeddings'
  | 'openai.completions'
  | 'anthropic.messages'
  | 'gemini.generate'
  | 'authzen.evaluation';
export type Action = 'chat' | 'embed' | 'complete' | 'count-tokens' | 'evaluate';

/** What a request may need of a model beyond text. The first three are kinds of attachments. */
export type Capability = 'image' | 'audio' | 'file' | 'tools' | 'json-schema' | 'reasoning';

/** A part of a message that is not text. Its bytes are never classified, so policy must allow its kind by name. */
export interface Attachment {
  readonly path: string;
  readonly kind: 'image' | 'audio' | 'file';
  readonly mediaType?: string;
  readonly bytes: number;
}

/** What an evaluation asks about: the request that the caller means to make by itself, and whose request it says it is. */
export interface Evaluated {
  /** The route that the request would have taken here; policy reads it as it reads any other. */
  readonly route: string;
  /** As the caller wrote it. The credential decides who the subject is; another name here is denied. */
  readonly subject: string;
}

/**
 * One request, parsed once and strictly from a dialect: the same canonical shape whatever door was used. `source` is the
 * caller's JSON text as received; leaves point into it, so that a same-dialect endpoint gets it by splice.
 */
export interface Ask {
  readonly request: RequestId;
  readonly dialect: Dialect;
  readonly action: Action;
  /** The HTTP route, e.g. `/v1/chat/completions`. */
  readonly route: string;
  /** When the request arrived, ms since the epoch. */
  readonly receivedAt: number;
  readonly source: string;
  readonly body: JsonObject;
  /** Model or alias, as the caller wrote it. */
  readonly model: string;
  readonly stream: boolean;
  /** Every string of the request, definitions and metadata included. */
  readonly leaves: readonly Leaf[];
  readonly attachments: readonly Attachment[];
  /** Names of the tools offered, sorted. */
  readonly tools: readonly string[];
  /** What the model must be able to, sorted; absent is nothing beyond text. */
  readonly needs?: readonly Capability[];
  readonly maxOutputTokens?: number;
  /** How many answers are asked for (`n`). */
  readonly choices: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Asserted by the caller (`x-writ-justification`); never a ground to permit by itself. */
  readonly justification?: string;
  readonly conversation?: string;
  readonly idempotencyKey?: string;
  /** Present when the action is `evaluate`, and only then. */
  readonly evaluated?: Evaluated;
  readonly clientAddress: string;
  readonly userAgent: string;
}

/** What the caller presents; nothing in it is believed before `identity` has verified it. */
export interface Credential {
  readonly scheme: 'bearer' | 'dpop' | 'api-key' | 'none';
  readonly token: string;
  /** The DPoP proof (RFC 9449), when the scheme is `dpop`. */
  readonly proof?: string;
  /** DER of the TLS client certificate that this connection proved possession of. */
  readonly clientCertificate?: Uint8Array;
  readonly method: string;
  readonly url: string;
}
