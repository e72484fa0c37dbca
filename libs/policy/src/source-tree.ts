import { Document, LineCounter, Scalar, isAlias, isMap, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { Complaints } from './diagnostic.js';
import { policyLimits } from './limits.js';

/** A document as maps, lists and scalars, each with its offset into the source. */
export type Tree =
  | { readonly kind: 'map'; readonly entries: readonly TreeEntry[]; readonly at: number }
  | { readonly kind: 'list'; readonly items: readonly Tree[]; readonly at: number }
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null; readonly at: number };

export interface TreeEntry {
  readonly key: string;
  readonly keyAt: number;
  readonly value: Tree;
}

/** Reads YAML (or JSON, which is YAML). Undefined after a complaint: nothing hostile reaches the YAML parser. */
export function readTree(source: string, complaints: Complaints): Tree | undefined {
  if (!looksReasonable(source, complaints)) return undefined;
  let document: Document.Parsed;
  try {
    document = parseDocument(source, {
      lineCounter: new LineCounter(),
      uniqueKeys: false,
      merge: false,
      prettyErrors: false,
    });
  } catch {
    complaints.error(0, 'E_YAML', 'the document could not be read as YAML');
    return undefined;
  }
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    const tag = message.includes('tag') && source.charAt(pos[0]) === '!';
    complaints.error(pos[0], 'E_YAML', message, tag ? "quote an expression that begins with '!'" : undefined);
  }
  if (complaints.errors > 0) return undefined;
  if (document.contents === null) {
    complaints.error(0, 'E_MISSING', 'the document is empty');
    return undefined;
  }
  const tree = convert(document.contents, 0, complaints);
  return complaints.errors > 0 ? undefined : tree;
}

/** One pass over the characters, before any parser sees them: size, amount and depth. */
function looksReasonable(source: string, complaints: Complaints): boolean {
  if (source.length > policyLimits.sourceLength) {
    complaints.error(
      policyLimits.sourceLength,
      'E_LIMIT',
      `a document may have ${policyLimits.sourceLength} characters`,
    );
    return false;
  }
  let tokens = 0;
  let entries = 0;
  let open = 0;
  for (let start = 0; start < source.length;) {
    const newline = source.indexOf('\n', start);
    const end = newline === -1 ? source.length : newline;
    const line = measureLine(source, start, end);
    tokens += line.tokens;
    entries += line.dashes;
    open = Math.max(0, open + line.opened);
    if (line.dashes > policyLimits.sourceDepth || line.indent > 200 || open > 64 || line.deepest > 64) {
      complaints.error(start + line.indent, 'E_DEPTH', `nested more than ${policyLimits.sourceDepth} deep`);
      return false;
    }
    if (tokens > policyLimits.sourceTokens || entries > policyLimits.sourceTokens / 2) {
      complaints.error(start, 'E_LIMIT', 'the document holds more entries than any policy within the limits needs');
      return false;
    }
    start = end + 1;
  }
  return true;
}

function measureLine(source: string, start: number, end: number) {
  let at = start;
  let dashes = 0;
  let indent = 0;
  for (; at < end; at += 1) {
    const character = source.charCodeAt(at);
    if (character === 0x20 || character === 0x09) indent += dashes === 0 ? 1 : 0;
    else if ((character === 0x2d || character === 0x3f) && (at + 1 === end || source.charCodeAt(at + 1) === 0x20))
      dashes += 1;
    else break;
  }
  let tokens = at < end ? 1 : 0;
  let opened = 0;
  let deepest = 0;
  let quote = 0;
  for (; at < end; at += 1) {
    const character = source.charCodeAt(at);
    if (quote !== 0) {
      if (character === quote) quote = 0;
    } else if (character === 0x22 || character === 0x27) quote = character;
    else if (character === 0x5b || character === 0x7b) {
      opened += 1;
      tokens += 1;
      deepest = Math.max(deepest, opened);
    } else if (character === 0x5d || character === 0x7d) opened -= 1;
    else if (character === 0x2c) tokens += 1;
    else if (character === 0x23 && (at === start || source.charCodeAt(at - 1) === 0x20)) break;
  }
  return { tokens, dashes, indent, opened, deepest };
}

function convert(node: unknown, depth: number, complaints: Complaints): Tree {
  const at = offsetOf(node);
  const nothing: Tree = { kind: 'scalar', value: null, at };
  if (depth > policyLimits.sourceDepth) {
    complaints.error(at, 'E_DEPTH', `nested more than ${policyLimits.sourceDepth} deep`);
    return nothing;
  }
  if (isAlias(node) || ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined)) {
    complaints.error(at, 'E_ANCHOR', 'anchors and aliases are not used in policies: write the value again');
    return nothing;
  }
  if (isMap(node)) return { kind: 'map', entries: entriesOf(node.items, depth, complaints), at };
  if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => convert(item, depth + 1, complaints)), at };
  if (!isScalar(node)) return nothing;
  const { value } = node;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return { kind: 'scalar', value, at };
  if (value !== null && value !== undefined)
    complaints.error(at, 'E_TYPE', 'only strings, numbers, true, false and null are used');
  return nothing;
}

function entriesOf(pairs: readonly unknown[], depth: number, complaints: Complaints): readonly TreeEntry[] {
  const seen = new Set<string>();
  const entries: TreeEntry[] = [];
  for (const pair of pairs) {
    if (!isPair(pair)) continue;
    const keyAt = offsetOf(pair.key);
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    if (isScalar(pair.key) && pair.key.anchor !== undefined)
      complaints.error(keyAt, 'E_ANCHOR', 'anchors are not used in policies');
    if (!isScalar(pair.key) || key === '__proto__') complaints.error(keyAt, 'E_KEY', 'a key must be a plain word');
    if (seen.has(key)) complaints.error(keyAt, 'E_DUPLICATE', `'${key.slice(0, 80)}' stands here twice`);
    seen.add(key);
    entries.push({ key, keyAt, value: convert(pair.value ?? new Scalar(null), depth + 1, complaints) });
  }
  return entries;
}

function offsetOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}

/**
 * Where character `index` of a scalar's value stands in the source. Value and source are walked side by side, so that
 * quotes, escapes, block headers and indentation are stepped over in whatever style the author chose.
 */
export function offsetInScalar(source: string, start: number, value: string, index: number): number {
  let at = start;
  const opening = source.charAt(at);
  if (opening === '|' || opening === '>') at = source.indexOf('\n', at) + 1;
  else if (opening === '"' || opening === "'") at += 1;
  for (let position = 0; position < value.length && at < source.length; position += 1) {
    while (at < source.length && !stands(source.charAt(at), value.charAt(position))) at += 1;
    if (position === index) return at;
    at += 1;
  }
  return at;
}

/** A folded line break is read as a space. */
function stands(written: string, wanted: string): boolean {
  return written === wanted || (wanted === ' ' && written === '\n');
}
