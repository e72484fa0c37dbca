import { type Attachment, type Leaf, type Role, unreachable } from '@writ/domain';
import { type JsonFault, type Node, type ObjectNode, pointerPart } from './parse.js';
import type { ObjectShape, Shape } from './shape.js';

export interface Reading {
  readonly leaves: readonly Leaf[];
  readonly attachments: readonly Attachment[];
}

/** Not an Error that leaves this file: it only unwinds the reader. */
class Stop extends Error {
  constructor(readonly fault: JsonFault) {
    super(fault.message);
  }
}

/**
 * Checks a request against its shape and collects every string and number of it as a leaf. A key that the caller chose is
 * a leaf too; its path ends in `~key`, which no JSON pointer of a value can.
 */
export function readShape(
  source: string,
  root: Node,
  shape: Shape,
): { ok: true; value: Reading } | { ok: false; error: JsonFault } {
  const reader = new Reader(source);
  try {
    reader.read(root, shape, { path: '', role: 'metadata', key: undefined });
    return { ok: true, value: { leaves: reader.leaves, attachments: reader.attachments } };
  } catch (error) {
    if (error instanceof Stop) return { ok: false, error: error.fault };
    throw error;
  }
}

interface Place {
  readonly path: string;
  readonly role: Role;
  readonly key: string | undefined;
}

class Reader {
  readonly leaves: Leaf[] = [];
  readonly attachments: Attachment[] = [];
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  read(node: Node, shape: Shape, place: Place): void {
    switch (shape.is) {
      case 'text':
      case 'word':
        return this.#string(node, shape, place);
      case 'number':
        return this.#number(node, shape, place);
      case 'boolean':
        return node.kind === 'boolean' ? undefined : stop(place, 'must be true or false');
      case 'object':
        return this.#object(node, shape, place);
      case 'map':
        return this.#map(node, shape, place);
      case 'list':
        return this.#list(node, shape, place);
      case 'variant':
        return this.#variant(node, shape, place);
      case 'either':
        return this.#either(node, shape, place);
      case 'any':
        return this.#any(node, { ...place, role: shape.role ?? place.role }, shape.rewrite ?? false);
      case 'media':
        return this.#media(node, shape, place);
      case 'refused':
        return stop(place, shape.why);
      case 'maybe':
        return node.kind === 'null' ? undefined : this.read(node, shape.shape, place);
      default:
        return unreachable(shape);
    }
  }

