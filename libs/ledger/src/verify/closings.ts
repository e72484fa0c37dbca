import type { JsonObject, JsonValue } from '@writ/domain';
import { type Finding, exitCodes } from './findings.js';
import type { VerifiedRecord } from './record.js';
import { isCount, isObject, isText } from './strict-json.js';

interface OpenDecision {
  readonly index: number;
  readonly rid: string;
  readonly request: JsonValue | undefined;
  readonly effect: JsonValue | undefined;
  readonly endpoints: JsonValue | undefined;
  readonly ts: number;
  readonly results: string[];
  readonly dispatches: string[];
  /** How many windows the completed answer had, as its outcome says. */
  windowsSaid: number;
  readonly windows: { readonly window: number; readonly from: number; readonly to: number }[];
}

/** Longest a request may live (upstream deadline) plus what the sweeper may take, with room for clocks. */
const longestOpenMs = 12 * 60 * 1000;

/**
 * Every permit has exactly one closing outcome. The sweeper's `indeterminate` may stand beside a real one, which then counts.
 * A deny closes itself.
 */
export class Closings {
  readonly #decisions = new Map<string, OpenDecision>();
  #closed = 0;

  /** `mayBeElsewhere`: true for a leaf hash that may well be a decision outside what could be read. */
  constructor(private readonly mayBeElsewhere: (leafHash: string) => boolean) {}

  add(record: VerifiedRecord): Finding | undefined {
    if (record.kind === 'event') return undefined;
    const fault = record.kind === 'decision' ? this.#decide(record) : this.#follow(record);
    return fault === undefined
      ? undefined
      : { code: exitCodes.closing, index: record.index, record: record.rid, what: fault };
  }

  /**
   * What is still open, or has a hole in its answer, when the log was read up to `untilMs`. Where leaves are absent an
   * open permit proves nothing: its outcome may be among them.
   */
  finish(
    untilMs: number,
    hasAbsent: boolean,
  ): { readonly findings: readonly Finding[]; readonly open: number; readonly closed: number } {
    const findings: Finding[] = [];
    let open = 0;
    for (const decision of this.#decisions.values()) {
      const at = { code: exitCodes.closing, index: decision.index, record: decision.rid };
      const missing = decision.results.includes('completed') ? missingWindow(decision) : undefined;
      if (missing !== undefined && !hasAbsent)
        findings.push({ ...at, what: `window ${missing} of the answer to it is missing` });
      if (decision.effect !== 'permit' || decision.results.length > 0) continue;
      open += 1;
      if (untilMs - decision.ts > longestOpenMs && !hasAbsent)
        findings.push({ ...at, what: 'the permit was never closed by an outcome' });
    }
    return { findings, open, closed: this.#closed };
  }

  #decide({ leafHash, index, rid, ts, payload }: VerifiedRecord): string | undefined {
    const { effect, endpoints, req } = payload;
    if (effect !== 'permit' && effect !== 'deny') return 'the decision neither permits nor denies';
    this.#decisions.set(leafHash, {
      index,
      rid,
      request: req,
      effect,
      endpoints,
      ts,
      results: [],
      dispatches: [],
      windowsSaid: 0,
      windows: [],
    });
    return undefined;
  }

  #follow({ kind, leafHash, payload }: VerifiedRecord): string | undefined {
    const link = payload['decisionLeaf'];
    const decision = isText(link) ? this.#decisions.get(link) : undefined;
    if (!decision) {
      return isText(link) && this.mayBeElsewhere(link) ? undefined : `the ${kind} follows no decision of this log`;
    }
    if (payload['req'] !== decision.request) return `the ${kind} is of another request than its decision`;
    if (kind === 'outcome') return this.#close(decision, payload);
    if (decision.effect === 'deny') return `the ${kind} follows a deny, at index ${decision.index}`;
    if (kind === 'segment') {
      const { window, from, to } = payload;
      if (!isCount(window) || !isCount(from) || !isCount(to)) return 'the segment has no window';
      decision.windows.push({ window, from, to });
      return undefined;
    }
    decision.dispatches.push(leafHash);
    const { endpoints } = decision;
    if (Array.isArray(endpoints) && !(endpoints as readonly JsonValue[]).includes(payload['endpoint'] as JsonValue)) {
      return `the dispatch went to an endpoint outside the authorized set of index ${decision.index}`;
    }
    return undefined;
  }

  #close(decision: OpenDecision, { result, dispatchLeaves, response }: JsonObject): string | undefined {
    if (!isText(result)) return 'the outcome has no result';
    const { results } = decision;
    const isAgain = results.some((one) => (one === 'indeterminate') === (result === 'indeterminate'));
    if (isAgain) return `the decision at index ${decision.index} was closed before`;
    if (results.length === 0) this.#closed += 1;
    results.push(result);
    const windows = isObject(response) ? response['windows'] : undefined;
    if (isCount(windows)) decision.windowsSaid = windows;
    const named = Array.isArray(dispatchLeaves) ? (dispatchLeaves as readonly JsonValue[]) : [];
    const isKnown = (leaf: JsonValue) =>
      isText(leaf) && (decision.dispatches.includes(leaf) || this.mayBeElsewhere(leaf));
    return named.every(isKnown) ? undefined : 'the outcome names a dispatch that is not in this log';
  }
}

/**
 * Windows may stand in any order in the log (two are in flight), but those of a completed answer are 1 to n and touch; the
 * outcome itself covers the last one. An answer that broke off may have a hole where a window was refused.
 */
function missingWindow({ windows, windowsSaid }: OpenDecision): number | undefined {
  const sorted = windows.toSorted((left, right) => left.window - right.window);
  let end = 0;
  for (const [at, { window, from, to }] of sorted.entries()) {
    if (window !== at + 1 || from !== end || to < from) return at + 1;
    end = to;
  }
  return sorted.length < windowsSaid - 1 ? sorted.length + 1 : undefined;
}
