import { unreachable, type Alias, type Price } from '@writ/domain';
import type { AuthorizedEndpoint } from './authorized-endpoint.js';
import type { Health } from './health.js';

/** One place a request may go: an authorized endpoint and the model to ask it for. */
export interface Candidate {
  readonly endpoint: AuthorizedEndpoint;
  readonly model: string;
  readonly weight: number;
  readonly contextLength: number | undefined;
}

export interface OrderBy {
  readonly strategy: Alias['strategy'];
  readonly prices: readonly Price[];
  readonly health: Health;
  readonly random: () => number;
}

/** The order in which candidates are tried. Never adds one and never drops one. */
export function order(candidates: readonly Candidate[], by: OrderBy): readonly Candidate[] {
  switch (by.strategy) {
    case 'ordered':
      return candidates;
    case 'weighted':
      return byWeight(candidates, by.random);
    case 'least-cost':
      return byCost(candidates, by.prices);
    case 'lowest-latency':
      return byLatency(candidates, by.health, by.random);
    default:
      return unreachable(by.strategy);
  }
}

/** A weighted draw without replacement (Efraimidis and Spirakis): weight 0 is a fallback only. */
function byWeight(candidates: readonly Candidate[], random: () => number): readonly Candidate[] {
  const drawn = candidates.map((candidate, index) => {
    const draw = random();
    return { candidate, index, mark: candidate.weight > 0 ? Math.log(draw) / candidate.weight : -Infinity };
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
