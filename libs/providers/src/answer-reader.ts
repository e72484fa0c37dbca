import { type AnswerPart, limits } from '@writ/domain';
import { type Node, type ObjectNode, parseJson } from './json/parse.js';
import { broken } from './fault.js';

/**
 * Strings that stand beside the answer (titles of citations, a vendor's new field) have negative choices, each its own.
 * They are inspected and spliced like text, but they are no part of what was said, so translators leave them out.
 */
export function isAside(part: { readonly choice: number }): boolean {
  return part.choice < 0;
}

const word = /^[\x21-\x7e]{0,128}$/;
/** Signatures and encrypted reasoning: base64 of any length. */
const opaque = /^[A-Za-z0-9+/=_-]*$/;
const answerLimits = { depth: limits.jsonDepth, nodes: 1_000_000 };

/** The vendor's JSON, strictly. Anything else is a broken answer. */
export function parseAnswer(json: string): Node {
  const tree = parseJson(json, answerLimits);
  if (!tree.ok) throw broken('not-json');
  return tree.value;
}

/**
 * Collects every string of an answer. What the vendor documents as text becomes the part that the caller names; a token
 * of the protocol is left alone; any other string is an aside, so that nothing passes uninspected.
 */
export class AnswerParts {
  readonly list: AnswerPart[] = [];
  #asides = 0;
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  /** The text of an object that stands where other dialects have a string. */
  slice(node: Node): string {
    return this.#source.slice(node.start, node.end);
  }

  text(kind: 'text' | 'reasoning' | 'refusal', choice: number, node: Node | undefined): void {
    if (node?.kind !== 'string') return;
    this.list.push({ kind, choice, text: node.text, at: { start: node.start, end: node.end } });
  }

  /** A fragment of a tool call's arguments. */
  call(
    call: { readonly choice: number; readonly index: number; readonly id?: string; readonly name?: string },
    node: Node | undefined,
  ): void {
    if (node?.kind !== 'string') return;
    const at = { start: node.start, end: node.end };
    this.list.push({ kind: 'tool-call', ...call, arguments: node.text, at });
  }

  /** A protocol token, such as an id. If it is longer or richer than one, it is text. */
  word(node: Node | undefined): void {
    if (node?.kind === 'string' && !word.test(node.text)) this.#aside(node);
  }

  opaque(node: Node | undefined): void {
    if (node?.kind === 'string' && !opaque.test(node.text)) this.#aside(node);
  }

  /** Whatever is not documented. */
  other(node: Node): void {
    if (node.kind === 'string') this.#aside(node);
    if (node.kind === 'list') for (const item of node.items) this.other(item);
    if (node.kind === 'object') for (const member of node.members) this.other(member.value);
  }

  #aside(node: Node): void {
    if (node.kind !== 'string') return;
    this.#asides += 1;
    const at = { start: node.start, end: node.end };
    this.list.push({ kind: 'text', choice: -this.#asides, text: node.text, at, ends: true });
  }
}

/** One JSON of an answer: every string in it is a part or a word of the protocol. */
export interface AnswerReading {
  readonly source: string;
  readonly tree: ObjectNode;
  readonly parts: readonly AnswerPart[];
}
