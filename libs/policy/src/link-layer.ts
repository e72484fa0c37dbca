import type { Endpoint } from '@writ/domain';
import type { Comparison, Leaf, Normal } from './expression.js';
import { ImageReader } from './image-reader.js';
import { slotKind } from './layout.js';
import { setBit } from './outcome.js';
import { readEndpoint } from './read-fact.js';
import { compare } from './reference.js';

/** One image joined with the endpoints: each endpoint expression is a bitmap, or a small program over bitmaps. */
export interface LinkedLayer {
  readonly reader: ImageReader;
  readonly endpointWords: number;
  readonly all: Int32Array;
  readonly expressions: readonly LinkedExpression[];
  /** The rules that may lift others. */
  readonly overrides: readonly number[];
  /** Working memory: the endpoints denied so far. */
  readonly denied: Int32Array;
}

/** Where endpoint comparisons find the integers of the request; undefined while one is unknown. */
export interface Integers {
  integer(slot: number): number | undefined;
}

type LinkedExpression =
  | { readonly kind: 'bitmap'; readonly bits: Int32Array }
  | { readonly kind: 'and' | 'or'; readonly items: readonly LinkedExpression[]; readonly scratch: Int32Array }
  | {
      readonly kind: 'compare';
      readonly slot: number;
      readonly unknownIsTrue: boolean;
      /** The endpoints' distinct values, rising, and the selection below, at, between and above them. */
      readonly steps: readonly number[];
      readonly selections: readonly Int32Array[];
    };

const mirrored: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

export function linkLayer(words: Int32Array, endpoints: readonly Endpoint[], atMs: number): LinkedLayer {
  const reader = new ImageReader(words);
  const endpointWords = (endpoints.length + 31) >> 5;
  const all = new Int32Array(endpointWords);
  for (let index = 0; index < endpoints.length; index += 1) setBit(all, index);
  const linker = new Linker(reader, endpoints, atMs, endpointWords);
  const expressions = reader.prose().expressions.map((text) => {
    const { unknownIsTrue, when } = JSON.parse(text) as { readonly unknownIsTrue: boolean; readonly when: Normal };
    return linker.link(when, unknownIsTrue);
  });
  const overrides: number[] = [];
  for (let rule = 0; rule < reader.rules; rule += 1) if (reader.effect(rule) === 'override') overrides.push(rule);
  return { reader, endpointWords, all, expressions, overrides, denied: new Int32Array(endpointWords) };
}

class Linker {
  readonly #values = new Map<string, readonly (string | number | readonly string[])[]>();

  constructor(
    readonly reader: ImageReader,
    readonly endpoints: readonly Endpoint[],
    readonly atMs: number,
    readonly endpointWords: number,
  ) {}

  link(part: Normal, unknownIsTrue: boolean): LinkedExpression {
    if (isOfEndpoints(part)) return { kind: 'bitmap', bits: this.#select((endpoint) => this.#holds(part, endpoint)) };
    if (part.kind === 'leaf') return this.#compare(part.leaf, part.negated, unknownIsTrue);
    if (part.kind === 'constant') throw new Error('a constant is of endpoints');
    const items = part.items.filter((item) => !isOfEndpoints(item)).map((item) => this.link(item, unknownIsTrue));
    const fixed = part.items.filter(isOfEndpoints);
    if (fixed.length > 0) items.unshift(this.link({ kind: part.kind, items: fixed }, unknownIsTrue));
    return { kind: part.kind, items, scratch: new Int32Array(this.endpointWords) };
  }

  /** One attribute of all endpoints, read once a link. */
  #column(path: string): readonly (string | number | readonly string[])[] {
    const known = this.#values.get(path);
    if (known !== undefined) return known;
    const column = this.endpoints.map((endpoint) => readEndpoint(endpoint, path, this.atMs));
    this.#values.set(path, column);
    return column;
  }

