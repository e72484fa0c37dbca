import { type LogContext, unseal } from '@writ/ledger';
import { type Facts, type RecordedFacts, factsTextHash, policyLimits } from '@writ/policy';
import type { RecordedText } from '@writ/policy/prove';
import type { EvidenceStore, SealedEntry, StoredEntry } from '@writ/postgres';
import type {
  DecisionQuery,
  DecisionView,
  EvidencePort,
  FactPage,
  Recorded,
  RecordedDecision,
  TriedTaxonomy,
} from '../ports.js';
import { differs } from '../taxonomy-trial.js';

/** What of a decision's clear fields the API shows. Everything else of the leaf is there for who verifies it. */
interface ClearDecision {
  readonly req?: string;
  readonly effect?: 'permit' | 'deny';
  readonly code?: string;
  readonly rules?: readonly string[];
  readonly endpoints?: readonly string[];
  readonly model?: string;
  readonly policy?: { readonly hash?: string; readonly version?: number; readonly engine?: string };
  readonly snapshot?: number;
  readonly facts?: string;
  readonly catalogue?: string;
  readonly shadow?: { readonly version: number; readonly effect: string; readonly changes: readonly string[] };
  readonly shadowTaxonomy?: TriedFields;
  readonly seal?: { readonly fields: readonly string[] };
  readonly classification?: { readonly classes?: Readonly<Record<string, number>> } | null;
  readonly result?: string;
}

type TriedFields = { readonly version: string; readonly state: string } & {
  readonly [K in keyof Omit<TriedTaxonomy, 'candidate' | 'state'>]?: unknown;
};

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
    facts: (log, query) => recordedFacts(store, log, query),
    factPages: (log, query) => factPages(store, log, query),
    async recordedDecision(log, record) {
      const entry = await store.sealedDecision(log.tenant, record);
      return entry && recordedDecision(log, entry);
    },
    async checkpoints(tenant, first) {
      const stored = await store.checkpoints(tenant, first);
      return stored.map((checkpoint) => ({ origin: checkpoint.note.split('\n', 1)[0] ?? '', ...checkpoint }));
    },
  };
}

async function recordedFacts(store: EvidenceStore, log: LogContext, query: DecisionQuery): Promise<Recorded> {
  const records: RecordedFacts[] = [];
  let unreadable = 0;
  let before: string | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
    const entries = await store.sealedDecisions(log.tenant, rangeOf(query, before));
    for (const entry of entries) {
      if (!matches(viewOf({ ...entry, kind: 'decision', leafHash: '' }, []), query)) continue;
      const facts = factsIn(log, entry);
      if (facts === undefined) unreadable += 1;
      else records.push({ id: entry.record, facts });
      if (records.length >= query.first) return { records, unreadable, complete: false };
    }
    before = entries.at(-1)?.record;
    if (entries.length < pageOfRecords) return { records, unreadable, complete: true };
  }
}

async function* factPages(store: EvidenceStore, log: LogContext, query: DecisionQuery): AsyncGenerator<FactPage> {
  let reached = query.after;
  for (let found = 0; found < query.first;) {
    const records: RecordedText[] = [];
    let unreadable = 0;
    let isLast = false;
    let looked = 0;
    while (!isLast && looked < policyLimits.replayedAtOnce && found < query.first) {
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
      const entries = await store.sealedDecisions(log.tenant, rangeOf(query, reached));
      isLast = entries.length < pageOfRecords;
      looked += entries.length;
      for (const entry of entries) {
        reached = entry.record;
        if (!matches(viewOf({ ...entry, kind: 'decision', leafHash: '' }, []), query)) continue;
        const text = factTextIn(log, entry);
        if (text === undefined) unreadable += 1;
        else records.push({ id: entry.record, text });
        found += text === undefined ? 0 : 1;
        if (found < query.first) continue;
        isLast = false;
        break;
      }
    }
    yield { records, unreadable, complete: isLast, ...(reached === undefined ? {} : { reached }) };
    if (isLast) return;
  }
}

/**
 * The facts that the record seals, when they are the ones whose hash the signed leaf names. Absent for a decision that no
 * policy was asked for, and for a person whose keys were destroyed.
 */
function factsIn(log: LogContext, entry: SealedEntry): Facts | undefined {
  const text = factTextIn(log, entry);
  return text === undefined ? undefined : (JSON.parse(text) as Facts);
}

function factTextIn({ origin, contentKey }: LogContext, entry: SealedEntry): string | undefined {
  const { sealed, wrappedKey, record } = entry;
  const { seal, facts: hash } = clearOf(entry);
  if (sealed === undefined || wrappedKey === undefined || seal?.fields.includes('facts') !== true) return undefined;
  const { values } = unseal(sealed, wrappedKey, { origin, record, fields: seal.fields }, contentKey);
  const text = values['facts'];
  return text !== undefined && factsTextHash(text) === hash ? text : undefined;
}

function recordedDecision(log: LogContext, entry: SealedEntry): RecordedDecision {
  const { policy, snapshot = 0, catalogue = '', facts = '' } = clearOf(entry);
  const { version = 0, hash = '', engine = '' } = policy ?? {};
  return {
    facts: factsIn(log, entry),
    snapshotVersion: snapshot,
    policy: { version, hash, engine },
    catalogueHash: catalogue,
    factsHash: facts,
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

function matches(view: DecisionView, query: DecisionQuery): boolean {
  const { effect, code, class: name, shadowDiffers, taxonomyTried, taxonomyDiffers } = query;
  const { shadowTaxonomy: tried } = view;
  return (
    (taxonomyTried === undefined || tried?.candidate === taxonomyTried) &&
    (taxonomyDiffers !== true || (tried !== undefined && differs(tried))) &&
    (shadowDiffers !== true || (view.shadow?.changes.length ?? 0) > 0) &&
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
    ...(clear.shadow === undefined ? {} : { shadow: clear.shadow }),
    ...(clear.shadowTaxonomy === undefined ? {} : { shadowTaxonomy: triedIn(clear.shadowTaxonomy) }),
    atMs: decision.atMs,
    ...(result === undefined ? {} : { result }),
    entries,
  };
}

function triedIn({ version, state, gained, gone, added, removed, effect, changes }: TriedFields): TriedTaxonomy {
  return {
    candidate: version,
    state,
    gained: listOf(gained),
    gone: listOf(gone),
    added: countsIn(added),
    removed: countsIn(removed),
    ...(typeof effect === 'string' && { effect }),
    changes: listOf(changes),
  };
}

function countsIn(counts: unknown): Readonly<Record<string, number>> {
  const entries: readonly [string, unknown][] = Object.entries(counts ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

/** A long set stands in the record as its digest; the members are then committed to and not shown. */
function listOf(set: unknown): readonly string[] {
  return Array.isArray(set) ? set.filter((item) => typeof item === 'string') : [];
}

function clearOf({ leaf }: Pick<StoredEntry, 'leaf'>): ClearDecision {
  return JSON.parse(Buffer.from(leaf.split('.')[1] ?? '', 'base64url').toString('utf8')) as ClearDecision;
}
