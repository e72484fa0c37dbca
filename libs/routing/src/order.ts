import { unreachable, type Alias, type Price, type Strategy } from '@writ/domain';
import { byFit, type Demands } from './fit.js';
import type { Candidate } from './candidate.js';
import type { Health } from './health.js';
import { drawsOf } from './sticky.js';

export interface OrderBy {
  readonly strategy: Alias['strategy'];
  readonly prices: readonly Price[];
  readonly health: Health;
  readonly random: () => number;
  readonly demands?: Demands;
  /** Names the conversation, for `sticky`. */
  readonly conversation?: string | undefined;
}

/**
 * The order in which candidates are tried. Never adds one, and only `capability-fit` drops one. Of a combination the
 * earlier strategy decides and a later one only breaks its ties.
 */
export function order(candidates: readonly Candidate[], by: OrderBy): readonly Candidate[] {
  const strategies = typeof by.strategy === 'string' ? [by.strategy] : by.strategy;
  return strategies.reduceRight<readonly Candidate[]>((ordered, strategy) => apply(strategy, ordered, by), candidates);
}

function apply(strategy: Strategy, candidates: readonly Candidate[], by: OrderBy): readonly Candidate[] {
  switch (strategy) {
    case 'ordered':
      return candidates;
    case 'weighted':
      return byWeight(candidates, by.random);
    case 'least-cost':
      return byCost(candidates, by.prices);
    case 'lowest-latency':
      return byLatency(candidates, by.health, by.random);
    case 'capability-fit':
      return byFit(candidates, by.demands ?? { capabilities: [], tokens: 0 });
    case 'sticky':
      return byConversation(candidates, by);
    default:
      return unreachable(strategy);
  }
}

/** A weighted draw without replacement (Efraimidis and Spirakis): weight 0 is a fallback only. */
function byWeight(candidates: readonly Candidate[], random: () => number): readonly Candidate[] {
  return byDraw(candidates, candidates.map(random));
}

/** The same draw, with the conversation for a die: rendezvous hashing, so a candidate that leaves moves only its own share. */
function byConversation(candidates: readonly Candidate[], { conversation, random }: OrderBy): readonly Candidate[] {
  if (conversation === undefined) return byWeight(candidates, random);
  return byDraw(
    candidates,
    candidates.map(({ endpoint, model }) => drawsOf(conversation, endpoint.id, model)),
  );
}

function byDraw(candidates: readonly Candidate[], draws: readonly number[]): readonly Candidate[] {
  const drawn = candidates.map((candidate, index) => {
    const mark = candidate.weight > 0 ? Math.log(draws[index] ?? 0) / candidate.weight : -Infinity;
    return { candidate, index, mark };
  });
  return drawn
    .toSorted((a, b) => (a.mark === b.mark ? a.index - b.index : b.mark - a.mark))
    .map(({ candidate }) => candidate);
}

/** By the price of a million tokens in and out; a candidate without a price comes last, then the endpoint's cost class. */
function byCost(candidates: readonly Candidate[], prices: readonly Price[]): readonly Candidate[] {
  const costs = new Map(candidates.map((candidate) => [candidate, costOf(candidate, prices)]));
  return candidates.toSorted((a, b) => {
    const [costA, costB] = [costs.get(a), costs.get(b)];
    if (costA !== undefined && costB !== undefined && costA !== costB) return costA < costB ? -1 : 1;
    if ((costA === undefined) !== (costB === undefined)) return costA === undefined ? 1 : -1;
    return a.endpoint.costClass - b.endpoint.costClass;
  });
}

function costOf({ endpoint, model }: Candidate, prices: readonly Price[]): bigint | undefined {
  const ofModel = prices.filter((price) => price.model === model);
  const price =
    ofModel.find((one) => one.endpoint === endpoint.id) ?? ofModel.find((one) => one.endpoint === undefined);
  return price === undefined ? undefined : BigInt(price.inputMicrosPerMillion) + BigInt(price.outputMicrosPerMillion);
}

/**
 * Power of two choices: of two drawn at random the quicker goes first, so that the quickest endpoint is not stampeded; the
 * rest follow by latency. One never measured counts as quick, so that it is measured.
 */
function byLatency(candidates: readonly Candidate[], health: Health, random: () => number): readonly Candidate[] {
  const latencyOf = (candidate: Candidate): number => health.latencyMs(candidate.endpoint.id) ?? 0;
  const sorted = candidates.toSorted((a, b) => latencyOf(a) - latencyOf(b));
  if (sorted.length < 3) return sorted;
  const one = Math.floor(random() * sorted.length);
  const step = 1 + Math.floor(random() * (sorted.length - 1));
  const first = sorted[Math.min(one, (one + step) % sorted.length)]!;
  return [first, ...sorted.filter((candidate) => candidate !== first)];
}
