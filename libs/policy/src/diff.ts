import { type Result, err, ok } from '@writ/domain';
import { canonicalJson } from './canonical.js';
import type { Diagnostic } from './diagnostic.js';
import { readDocument } from './document.js';
import type { Normal } from './expression.js';
import { implies } from './implies.js';
import { type Program, type Rule, styles } from './program.js';

/** What a change may do to requests. Whatever is not certainly a tightening is listed as a loosening. */
export type Direction = 'loosens' | 'tightens' | 'neutral';

export interface Change {
  /** Stable within one diff: `rule id` and the part; what an approver ticks. */
  readonly id: string;
  readonly rule: string;
  readonly direction: Direction;
  readonly what: string;
}

export interface PolicyDiff {
  readonly beforeHash: string;
  readonly afterHash: string;
  readonly changes: readonly Change[];
  /** The changes that an approver must tick one by one. */
  readonly loosenings: readonly Change[];
}

/** Compares two documents by meaning: layout, comments, order and tests do not count. */
export function semanticDiff(before: string, after: string): Result<PolicyDiff, readonly Diagnostic[]> {
  const old = readDocument(before);
  if (!old.ok) return err(old.error);
  const fresh = readDocument(after);
  if (!fresh.ok) return err(fresh.error);
  const changes = diffPrograms(old.value.program, fresh.value.program);
  const loosenings = changes.filter(({ direction }) => direction === 'loosens');
  return ok({ beforeHash: old.value.hash, afterHash: fresh.value.hash, changes, loosenings });
}

export function diffPrograms(before: Program, after: Program): readonly Change[] {
  const changes: Change[] = [];
  if (before.timezone !== after.timezone) {
    const what = `the time zone changes from ${before.timezone} to ${after.timezone}`;
    changes.push({ id: 'timezone', rule: '', direction: 'loosens', what });
  }
  const old = new Map(before.rules.map((rule) => [rule.id, rule]));
  const fresh = new Map(after.rules.map((rule) => [rule.id, rule]));
  for (const rule of before.rules) {
    if (fresh.has(rule.id)) continue;
    const direction = grants(rule) ? 'tightens' : 'loosens';
    changes.push({
      id: `${rule.id}/removed`,
      rule: rule.id,
      direction,
      what: `${rule.effect} '${rule.id}' is removed`,
    });
  }
  for (const rule of after.rules) {
    const previous = old.get(rule.id);
    if (previous === undefined) {
      const direction = grants(rule) ? 'loosens' : 'tightens';
      changes.push({ id: `${rule.id}/added`, rule: rule.id, direction, what: `${rule.effect} '${rule.id}' is added` });
    } else changes.push(...diffRule(previous, rule));
  }
  return changes;
}

function grants({ effect }: Rule): boolean {
  return effect === 'permit' || effect === 'override';
}

function diffRule(before: Rule, after: Rule): readonly Change[] {
  const changes: Change[] = [];
  const { id } = before;
  const add = (part: string, direction: Direction, what: string) => {
    changes.push({ id: `${id}/${part}`, rule: id, direction, what: `${what} of ${after.effect} '${id}'` });
  };
  if (before.effect !== after.effect) {
    const what = `'${id}' changes from ${before.effect} to ${after.effect}`;
    return [{ id: `${id}/effect`, rule: id, direction: 'loosens', what }];
  }
  const differs = (part: keyof Rule) => canonicalJson(before[part]) !== canonicalJson(after[part]);
  const byScope = (wider: boolean, narrower: boolean): Direction => {
    if (grants(before)) return narrower ? 'tightens' : 'loosens';
    return wider ? 'tightens' : 'loosens';
  };
  for (const part of ['when', 'endpoints'] as const) {
    if (!differs(part)) continue;
    const [old, fresh] = [before[part] ?? everywhere, after[part] ?? everywhere];
    add(
      part,
      byScope(implies(old, fresh), implies(fresh, old)),
      part === 'when' ? 'the condition changes' : 'the endpoints change',
    );
  }
  if (differs('residual'))
    add('sees', after.residual || grants(before) ? 'loosens' : 'tightens', 'the view of the classes changes');
  for (const part of ['tags', 'overrides'] as const) {
    if (!differs(part)) continue;
    const fewer = after[part].every((tag) => before[part].includes(tag));
    add(part, fewer ? 'tightens' : 'loosens', `the ${part} change`);
  }
  if (differs('redact')) add('redact', redactsMore(before, after) ? 'tightens' : 'loosens', 'what is redacted changes');
  if (differs('oblige')) add('oblige', before.oblige === undefined ? 'tightens' : 'loosens', 'the obligations change');
  if (differs('reason')) add('reason', 'neutral', 'the reason is reworded');
  return changes;
}

const everywhere: Normal = { kind: 'constant', value: true };

function redactsMore(before: Rule, after: Rule): boolean {
  const [old, fresh] = [before.redact, after.redact];
  if (old === undefined || fresh === undefined) return old === undefined;
  const stricter = styles.indexOf(fresh.style) <= styles.indexOf(old.style);
  return stricter && old.classes.every((name) => fresh.classes.includes(name));
}
