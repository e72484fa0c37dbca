import type { JsonObject, JsonValue } from '@writ/domain';
import type { Archive } from './archive.js';
import { type Finding, Unreadable, exitCodes } from './findings.js';
import type { VerifiedRecord } from './record.js';
import { isCount, isObject, isText, parseCanonical } from './strict-json.js';

interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: 'pruned' | 'withheld';
  readonly record: number | undefined;
}

interface Hold {
  readonly placed: number;
  readonly from: number;
  readonly to: number;
  released: number;
}

/** Which leaves are absent and by which right: a pruned range needs an order in the log, and no hold on it. */
export class Gaps {
  readonly #gaps: readonly Gap[];
  readonly #prunes = new Map<number, JsonObject>();
  readonly #holds = new Map<string, Hold>();
  #erasures = 0;
  #at = 0;

  constructor(archive: Archive, from: number, to: number) {
    const list = parseCanonical(archive.get('gaps.json'));
    if (!Array.isArray(list)) throw new Unreadable(exitCodes.format, 'gaps.json is not a list');
    this.#gaps = (list as readonly JsonValue[]).map(gapOf);
    let end = from;
    for (const gap of this.#gaps) {
      if (gap.from < end || gap.to <= gap.from || gap.to > to) {
        throw new Unreadable(exitCodes.format, 'the ranges of gaps.json overlap or lie outside the export');
      }
      end = gap.to;
    }
  }

  /** Told of every index in order. */
  visit(index: number, isPresent: boolean): Finding | undefined {
    while (this.#at < this.#gaps.length && (this.#gaps[this.#at] as Gap).to <= index) this.#at += 1;
    const gap = this.#gaps[this.#at];
    const isInGap = gap !== undefined && gap.from <= index;
    if (isInGap === !isPresent) return undefined;
    return isPresent
      ? { code: exitCodes.format, index, what: 'gaps.json says that the leaf is absent, and it is there' }
      : { code: exitCodes.gap, index, what: 'the leaf is missing, and nothing says why' };
  }

  note({ kind, index, payload }: VerifiedRecord): void {
    const { name, fields } = payload;
    if (kind !== 'event' || !isObject(fields)) return;
    if (name === 'retention.prune') this.#prunes.set(index, fields);
    if (name === 'erasure.executed') this.#erasures += 1;
    const { hold, from, to } = fields;
    if (name === 'hold.placed' && isText(hold) && isCount(from) && isCount(to)) {
      this.#holds.set(hold, { placed: index, from, to, released: Number.MAX_SAFE_INTEGER });
    }
    const placed = name === 'hold.released' && isText(hold) ? this.#holds.get(hold) : undefined;
    if (placed) placed.released = Math.min(placed.released, index);
  }

  finish(): readonly Finding[] {
    const findings: Finding[] = [];
    for (const gap of this.#gaps) {
      if (gap.reason !== 'pruned') continue;
      const at = { code: exitCodes.retention, index: gap.from };
      const prune = gap.record === undefined ? undefined : this.#prunes.get(gap.record);
      const { from, to } = prune ?? {};
      if (gap.record === undefined || !isCount(from) || !isCount(to) || from > gap.from || to < gap.to) {
        findings.push({ ...at, what: `the range to ${gap.to} was pruned without an order in the log` });
        continue;
      }
      for (const hold of this.#holds.values()) {
        const isHeld = hold.placed < gap.record && gap.record < hold.released;
        if (isHeld && hold.from < gap.to && gap.from < hold.to) {
          findings.push({ ...at, what: `the range to ${gap.to} was pruned under the hold of index ${hold.placed}` });
        }
      }
    }
    return findings;
  }

  get erasures(): number {
    return this.#erasures;
  }

  count(reason: Gap['reason']): number {
    return this.#gaps.reduce((sum, gap) => sum + (gap.reason === reason ? gap.to - gap.from : 0), 0);
  }
}

function gapOf(value: JsonValue): Gap {
  const { from, to, reason, record } = isObject(value) ? value : {};
  const isWhole = isCount(from) && isCount(to) && (record === undefined || isCount(record));
  if (!isWhole || (reason !== 'pruned' && reason !== 'withheld')) {
    throw new Unreadable(exitCodes.format, 'a range of gaps.json is malformed');
  }
  return { from, to, reason, record };
}
