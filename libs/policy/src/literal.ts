import { type Result, err, ok, unreachable } from '@writ/domain';
import type { Attribute } from './attributes.js';
import { type Comparison, highest, lowest } from './expression.js';
import type { Operand } from './parse-expression.js';

/** Which integers satisfy `value op n`; `negated` for `!=`. */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly negated: boolean;
}

export function rangeOf(op: Comparison, n: number): Range {
  switch (op) {
    case '==':
      return { low: n, high: n, negated: false };
    case '!=':
      return { low: n, high: n, negated: true };
    case '<':
      return { low: lowest, high: n - 1, negated: false };
    case '<=':
      return { low: lowest, high: n, negated: false };
    case '>':
      return { low: n + 1, high: highest, negated: false };
    case '>=':
      return { low: n, high: highest, negated: false };
    default:
      return unreachable(op);
  }
}

/** What a person would call a literal, for messages. */
export function kindOf(operand: Operand): string {
  switch (operand.kind) {
    case 'text':
      return 'string';
    case 'number':
      return operand.value.includes('.') ? 'decimal' : 'number';
    case 'boolean':
      return 'boolean';
    case 'list':
      return 'list';
    case 'call':
      return `call of ${operand.name}()`;
    case 'path':
      return `path '${operand.path}'`;
    default:
      return unreachable(operand);
  }
}

/** An integer literal in the attribute's own unit, or what was expected instead. */
export function integerOf(type: Attribute['type'], operand: Operand): Result<number, string> {
  if (type === 'date') return dateOf(operand);
  if (type === 'score') return scoreOf(operand);
  if (type === 'boolean') {
    return operand.kind === 'boolean' ? ok(operand.value ? 1 : 0) : err('true or false');
  }
  if (operand.kind !== 'number') return err('a number');
  const value = Number(operand.value);
  const fits = Number.isInteger(value) && value > lowest && value < highest;
  return fits ? ok(value) : err('a whole number below 2^31');
}

/** Scores are written 0 to 1 with at most three decimals, and held per mille. */
function scoreOf(operand: Operand): Result<number, string> {
  if (operand.kind !== 'number') return err('a number');
  const perMille = Number(operand.value) * 1000;
  const rounded = Math.round(perMille);
  const fits = rounded >= 0 && rounded <= 1000 && Math.abs(perMille - rounded) < 1e-6;
  return fits ? ok(rounded) : err('a score from 0 to 1 with at most three decimals');
}

/** `"2026-12-24"` as 20261224, so that dates compare as integers. */
function dateOf(operand: Operand): Result<number, string> {
  if (operand.kind === 'text' && operand.value.length === 10) {
    const parsed = new Date(`${operand.value}T00:00:00Z`);
    if (!Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(operand.value)) {
      return ok(Number(operand.value.replaceAll('-', '')));
    }
  }
  return err('a date such as "2026-12-24"');
}

/** `"HH:MM"` as minutes of the day. */
export function minuteOf(operand: Operand | undefined): Result<number, string> {
  if (operand?.kind === 'text' && operand.value.length === 5 && operand.value[2] === ':') {
    const hours = Number(operand.value.slice(0, 2));
    const minutes = Number(operand.value.slice(3));
    if (
      Number.isInteger(hours) &&
      hours >= 0 &&
      hours < 24 &&
      Number.isInteger(minutes) &&
      minutes >= 0 &&
      minutes < 60
    ) {
      return ok(hours * 60 + minutes);
    }
  }
  return err('a time such as "19:00"');
}