  #select(holds: (endpoint: number) => boolean): Int32Array {
    const bits = new Int32Array(this.endpointWords);
    for (let endpoint = 0; endpoint < this.endpoints.length; endpoint += 1) if (holds(endpoint)) setBit(bits, endpoint);
    return bits;
  }

  #holds(part: Normal, endpoint: number): boolean {
    if (part.kind === 'constant') return part.value;
    if (part.kind === 'leaf') return this.#leafHolds(part.leaf, endpoint) !== part.negated;
    return part.kind === 'and'
      ? part.items.every((item) => this.#holds(item, endpoint))
      : part.items.some((item) => this.#holds(item, endpoint));
  }

  #leafHolds(leaf: Leaf, endpoint: number): boolean {
    const value = (path: string) => this.#column(path)[endpoint] ?? '';
    if (leaf.kind === 'pair') return compare(Number(value(leaf.left)), leaf.op, Number(value(leaf.right)));
    if (leaf.kind === 'class' || leaf.kind === 'has') throw new Error(`${leaf.kind} is not of endpoints`);
    const found = value(leaf.path);
    if (leaf.kind === 'range') return Number(found) >= leaf.low && Number(found) <= leaf.high;
    if (typeof found === 'string') return leaf.values.includes(found);
    const list = typeof found === 'number' ? [] : found;
    return leaf.kind === 'any'
      ? list.some((item) => leaf.values.includes(item))
      : list.every((item) => leaf.values.includes(item));
  }

  /** An integer of the request against one of each endpoint: a step function, worked out for every step. */
  #compare(leaf: Leaf, negated: boolean, unknownIsTrue: boolean): LinkedExpression {
    if (leaf.kind !== 'pair') throw new Error(`${leaf.kind} of the request is not of endpoints`);
    const endpointFirst = leaf.left.startsWith('endpoint.');
    const path = endpointFirst ? leaf.right : leaf.left;
    const attribute = endpointFirst ? leaf.left : leaf.right;
    const op = endpointFirst ? mirrored[leaf.op] : leaf.op;
    const slot = this.reader.slots.findIndex(
      (entry) => entry.kind === slotKind.integer && entry.path === path && entry.flags === 0,
    );
    if (slot === -1) throw new RangeError('a fact runs out of the image');
    const column = this.#column(attribute).map(Number);
    const steps = [...new Set(column)].toSorted((a, b) => a - b);
    const places = new Map(steps.map((step, index) => [step, index * 2 + 1]));
    const selections = Array.from({ length: steps.length * 2 + 1 }, (_, place) =>
      this.#select((endpoint) => compare(place, op, places.get(column[endpoint] ?? 0) ?? 0) !== negated),
    );
    return { kind: 'compare', slot, unknownIsTrue, steps, selections };
  }
}

function isOfEndpoints(part: Normal): boolean {
  if (part.kind === 'constant') return true;
  if (part.kind !== 'leaf') return part.items.every(isOfEndpoints);
  const { leaf } = part;
  return leaf.kind !== 'pair' || (leaf.left.startsWith('endpoint.') && leaf.right.startsWith('endpoint.'));
}

/** Adds the endpoints of an expression to `into`. `flip` turns every answer-if-unknown round, to find a denial's cause. */
export function selectEndpoints(
  layer: LinkedLayer,
  expression: number,
  integers: Integers,
  flip: boolean,
  into: Int32Array,
): void {
  add(into, endpointsOf(layer, expression, integers, flip));
}

/** The endpoints of an expression, to be read at once and never written to: they are the link's own. */
export function endpointsOf(
  layer: LinkedLayer,
  expression: number,
  integers: Integers,
  flip: boolean,
): Readonly<Int32Array> {
  if (expression === -1) return layer.all;
  const linked = layer.expressions[expression];
  if (linked === undefined) throw new RangeError('an expression runs out of the image');
  return bitsOf(linked, layer, integers, flip);
}

function bitsOf(linked: LinkedExpression, layer: LinkedLayer, integers: Integers, flip: boolean): Int32Array {
  if (linked.kind === 'bitmap') return linked.bits;
  if (linked.kind === 'compare') {
    const value = integers.integer(linked.slot);
    if (value !== undefined) {
      const selection = linked.selections[placeOf(linked.steps, value)];
      if (selection === undefined) throw new RangeError('a step runs out of the link');
      return selection;
    }
    return linked.unknownIsTrue !== flip ? layer.all : nothing;
  }
  const { scratch, kind } = linked;
  for (let index = 0; index < scratch.length; index += 1) scratch[index] = kind === 'and' ? -1 : 0;
  for (const item of linked.items) {
    const bits = bitsOf(item, layer, integers, flip);
    for (let index = 0; index < scratch.length; index += 1) {
      const had = scratch[index] ?? 0;
      scratch[index] = kind === 'and' ? had & (bits[index] ?? 0) : had | (bits[index] ?? 0);
    }
  }
  return scratch;
}

const nothing = new Int32Array(0);

/** 2i + 1 at step i, even between steps. */
function placeOf(steps: readonly number[], value: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return steps[low] === value ? low * 2 + 1 : low * 2;
}

function add(into: Int32Array, bits: Readonly<Int32Array>): void {
  for (let index = 0; index < bits.length; index += 1) into[index] = (into[index] ?? 0) | (bits[index] ?? 0);
}
