import type { Candidate } from './rule.js';
import { backing, type Emit, type Scene } from './scene.js';
import { cueTable } from './structured.js';
import { isDigit } from '../text/characters.js';
import { enlist, MONTH } from '../text/lexicon.js';
import { needOf } from '../text/needs.js';
import { HAS_DIGIT, hashOf, type Tokens } from '../text/tokens.js';

const birthCues = cueTable.group(
  'dob, d.o.b, date of birth, birth date, birthdate, born, born on, birthday, geboren, geburtsdatum, geb, né le, née le, date de naissance, fecha de nacimiento, nacido, nacida, nato il, nata il, data di nascita, data de nascimento, nascido, geboortedatum, data urodzenia, födelsedatum'.split(
    ', ',
  ),
);
const month =
  '(?:Jan(?:uary|uar)?|Feb(?:ruary|ruar)?|Mar(?:ch)?|März|Apr(?:il)?|May|Mai|June?|Juni|July?|Juli|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Okt(?:ober)?|Nov(?:ember)?|Dec(?:ember)?|Dez(?:ember)?|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)';
const dates = new RegExp(
  `(?:\\d{1,2}[/.-]\\d{1,2}[/.-](?:19|20)?\\d{2}|(?:19|20)\\d{2}[/.-]\\d{1,2}[/.-]\\d{1,2})(?![\\d./-]?\\d)|\\b${month}\\.? \\d{1,2}(?:st|nd|rd|th)?(?:,? {1,2}(?:19|20)\\d{2})?\\b|\\b\\d{1,2}(?:st|nd|rd|th|\\.)?(?: of| de)? ${month}\\.?(?:,?(?: de)? (?:19|20)\\d{2})?\\b`,
  'iuy',
);
const ages =
  /\b(\d{1,3})[- ]?(?:year|yr|y)s?[- ]?(?:old|o)\b|\b(\d{1,3}) ?(?:y\/o|yo|yom|yof)\b|\b(?:aged?|age:|age of|turned) {1,2}(\d{1,3})\b|\b(\d{1,3}) (?:Jahre alt|ans|años|anni)\b|\b(\d{1,3})-jährig/gi;
const needOfAges = needOf(ages);

/**
 * Days and ages. Alone they say nothing of anybody, so they stay below every threshold; beside a person in clinical
 * context they are what the Safe Harbor rule names, and the composition of PHI lifts them.
 */
export function findDates(scene: Scene, emit: Emit): void {
  const { text, tokens } = scene;
  let from = 0;
  // Where no month is named, a day begins with a digit.
  const named = (tokens.lists & MONTH) !== 0;
  for (let each = 0; each < (named ? tokens.count : tokens.codedCount); each += 1) {
    const index = named ? each : tokens.coded[each]!;
    const start = tokens.start[index]!;
    if (start < from || !mayBegin(scene, index)) continue;
    dates.lastIndex = start;
    const match = dates.exec(text);
    if (!match || !isCalendarDay(match[0])) continue;
    const end = match.index + match[0].length;
    from = end;
    const support = backing(scene, birthCues, match.index, end);
    const birth = support !== undefined && support.distance <= 3;
    emit(day(match[0], match.index, end, birth ? 'DATE_OF_BIRTH' : 'DATE', birth ? 870 : QUIET, support?.words ?? []));
  }
  if (!scene.grams.mayHold(needOfAges) || !mayHoldAge(scene)) return;
  for (const match of text.matchAll(ages)) {
    const years = Number(match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[5]);
    if (years > 0 && years <= 120) emit(day(match[0], match.index, match.index + match[0].length, 'AGE', QUIET, []));
  }
}

const months = new Set(
  'jan january januar feb february februar mar march märz apr april may mai jun june juni jul july juli aug august sep sept september oct october okt oktober nov november dec december dez dezember'
    .split(' ')
    .map(hashOf),
);
enlist(months, MONTH);
enlist(
  'janvier février mars avril juin juillet août septembre octobre novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'
    .split(' ')
    .map(hashOf),
  MONTH,
);

/**
 * A day starts with a month's name, or with one to four digits that nothing stands before and behind which a divider
 * and a digit stand, or within two words a month.
 */
function mayBegin({ text, tokens }: Scene, index: number): boolean {
  const start = tokens.start[index]!;
  const end = tokens.end[index]!;
  if ((tokens.flags[index]! & HAS_DIGIT) === 0)
    return (tokens.marks[index]! & MONTH) !== 0 && months.has(tokens.hash[index]!);
  if (end - start > 4 || (start > 0 && isDateSign(text.charCodeAt(start - 1)))) return false;
  if (isDateSign(text.charCodeAt(end)) && isDigit(text.charCodeAt(end + 1))) return true;
  return isMonth(tokens, index + 1) || isMonth(tokens, index + 2);
}

function isMonth(tokens: Tokens, index: number): boolean {
  return index < tokens.count && (tokens.marks[index]! & MONTH) !== 0;
}

/** A slash, a point, a hyphen or a digit. */
function isDateSign(code: number): boolean {
  return code >= 0x2d && code <= 0x39;
}

/** What stands behind the figures of an age. */
const unitOfAge = /[- ]?(?:y|jahre alt|ans|años|anni|jährig)/iy;
const aged = /(?:aged?|age:|age of|turned) {1,2}$/i;

/** Cheap to ask, and true of every text that names an age. */
function mayHoldAge({ text, tokens }: Scene): boolean {
  for (let each = 0; each < tokens.codedCount; each += 1) {
    const index = tokens.coded[each]!;
    if ((tokens.flags[index]! & HAS_DIGIT) === 0) continue;
    const start = tokens.start[index]!;
    for (let at = start; at < tokens.end[index]!; at += 1) {
      if (!isDigit(text.charCodeAt(at)) || isDigit(text.charCodeAt(at + 1))) continue;
      unitOfAge.lastIndex = at + 1;
      if (unitOfAge.test(text)) return true;
    }
    if (text.charCodeAt(start - 1) === 0x20 && aged.test(text.slice(Math.max(0, start - 9), start))) return true;
  }
  return false;
}

/** Below every default threshold. */
export const QUIET = 450;

function isCalendarDay(text: string): boolean {
  const numbers = text.match(/\d+/g)!.map(Number);
  if (/\p{L}/u.test(text)) return numbers[0]! <= 31 || numbers[0]! > 1900;
  if (numbers.length !== 3) return false;
  const [first, second, third] = numbers as [number, number, number];
  if (first > 1900) return second >= 1 && second <= 12 && third >= 1 && third <= 31;
  return first >= 1 && second >= 1 && first <= 31 && second <= 31 && (first <= 12 || second <= 12);
}

function day(
  text: string,
  start: number,
  end: number,
  type: string,
  score: number,
  cues: readonly string[],
): Candidate {
  return {
    start,
    end,
    class: 'PII',
    type,
    score,
    detector: 'dates',
    strength: 1,
    cues,
    alternatives: [],
    via: [],
    steps: [`${type}: ${score}`],
    normal: text.toLowerCase(),
  };
}
