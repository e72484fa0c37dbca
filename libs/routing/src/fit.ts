import type { Capability } from '@writ/domain';
import type { Candidate } from './candidate.js';

/** What the request needs of whoever serves it. */
export interface Demands {
  readonly capabilities: readonly Capability[];
  /** Tokens in and out at most: what the context must hold. */
  readonly tokens: number;
}

/** True unless the candidate declares that it cannot. What a tenant does not declare is not held against the candidate. */
export function fits({ contextLength, capabilities }: Candidate, demands: Demands): boolean {
  if (contextLength !== undefined && contextLength < demands.tokens) return false;
  return capabilities === undefined || demands.capabilities.every((needed) => capabilities.includes(needed));
}

/** Only who fits, in the order given; a candidate that declares what it can comes before one that declares nothing. */
export function byFit(candidates: readonly Candidate[], demands: Demands): readonly Candidate[] {
  const fitting = candidates.filter((candidate) => fits(candidate, demands));
  const isDeclared = ({ capabilities, contextLength }: Candidate): boolean =>
    (demands.capabilities.length === 0 || capabilities !== undefined) && contextLength !== undefined;
  return fitting.toSorted((a, b) => Number(isDeclared(b)) - Number(isDeclared(a)));
}
