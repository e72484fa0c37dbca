import { isDigit, separatorOf } from '../text/characters.js';
import { HAS_DIGIT, HAS_LETTER } from '../text/tokens.js';
import { isPlaceholderDigits, luhn, mod97 } from './checks.js';
import { ibanLengths } from './iban-lengths.js';
import type { Candidate } from './rule.js';
import { backing, type Emit, isGluedLeft, isGluedRight, isInRow, type Scene } from './scene.js';
import { cueTable, negativeCues } from './structured.js';

const cardCues = cueTable.group([
  'card',
  'credit',
  'debit',
  'visa',
  'mastercard',
  'amex',
  'american express',
  'discover',
  'pan',
  'cc',
  'cvv',
  'cvc',
  'ccnum',
  'expires',
  'expiry',
  'exp',
  'tarjeta',
  'carte',
  'karte',
  'kreditkarte',
  'carta',
  'cartão',
  'kreditkort',
  'creditcard',
  'charge',
  'charged',
  'paid',
  'payment',
  'cardnumber',
]);

/** Issuer ranges with their lengths (ISO/IEC 7812 as the networks publish them). */
const issuers: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(6011|64[4-9]|65|622)/, [16, 17, 18, 19]],
  [/^(30[0-5]|3095|36|3[89])/, [14, 16, 19]],
  [/^35(2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^62/, [16, 17, 18, 19]],
  [/^(5018|5020|5038|5[68]|6304|6759|676[1-3])/, [12, 13, 14, 15, 16, 17, 18, 19]],
  [/^(60|81|82|508|353|356)/, [16]],
  [/^220[0-4]/, [16, 17, 18, 19]],
  [/^9792/, [16]],
  [/^(5067|4576|4011|509|6363|6362)/, [16]],
  [/^1/, [15]],
];

/** Numbers that the networks and processors print for tests. */
const testCards = new Set(
  '4111111111111111 4242424242424242 4012888888881881 4222222222222 5555555555554444 5105105105105100 378282246310005 371449635398431 378734493671000 6011111111111117 6011000990139424 30569309025904 38520000023237 3530111333300000 3566002020360505 4000056655665556 5200828282828210 2223003122003222 6200000000000005 4917610000000000 4000000000000002'.split(
    ' ',
  ),
);

const groupings = new Set(['4444', '465', '464', '44443', '446', '4644', '88', '448', '4454', '664', '54444', '6444']);

/** Payment cards: one run, or groups divided by one separator, with an issuer's range and length and the Luhn digit. */
export function findCards(scene: Scene, emit: Emit): void {
  const { tokens } = scene;
  for (let each = 0; each < tokens.codedCount; each += 1) {
    const index = tokens.coded[each]!;
    if ((tokens.flags[index]! & 3) !== 1) continue;
    const run = digitRun(scene, index);
    if (run) judgeCard(scene, index, run.last, run.groups, emit);
  }
}

/** Words of digits from `index` on, divided by one and the same separator, of 12 to 19 digits in a known grouping. */
function digitRun(scene: Scene, index: number): { readonly last: number; readonly groups: string } | undefined {
  const { tokens, text } = scene;
  const first = tokens.end[index]! - tokens.start[index]!;
  if (first >= 12) return first <= 19 ? { last: index, groups: '' } : undefined;
  if (first < 4 || first > 8) return undefined;
  let groups = String(first);
  let total = first;
  let separator = 0;
  let last = index;
  while (last + 1 < tokens.count && total < 19) {
    const end = tokens.end[last]!;
    if (tokens.start[last + 1] !== end + 1 || (tokens.flags[last + 1]! & 3) !== 1) break;
    const sign = separatorOf(text.charCodeAt(end));
    if (sign === 0 || (separator !== 0 && sign !== separator)) break;
    const length = tokens.end[last + 1]! - tokens.start[last + 1]!;
    if (total + length > 19 || length > 8) break;
    separator = sign;
    total += length;
    groups += String(length);
    last += 1;
    if (groupings.has(groups) && (groups !== '4444' || !continues(scene, last, separator))) return { last, groups };
  }
  return undefined;
}

function continues(scene: Scene, last: number, separator: number): boolean {
  const { tokens, text } = scene;
  if (last + 1 >= tokens.count || tokens.start[last + 1] !== tokens.end[last]! + 1) return false;
  const length = tokens.end[last + 1]! - tokens.start[last + 1]!;
  return (
    (tokens.flags[last + 1]! & 3) === 1 && separatorOf(text.charCodeAt(tokens.end[last]!)) === separator && length === 3
  );
}

