import { isUtf8 } from 'node:buffer';
import {
  type Action,
  type Ask,
  type Dialect,
  err,
  type Evaluated,
  type JsonObject,
  limits,
  ok,
  refuse,
  type Refusal,
  type RequestId,
  type Result,
} from '@writ/domain';
import { type Node, type ObjectNode, parseJson } from '../json/parse.js';
import { readShape } from '../json/read.js';
import type { Shape } from '../json/shape.js';
import { needsOf } from './needs.js';
import { valueOf } from '../json/value.js';

/** What the door knows of a request beside its body. */
export interface AskMeta {
  readonly request: RequestId;
  readonly route: string;
  readonly receivedAt: number;
  readonly clientAddress: string;
  readonly userAgent: string;
  readonly justification?: string;
  readonly conversation?: string;
  readonly idempotencyKey?: string;
  /** Some dialects name the model and the way of answering in the path. */
  readonly pathModel?: string;
  readonly pathStream?: boolean;
}

export interface Particulars {
  readonly model: string;
  readonly stream: boolean;
  readonly tools: readonly string[];
  readonly maxOutputTokens?: number;
  readonly choices: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly evaluated?: Evaluated;
}

export interface RouteShape {
  readonly dialect: Dialect;
  readonly action: Action;
  readonly shape: Shape;
  /** Reads what the canonical form needs from a body that has passed the shape. */
  particulars(body: JsonObject, meta: AskMeta): Result<Particulars, Refusal>;
}

/** Held as long as the body it was made from. */
const trees = new WeakMap<JsonObject, ObjectNode>();

/** The tree that a body was read from: its offsets point into the ask's `source`. Undefined for a body made elsewhere. */
export function treeOfBody(body: JsonObject): ObjectNode | undefined {
  return trees.get(body);
}

/** Parses once and strictly. Everything after this trusts the result. */
export function parseAsk(route: RouteShape, bytes: Uint8Array, meta: AskMeta): Result<Ask, Refusal> {
  const source = decode(bytes);
  if (!source.ok) return source;
  const tree = parseJson(source.value, { depth: limits.jsonDepth, nodes: limits.jsonNodes });
  if (!tree.ok) return err(malformed(tree.error.pointer, tree.error.message));
  const reading = readShape(source.value, tree.value, route.shape);
  if (!reading.ok) return err(malformed(reading.error.pointer, reading.error.message));
  const body = bodyOf(tree.value);
  const particulars = route.particulars(body, meta);
  if (!particulars.ok) return particulars;
  const { pathModel: _model, pathStream: _stream, ...carried } = meta;
  return ok({
    ...carried,
    dialect: route.dialect,
    action: route.action,
    source: source.value,
    body,
    leaves: reading.value.leaves,
    attachments: reading.value.attachments,
    ...particulars.value,
    tools: particulars.value.tools.toSorted(),
    needs: needsOf(route.dialect, body, particulars.value.tools, reading.value.attachments),
  });
}

export function malformed(param: string, message: string): Refusal {
  return refuse('request-malformed', {
    param,
    message: `The request is not valid for this route: ${param || 'the body'} ${message}.`,
  });
}

function decode(bytes: Uint8Array): Result<string, Refusal> {
  if (bytes.length > limits.requestBytes) return err(refuse('request-too-large'));
  if (!isUtf8(bytes)) return err(malformed('', 'is not UTF-8'));
  return ok(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
}

function bodyOf(tree: Node): JsonObject {
  if (tree.kind !== 'object') throw new Error('every route takes an object');
  const body = valueOf(tree) as JsonObject;
  trees.set(body, tree);
  return body;
}
