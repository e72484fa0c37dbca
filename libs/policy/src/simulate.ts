import type { Endpoint } from '@writ/domain';
import type { Facts } from './facts.js';
import type { PolicyImage } from './image.js';
import { type LinkedPolicy, link } from './link.js';
import type { ChangeGroup, SimulationReport } from './simulation-report.js';
import { Tally, emptyOf, mostFrequent, mostUnknown } from './tally.js';

/** One past request: its record's id, the facts stored with it, and how often it stands for the same. */
export interface RecordedFacts {
  readonly id: string;
  readonly facts: Facts;
}

export interface Simulation {
  readonly before: PolicyImage;
  readonly after: PolicyImage;
  readonly platform?: PolicyImage;
  readonly endpoints: readonly Endpoint[];
  readonly records: Iterable<RecordedFacts>;
  /** Examples kept of each kind; ten unless told. */
  readonly examples?: number;
}

/** Examples of each kind of change that a report keeps. */
const examplesKept = 10;

/** Which of these requests would be decided otherwise? Assurances hold as they did at each request's own moment. */
export function simulate(simulation: Simulation): SimulationReport {
  const tally = new Tally(simulation.examples ?? examplesKept);
  let links: { readonly before: LinkedPolicy; readonly after: LinkedPolicy } | undefined;
  for (const { id, facts } of simulation.records) {
    if (links === undefined || facts.atMs < links.before.validFromMs || facts.atMs >= links.before.validUntilMs) {
      const { before, after, endpoints, platform } = simulation;
      links = {
        before: link(before, endpoints, facts.atMs, platform),
        after: link(after, endpoints, facts.atMs, platform),
      };
    }
    tally.add(id, facts, links.before, links.after);
  }
  return tally.report();
}

/** Two reports of one comparison over different requests, as one. */
export function mergeSimulations(
  one: SimulationReport,
  other: SimulationReport,
  most: number = examplesKept,
): SimulationReport {
  const groups = new Map<string, ChangeGroup>();
  for (const group of [...one.groups, ...other.groups]) {
    const key = `${group.kind} ${group.rules}`;
    groups.set(key, { ...group, count: (groups.get(key)?.count ?? 0) + group.count });
  }
  const unknown = new Map<string, number>();
  for (const { path, requests } of [...one.unknownFacts, ...other.unknownFacts])
    unknown.set(path, (unknown.get(path) ?? 0) + requests);
  return {
    requests: one.requests + other.requests,
    changed: one.changed + other.changed,
    counts: emptyOf((kind) => one.counts[kind] + other.counts[kind]),
    groups: mostFrequent(groups),
    examples: emptyOf((kind) => [...one.examples[kind], ...other.examples[kind]].slice(0, most)),
    withUnknownFacts: one.withUnknownFacts + other.withUnknownFacts,
    unknownFacts: mostUnknown(unknown),
  };
}
