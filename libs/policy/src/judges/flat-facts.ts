import type { Endpoint } from '@writ/domain';
import { type Normal, leavesOf } from '../expression.js';
import type { Program } from '../program.js';
import { type View, absent, readEndpoint, readFact, unknown } from '../read-fact.js';

export type FlatValue = string | number | readonly string[];

/** The name of a fact in an exported policy: a class is `class.PHI`, every other fact its own path. */
export const classKey = (name: string): string => `class.${name}`;

/** Every fact that a program's conditions name, by path, as other engines take them. Absent and unknown ones are left out. */
export function flatFacts(program: Program, view: View): Map<string, FlatValue> {
  const facts = new Map<string, FlatValue>();
  for (const path of pathsOf(program)) {
    if (path.startsWith('endpoint.')) continue;
    const fact = path.startsWith('class.') ? (view.facts.data?.classes[path.slice(6)] ?? 0) : readFact(view, path);
    if (fact !== absent && fact !== unknown) facts.set(path, fact);
  }
  return facts;
}

export function flatEndpoint(program: Program, endpoint: Endpoint, atMs: number): Map<string, FlatValue> {
  const paths = [...pathsOf(program)].filter((path) => path.startsWith('endpoint.'));
  return new Map(paths.map((path) => [path, readEndpoint(endpoint, path, atMs)]));
}

export function pathsOf({ rules }: Program): ReadonlySet<string> {
  const paths = new Set<string>();
  const add = (normal: Normal) => {
    for (const { leaf } of leavesOf(normal)) {
      if (leaf.kind === 'class') paths.add(classKey(leaf.name));
      else if (leaf.kind === 'pair') paths.add(leaf.left).add(leaf.right);
      else paths.add(leaf.path);
    }
  };
  for (const { when, endpoints } of rules) {
    add(when);
    if (endpoints !== undefined) add(endpoints);
  }
  return paths;
}
