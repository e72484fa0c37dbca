import type { JsonValue } from '@writ/domain';
import { type Node, parseJson } from './parse.js';

const generous = { depth: 64, nodes: 1_000_000 };

/**
 * The value of a tree. This lib never hands an object to `JSON.parse`: V8 14.6 may give a key of an earlier object where
 * an escaped key stands (docs/decisions/0013), so what was classified and what was sent could differ.
 */
export function valueOf(node: Node): JsonValue {
  switch (node.kind) {
    case 'object': {
      // The parser refuses the one name that would not become a member of its own.
      const object: Record<string, JsonValue> = {};
      for (const { name, value } of node.members) object[name] = valueOf(value);
      return object;
    }
    case 'list':
      return node.items.map(valueOf);
    case 'string':
      return node.text;
    case 'null':
      return null;
    default:
      return node.value;
  }
}

/** Undefined when the text is not strict JSON. */
export function readJson(text: string): JsonValue | undefined {
  const tree = parseJson(text, generous);
  return tree.ok ? valueOf(tree.value) : undefined;
}