  #string(node: Node, shape: Extract<Shape, { is: 'text' | 'word' }>, place: Place): void {
    if (node.kind !== 'string') return stop(place, 'must be a string');
    if (shape.max !== undefined && node.text.length > shape.max)
      return stop(place, `must be at most ${shape.max} long`);
    if (shape.is === 'word' && shape.of && !shape.of.includes(node.text))
      return stop(place, `must be one of ${shape.of.join(', ')}`);
    return this.#leaf(node, node.text, inRole(place, shape.role), shape.is === 'word');
  }

  #number(node: Node, shape: Extract<Shape, { is: 'number' }>, place: Place): void {
    if (node.kind !== 'number') return stop(place, 'must be a number');
    if (shape.whole && !Number.isSafeInteger(node.value)) return stop(place, 'must be a whole number');
    if (shape.min !== undefined && node.value < shape.min) return stop(place, `must be at least ${shape.min}`);
    if (shape.max !== undefined && node.value > shape.max) return stop(place, `must be at most ${shape.max}`);
    return this.#leaf(node, this.#source.slice(node.start, node.end), place, true);
  }

  #object(node: Node, shape: ObjectShape, place: Place): void {
    if (node.kind !== 'object') return stop(place, 'must be an object');
    const here = inRole(place, shape.role);
    for (const found of node.members) {
      const inner = step(here, found.name);
      const expected = Object.hasOwn(shape.fields, found.name) ? shape.fields[found.name] : undefined;
      if (!expected) return stop(inner, 'is not a documented parameter of this route');
      if (expected.is === 'media') this.#media(found.value, expected, inner, siblingType(node, expected.typeFrom));
      else this.read(found.value, expected, inner);
    }
    const missing = shape.required?.find((name) => !node.members.some((found) => found.name === name));
    if (missing !== undefined) return stop(step(place, missing), 'is missing');
    return undefined;
  }

  #map(node: Node, shape: Extract<Shape, { is: 'map' }>, place: Place): void {
    if (node.kind !== 'object') return stop(place, 'must be an object');
    if (shape.max !== undefined && node.members.length > shape.max)
      return stop(place, `must have at most ${shape.max} members`);
    const here = inRole(place, shape.role);
    for (const found of node.members) {
      const inner = step(here, found.name);
      this.#leaf(found, found.name, { ...inner, path: `${inner.path}~key` }, true);
      this.read(found.value, shape.value, inner);
    }
    return undefined;
  }

  #list(node: Node, shape: Extract<Shape, { is: 'list' }>, place: Place): void {
    if (node.kind !== 'list') return stop(place, 'must be a list');
    if (shape.max !== undefined && node.items.length > shape.max)
      return stop(place, `must have at most ${shape.max} items`);
    if (shape.min !== undefined && node.items.length < shape.min)
      return stop(place, `must have at least ${shape.min} items`);
    node.items.forEach((item, index) => this.read(item, shape.of, { ...place, path: `${place.path}/${index}` }));
    return undefined;
  }

  #variant(node: Node, shape: Extract<Shape, { is: 'variant' }>, place: Place): void {
    if (node.kind !== 'object') return stop(place, 'must be an object');
    const found = node.members.find((candidate) => candidate.name === shape.on)?.value;
    const name = found === undefined ? shape.otherwise : found.kind === 'string' ? found.text : undefined;
    if (shape.fallback && name === shape.fallback.on) return this.read(node, shape.fallback.shape, place);
    const chosen = name !== undefined && Object.hasOwn(shape.cases, name) ? shape.cases[name] : undefined;
    if (!chosen) return stop(step(place, shape.on), `must be one of ${Object.keys(shape.cases).join(', ')}`);
    return this.#object(node, chosen, place);
  }

  #either(node: Node, shape: Extract<Shape, { is: 'either' }>, place: Place): void {
    const chosen =
      node.kind === 'string' || node.kind === 'list' || node.kind === 'object' ? shape[node.kind] : shape.otherwise;
    if (!chosen) return stop(place, 'is of a kind that this parameter does not take');
    return this.read(node, chosen, place);
  }

  #any(node: Node, place: Place, rewrite: boolean): void {
    if (node.kind === 'string') {
      const prose = rewrite || place.key === 'description' || place.key === 'title';
      return this.#leaf(node, node.text, place, !prose);
    }
    if (node.kind === 'number') return this.#leaf(node, this.#source.slice(node.start, node.end), place, true);
    if (node.kind === 'list')
      return node.items.forEach((item, index) =>
        this.#any(item, { ...place, path: `${place.path}/${index}` }, rewrite),
      );
    if (node.kind === 'object') {
      for (const found of node.members) {
        const inner = step(place, found.name);
        this.#leaf(found, found.name, { ...inner, path: `${inner.path}~key` }, true);
        this.#any(found.value, inner, rewrite);
      }
    }
    return undefined;
  }

  /** Bytes are not leaves; whatever else stands there (a link, a file's id) is one, and still nobody has read the part. */
  #media(node: Node, shape: Extract<Shape, { is: 'media' }>, place: Place, declared?: string): void {
    if (node.kind !== 'string') return stop(place, 'must be a string');
    const data = /^data:([^;,]{0,127})[;,]/.exec(node.text);
    const mediaType = data?.[1] ?? declared;
    this.attachments.push({
      path: place.path,
      kind: kindOf(mediaType) ?? shape.media,
      bytes: node.end - node.start - 2,
      ...(mediaType ? { mediaType } : {}),
    });
    if (!data && !/^[A-Za-z0-9+/_=-]{512,}$/.test(node.text)) this.#leaf(node, node.text, place, true);
    return undefined;
  }

  #leaf(token: { readonly start: number; readonly end: number }, value: string, place: Place, fixed: boolean): void {
    const { path, role, key } = place;
    const { start, end } = token;
    // Each kind by itself: a request has a leaf for each of its strings.
    if (key === undefined) this.leaves.push({ path, role, text: value, start, end, ...(fixed ? { fixed } : {}) });
    else if (fixed) this.leaves.push({ path, role, text: value, start, end, key, fixed });
    else this.leaves.push({ path, role, text: value, start, end, key });
  }
}

function inRole(place: Place, role: Role | undefined): Place {
  return role === undefined || role === place.role ? place : { path: place.path, role, key: place.key };
}

function siblingType(node: ObjectNode, name: string | undefined): string | undefined {
  const found = node.members.find((candidate) => candidate.name === name)?.value;
  return found?.kind === 'string' ? found.text.slice(0, 127) : undefined;
}

function kindOf(mediaType: string | undefined): 'image' | 'audio' | undefined {
  if (mediaType?.startsWith('image/')) return 'image';
  return mediaType?.startsWith('audio/') ? 'audio' : undefined;
}

function step(place: Place, name: string): Place {
  return { path: `${place.path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, role: place.role, key: name };
}

function stop(place: Place, message: string): never {
  const pointer = place.path
    .split('/')
    .slice(1)
    .map((part) => `/${pointerPart(part.replaceAll('~1', '/').replaceAll('~0', '~'))}`)
    .join('');
  throw new Stop({ pointer, message });
}
