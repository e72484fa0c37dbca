import { separatorOf } from '../text/characters.js';
import { SIGNED, signatureOf, type Tokens } from '../text/tokens.js';
import { expandShape, type Rule } from './rule.js';

export interface ShapedRule {
  readonly rule: Rule;
  readonly bare: number;
  readonly cueGroup: number;
}

interface Node {
  readonly next: Map<number, Node>;
  readonly accepts: ShapedRule[];
}

/**
 * All shapes of all rules, as a trie over word signatures and the separators between them. One map look-up a word tells
 * whether anything structured can start there.
 */
export class ShapeTrie {
  readonly #root: Node = { next: new Map(), accepts: [] };

  add(rule: Rule, cueGroup: number): void {
    const seen = new Set<string>();
    for (const [written, bare] of Object.entries(rule.shapes)) {
      for (const shape of expandShape(written)) {
        if (seen.has(shape)) continue;
        seen.add(shape);
        this.#addShape(shape, { rule, bare, cueGroup });
      }
    }
  }

  #addShape(shape: string, accept: ShapedRule): void {
    let node = this.#root;
    let separator = 0;
    let from = 0;
    for (let at = 0; at <= shape.length; at += 1) {
      const code = at < shape.length ? shape.charCodeAt(at) : 0;
      if (code === 0x39 || code === 0x41) continue;
      node = child(node, keyOf(separator, wordSignature(shape.slice(from, at))));
      separator = code;
      from = at + 1;
    }
    node.accepts.push(accept);
  }

  /** Calls `found` for each rule whose shape starts at the word; `last` is the index of its last word. */
  walk(tokens: Tokens, index: number, found: (accept: ShapedRule, last: number) => void): void {
    let node = this.#root.next.get(keyOf(0, tokens.signature[index]!));
    let last = index;
    while (node) {
      for (const accept of node.accepts) found(accept, last);
      if (node.next.size === 0 || last + 1 >= tokens.count) return;
      const end = tokens.end[last]!;
      if (tokens.start[last + 1]! !== end + 1) return;
      const separator = dividerOf(tokens.text.charCodeAt(end));
      if (separator === 0) return;
      last += 1;
      node = node.next.get(keyOf(separator, tokens.signature[last]!));
    }
  }
}

/** A bracket divides too: `A123456(3)`. */
function dividerOf(code: number): number {
  return code === 0x28 || code === 0x2b ? code : separatorOf(code);
}

function child(node: Node, key: number): Node {
  const known = node.next.get(key);
  if (known) return known;
  const made: Node = { next: new Map(), accepts: [] };
  node.next.set(key, made);
  return made;
}

/** Signatures need 30 bits; the separator goes above them. */
function keyOf(separator: number, signature: number): number {
  return separator === 0 ? signature : separator * 0x40000000 + signature;
}

function wordSignature(word: string): number {
  if (word.length === 0 || word.length > SIGNED) throw new Error(`not a word of a shape: "${word}"`);
  let mask = 0;
  for (let at = 0; at < word.length; at += 1) if (word[at] === '9') mask |= 1 << at;
  return signatureOf(word.length, mask);
}
