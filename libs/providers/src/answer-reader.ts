import { type AnswerPart, limits } from '@writ/domain';
import type { Node } from './json/parse.js';
import { parseJson } from './json/parse.js';
import { broken } from './fault.js';

/**
 * Choice of strings that stand beside the answer (titles of citations, a vendor's new field). They are inspected and
 * spliced like text, but they are no part of what was said, so translators leave them out.
 */
export const aside = -1;

const word = /^[\x21-\x7e]{0,128}$/;
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

  text(kind: 'text' | 'reasoning' | 'refusal', choice: number, node: Node | undefined): void {
    if (node?.kind !== 'string') return;
    this.list.push({ kind, choice, text: node.text, at: { start: node.start, end: node.end } });
  }

  /** A protocol token, such as an id. If it is longer or richer than one, it is text. */
  word(node: Node | undefined): void {
    if (node?.kind === 'string' && !word.test(node.text)) this.text('text', aside, node);
  }

  /** Whatever is not documented. */
  other(node: Node): void {
    if (node.kind === 'string') this.text('text', aside, node);
    if (node.kind === 'list') for (const item of node.items) this.other(item);
    if (node.kind === 'object') for (const member of node.members) this.other(member.value);
  }
}
