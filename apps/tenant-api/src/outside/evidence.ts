import type { EvidenceStore, StoredEntry } from '@writ/postgres';
import type { DecisionQuery, DecisionView, EvidencePort } from '../ports.js';

/** What of a decision's clear fields the API shows. Everything else of the leaf is there for who verifies it. */
interface ClearDecision {
  readonly req?: string;
  readonly effect?: 'permit' | 'deny';
  readonly code?: string;
  readonly rules?: readonly string[];
  readonly endpoints?: readonly string[];
  readonly model?: string;
  readonly policy?: { readonly hash?: string; readonly version?: number };
  readonly classification?: { readonly classes?: Readonly<Record<string, number>> } | null;
  readonly result?: string;
}

const pageOfRecords = 200;
const pagesSearched = 20;

/** Reads decisions from the ledger's own records: there is no second copy that could say something else. */
export function recordedEvidence(store: EvidenceStore): EvidencePort {
  return {
    async decision(tenant, record) {
      const entries = await store.request(tenant, record);
      const decision = entries.find((entry) => entry.record === record);
      return decision && viewOf(decision, entries);
    },
    async decisions(tenant, query) {
      const found: DecisionView[] = [];
      let before = query.after;
      for (let page = 0; page < pagesSearched; page += 1) {
        // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
        const entries = await store.decisions(tenant, rangeOf(query, before));
        found.push(...entries.map((entry) => viewOf(entry, [entry])).filter((view) => matches(view, query)));
        before = entries.at(-1)?.record;
        if (found.length >= query.first) return { found: found.slice(0, query.first) };
        if (entries.length < pageOfRecords) return { found };
      }
      return { found, ...(before === undefined ? {} : { searchedTo: before }) };
    },
    proof: (tenant, record) => store.proof(tenant, record),
    holds: (tenant) => store.holds(tenant),
    writeHold: (tenant, hold) => store.writeHold(tenant, hold),
    indexAt: (tenant, timeMs) => store.indexAt(tenant, timeMs),
    retentionClasses: (tenant) => store.retentionClasses(tenant),
    async checkpoints(tenant, first) {
      const stored = await store.checkpoints(tenant, first);
      return stored.map((checkpoint) => ({ origin: checkpoint.note.split('\n', 1)[0] ?? '', ...checkpoint }));
    },
  };
}

function rangeOf(query: DecisionQuery, before: string | undefined) {
  return {
    limit: pageOfRecords,
    ...(before === undefined ? {} : { before }),
    ...(query.fromMs === undefined ? {} : { fromMs: query.fromMs }),
    ...(query.toMs === undefined ? {} : { toMs: query.toMs }),
  };
}

function matches(view: DecisionView, { effect, code, class: name }: DecisionQuery): boolean {
  return (
    (effect === undefined || view.effect === effect) &&
    (code === undefined || view.code === code) &&
    (name === undefined || view.classes.includes(name))
  );
}

function viewOf(decision: StoredEntry, entries: readonly StoredEntry[]): DecisionView {
  const clear = clearOf(decision);
  const outcome = entries.findLast((entry) => entry.kind === 'outcome');
  const result = clear.effect === 'deny' ? 'denied' : outcome && clearOf(outcome).result;
  return {
    record: decision.record,
    request: clear.req ?? '',
    effect: clear.effect ?? 'deny',
    ...(clear.code === undefined ? {} : { code: clear.code }),
    matched: listOf(clear.rules),
    classes: Object.keys(clear.classification?.classes ?? {}),
    authorizedEndpoints: listOf(clear.endpoints),
    requestedModel: clear.model ?? '',
    policyHash: clear.policy?.hash ?? '',
    policyVersion: clear.policy?.version ?? 0,
    atMs: decision.atMs,
    ...(result === undefined ? {} : { result }),
    entries,
  };
}

/** A long set stands in the record as its digest; the members are then committed to and not shown. */
function listOf(set: unknown): readonly string[] {
  return Array.isArray(set) ? set.filter((item) => typeof item === 'string') : [];
}

function clearOf({ leaf }: StoredEntry): ClearDecision {
  return JSON.parse(Buffer.from(leaf.split('.')[1] ?? '', 'base64url').toString('utf8')) as ClearDecision;
}
