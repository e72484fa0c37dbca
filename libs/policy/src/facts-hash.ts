import { hash } from 'node:crypto';
import { canonicalJson } from './canonical.js';
import type { Facts } from './facts.js';

/** `sha256:` and hex of the canonical facts: equal facts, equal hash, whoever built them and in whatever order. */
export function factsHashOf(facts: Facts): string {
  return `sha256:${hash('sha256', canonicalJson(facts))}`;
}