function judgeCard(scene: Scene, first: number, last: number, groups: string, emit: Emit): void {
  const { tokens, text } = scene;
  const start = tokens.start[first]!;
  const end = tokens.end[last]!;
  const value = text.slice(start, end).replaceAll(/\D/g, '');
  if (!luhn(value) || /^(\d)\1+$/.test(value)) return;
  const issuer = issuers.findIndex(([range, lengths]) => lengths.includes(value.length) && range.test(value));
  if (issuer === -1) return;
  const support = backing(scene, cardCues, start, end);
  if (isGluedLeft(text, start) || isGluedRight(text, end)) return;
  if (isPlaceholderDigits(value) && !testCards.has(value)) return;
  const against = scene.cues.nearest(negativeCues, start, end);
  if (against && against.hit.last < first && (!support || against.distance < support.distance)) return;
  if (!support && (groups === '' ? isInRow(scene, first, last) : isInGrid(scene, first, last))) return;
  const score = cardScore(value.length, issuer, groups !== '', support !== undefined);
  emit({
    start,
    end,
    class: 'PCI',
    type: 'CREDIT_CARD',
    score,
    detector: 'payment:card',
    strength: 3,
    validator: 'luhn',
    cues: support?.words ?? [],
    alternatives: [],
    via: [],
    steps: [`luhn and issuer range: ${score}`],
    normal: value,
    ...(testCards.has(value) ? { test: true } : {}),
  });
}

/** Further groups of four or five beside it: a table, not a card. */
function isInGrid(scene: Scene, first: number, last: number): boolean {
  const { tokens } = scene;
  return [first - 1, last + 1].some((index) => {
    if (index < 0 || index >= tokens.count || (tokens.flags[index]! & 1) === 0) return false;
    const gap = index < first ? tokens.start[first]! - tokens.end[index]! : tokens.start[index]! - tokens.end[last]!;
    const length = tokens.end[index]! - tokens.start[index]!;
    return gap <= 2 && (length === 4 || length === 5);
  });
}

/** One bare number in ten passes Luhn, so a rare length or a small network needs a cue or a grouping. */
function cardScore(length: number, issuer: number, grouped: boolean, cued: boolean): number {
  if (cued) return 980;
  if (issuer === 12) return 300;
  if (grouped) return 930;
  if (issuer <= 6 && (length === 16 || length === 15)) return 800;
  return length === 14 && issuer === 4
    ? 600
    : issuer <= 6 && length === 19
      ? 520
      : issuer > 7 && length === 16
        ? 550
        : 400;
}

/** IBAN (ISO 13616): the country's length and mod 97, in one piece or in groups. */
export function findIbans(scene: Scene, emit: Emit): void {
  const { tokens, text } = scene;
  for (let each = 0; each < tokens.codedCount; each += 1) {
    const index = tokens.coded[each]!;
    if ((tokens.flags[index]! & (HAS_DIGIT | HAS_LETTER)) !== (HAS_DIGIT | HAS_LETTER)) continue;
    const start = tokens.start[index]!;
    const end = tokens.end[index]!;
    if (end - start < 4 || end - start > 34 || !isDigit(text.charCodeAt(start + 2))) continue;
    if (!isDigit(text.charCodeAt(start + 3))) continue;
    const length = ibanLengths.get(text.slice(start, start + 2).toUpperCase());
    if (length === undefined) continue;
    const stop = collect(text, start, length);
    if (stop === -1 || isGluedLeft(text, start, ':,/') || isGluedRight(text, stop, ',:/')) continue;
    const value = text
      .slice(start, stop)
      .replaceAll(/[^0-9A-Za-z]/g, '')
      .toUpperCase();
    if (mod97(value.slice(4) + value.slice(0, 4)) !== 1) continue;
    emit(iban(start, stop, value));
  }
}

function iban(start: number, end: number, value: string): Candidate {
  return {
    start,
    end,
    class: 'PII',
    type: 'IBAN',
    score: 970,
    detector: 'payment:iban',
    strength: 3,
    validator: 'mod-97',
    cues: [],
    alternatives: [],
    via: [],
    steps: ['country length and mod 97: 970'],
    normal: value,
  };
}

/** The end of the `length` letters and digits from `start`, single separators allowed between them; -1 when it breaks. */
function collect(text: string, start: number, length: number): number {
  let at = start;
  let taken = 0;
  let separated = false;
  while (at < text.length && taken < length) {
    if (/[0-9A-Za-z]/.test(text[at]!)) {
      taken += 1;
      separated = false;
    } else {
      if (separated || separatorOf(text.charCodeAt(at)) === 0) return -1;
      separated = true;
    }
    at += 1;
  }
  return taken === length ? at : -1;
}
