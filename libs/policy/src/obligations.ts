import type { Obligations, Redaction, RedactionStyle } from '@writ/domain';
import { type RuleObligations, styles } from './program.js';

/** A matching rule's request, under the id that the decision names it by. */
export interface Asked {
  readonly rule: string;
  readonly redact?: { readonly classes: readonly string[]; readonly style: RedactionStyle };
  readonly oblige?: RuleObligations;
}

const modes = ['terminal', 'window', 'full'] as const;
const evidences = ['committed', 'receipted', 'witnessed'] as const;

/** Lists are united, styles and levels take the strictest, limits the least. The order of rules has no influence. */
export function mergeObligations(asked: readonly Asked[]): Obligations {
  const obliged = asked.flatMap(({ oblige }) => (oblige === undefined ? [] : [oblige]));
  const responses = obliged.flatMap(({ response }) => (response === undefined ? [] : [response]));
  const redactions = mergeRedactions(asked.map(({ rule, redact }) => ({ rule, ...redact })));
  const responseRedactions = mergeRedactions(
    asked.map(({ rule, oblige }) => ({ rule, classes: oblige?.response?.redact, style: oblige?.response?.style })),
  );
  const block = united(responses.map((response) => response.block));
  const mode = strictest(
    modes,
    responses.flatMap((response) => response.mode ?? []),
    'window',
  );
  const maxOutputTokens = least(obliged.map((one) => one.maxOutputTokens));
  const reviewWithinHours = least(obliged.map((one) => one.reviewWithinHours));
  const reviewBy = Math.max(0, ...obliged.map((one) => one.reviewBy ?? 0));
  return {
    redactions,
    response: {
      redactions: responseRedactions,
      block,
      markers: united(responses.map((response) => response.markers)),
      // What must be redacted or blocked must be inspected before it leaves.
      mode: mode === 'terminal' && (block.length > 0 || responseRedactions.length > 0) ? 'window' : mode,
    },
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    evidence: strictest(
      evidences,
      obliged.flatMap((one) => one.evidence ?? []),
      'committed',
    ),
    auditFull: obliged.some((one) => one.auditFull === true),
    notify: united(obliged.map((one) => one.notify ?? [])),
    ...(reviewWithinHours === undefined ? {} : { reviewWithinHours }),
    ...(reviewBy === 0 ? {} : { reviewBy }),
    requireReview: mergeReviews(obliged.flatMap((one) => one.requireReview ?? [])),
  };
}

function mergeRedactions(
  wishes: readonly { rule: string; classes?: readonly string[] | undefined; style?: RedactionStyle | undefined }[],
): readonly Redaction[] {
  const byClass = new Map<string, { style: RedactionStyle; by: Set<string> }>();
  for (const { rule, classes = [], style = 'drop' } of wishes) {
    for (const name of classes) {
      const merged = byClass.get(name);
      if (merged === undefined) byClass.set(name, { style, by: new Set([rule]) });
      else {
        merged.by.add(rule);
        if (styles.indexOf(style) < styles.indexOf(merged.style)) merged.style = style;
      }
    }
  }
  return [...byClass]
    .map(([name, { style, by }]) => ({ class: name, style, by: [...by].toSorted() }))
    .toSorted((a, b) => (a.class < b.class ? -1 : 1));
}

function mergeReviews(reviews: readonly { readonly class: string; readonly withinSeconds: number }[]) {
  const byClass = new Map<string, number>();
  for (const { class: name, withinSeconds } of reviews) {
    byClass.set(name, Math.min(byClass.get(name) ?? withinSeconds, withinSeconds));
  }
  return [...byClass]
    .map(([name, withinSeconds]) => ({ class: name, withinSeconds }))
    .toSorted((a, b) => (a.class < b.class ? -1 : 1));
}

function united(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].toSorted();
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((value) => value !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

function strictest<T>(order: readonly T[], values: readonly T[], fallback: T): T {
  if (values.length === 0) return fallback;
  return values.reduce((worst, value) => (order.indexOf(value) > order.indexOf(worst) ? value : worst));
}
