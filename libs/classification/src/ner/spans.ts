import { enlist, LEGAL_FORM, marksOf, MONTH, PARTICLE, THING, TITLE, WEEKDAY } from '../text/lexicon.js';
import { CAPITAL, HAS_DIGIT, hashOf, type Tokens } from '../text/tokens.js';
import { isListedName, isOpen, isPersonal } from './features.js';

/** Words that the tagger took together, by the indexes of the first and the last. */
export interface Span {
  readonly label: string;
  readonly first: number;
  readonly last: number;
  readonly margin: number;
}

const MOST_WORDS = 6;
/** Greek, Cyrillic and all that follow. */
const FIRST_NON_LATIN = 0x370;

function words(list: string): readonly number[] {
  return list.split(' ').map(hashOf);
}

enlist(
  words('van von de der den di da del della dos la le al el bin ibn ben ter ten zu af av e y do das dei du thi'),
  PARTICLE,
);
enlist(
  words(
    'inc ltd llc llp gmbh ag ab sa corp corporation company plc sarl srl spa bv nv oy oyj asa kg kgaa limited incorporated pty foundation university universität université universidad università institute institut college bank bancorp insurance airlines consulting holdings group ministry department',
  ),
  LEGAL_FORM,
);
enlist(
  words(
    'mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunedì martedì mercoledì giovedì venerdì sabato domenica lunes martes miércoles jueves viernes sábado domingo',
  ),
  WEEKDAY,
);
/** Names that are words for things first: they need more than a capital or a preposition. */
enlist(
  words(
    'amber rose violet ruby jade ivy iris dawn summer autumn winter robin jay crystal pearl hazel olive ginger basil sage rosemary herb heather holly daisy lily jasmine star sky river brook forest glen dale heath cliff rocky stone wood king queen prince duke earl baron bishop pope knight noble page bell bond case chance cash colt dean gene jewel lark laurel lee lane marina melody merit miles mercy norm pace patience piper prudence reed ridge rod rusty sandy saxon shade sonny sterling storm sunny trace trip trinity wade ward willow wren hope faith grace joy grant chase mason hunter carter cook miller taylor baker parker porter drew rob bill pat rich frank earnest art max dies an durante tesla',
  ),
  THING,
);

/** The tagger's spans by the rules of how names are written, where training has seen too few of them. */
export function mended(tokens: Tokens, spans: readonly Span[]): readonly Span[] {
  const single = spans.flatMap((span) => divided(tokens, span)).map((span) => widened(tokens, trimmed(tokens, span)));
  const joined: Span[] = [];
  for (const span of single) {
    const before = joined.at(-1);
    if (before && isOneName(tokens, before, span)) joined[joined.length - 1] = united(before, span);
    else joined.push(relabelled(tokens, span));
  }
  return [...joined, ...otherEnds(tokens, joined)]
    .filter((span) => !isNobody(tokens, span))
    .toSorted((a, b) => a.first - b.first);
}

/** `Kowalczyk, T. Okonkwo`: an initial behind a comma begins the next of a list; so does `and` behind a legal form. */
function divided(tokens: Tokens, span: Span): readonly Span[] {
  if (span.label === 'ORGANISATION') return dividedFirms(tokens, span);
  if (span.label !== 'PERSON') return [span];
  for (let index = span.first + 1; index < span.last; index += 1) {
    if (!isInitial(tokens, index) || !gapOf(tokens, index - 1).startsWith(',')) continue;
    return [{ ...span, last: index - 1 }, ...divided(tokens, { ...span, first: index })];
  }
  return [span];
}

function dividedFirms(tokens: Tokens, span: Span): readonly Span[] {
  for (let index = span.first + 2; index < span.last; index += 1) {
    if (isCapital(tokens, index) || !isLegalForm(tokens, index - 1) || !isCapital(tokens, index + 1)) continue;
    return [{ ...span, last: index - 1 }, ...dividedFirms(tokens, { ...span, first: index + 1 })];
  }
  return [span];
}

/** A name with a capital ends with one, an address with a number or one: `Ausdruck passen, der`, `Zeichen lang sein`. */
function trimmed(tokens: Tokens, span: Span): Span {
  if (span.label === 'ORGANISATION' || !isCapital(tokens, span.first)) return span;
  let { last } = span;
  while (last > span.first && !isCapital(tokens, last)) {
    if (span.label === 'LOCATION' && hasDigit(tokens, last)) break;
    last -= 1;
  }
  return { ...span, last };
}

/** With the initials in front of a person, and the legal form behind a firm. */
function widened(tokens: Tokens, span: Span): Span {
  let { first, last } = span;
  if (span.label === 'PERSON' && isCapital(tokens, first))
    while (first > 0 && isInitial(tokens, first - 1) && /^\. ?$/.test(gapOf(tokens, first - 1))) first -= 1;
  if (span.label === 'PERSON' && isCapital(tokens, first))
    while (first > 0 && isGivenName(tokens, first - 1)) first -= 1;
  const goesOn = last + 1 < tokens.count && isLegalForm(tokens, last + 1) && /^,? $/.test(gapOf(tokens, last));
  if (goesOn && isCapital(tokens, last + 1) && (span.label !== 'PERSON' || isStrict(tokens, last + 1))) last += 1;
  return { ...span, first, last };
}

/**
 * A capital in a list of names, with a blank behind it: the tagger left `Marco` out of `Marco Bianchi`. What is an ordinary
 * word or a place too is one at the head of a list's item only.
 */
function isGivenName(tokens: Tokens, index: number): boolean {
  if (!isCapital(tokens, index) || (tokens.marks[index]! & (THING | TITLE)) !== 0) return false;
  if (gapOf(tokens, index) !== ' ') return false;
  if (isPersonal(tokens, index)) return true;
  return (
    isListedName(tokens, index) && /[;,(:]\s?$/.test(tokens.text.slice(tokens.start[index]! - 2, tokens.start[index]))
  );
}

/** Two people in a row with nothing but a blank between are one: `Nguyễn Thị Minh Khai`. */
function isOneName(tokens: Tokens, before: Span, span: Span): boolean {
  return (
    before.label === 'PERSON' &&
    span.label === 'PERSON' &&
    before.last + 1 === span.first &&
    span.last - before.first < MOST_WORDS &&
    isCapital(tokens, before.last) &&
    isCapital(tokens, span.first) &&
    gapOf(tokens, before.last) === ' '
  );
}

function united(before: Span, span: Span): Span {
  return { ...before, last: span.last, margin: Math.max(before.margin, span.margin) };
}

/** What ends in a legal form is a firm, and what a mail address follows in angle brackets is somebody. */
function relabelled(tokens: Tokens, span: Span): Span {
  if (span.label !== 'ORGANISATION' && span.first < span.last && isLegalForm(tokens, span.last))
    if (span.label === 'LOCATION' || isStrict(tokens, span.last)) return { ...span, label: 'ORGANISATION' };
  if (span.label !== 'LOCATION') return span;
  const end = tokens.end[span.last]!;
  return /^ {1,2}<[\w.+-]{1,64}@/.test(tokens.text.slice(end, end + 72)) ? { ...span, label: 'PERSON' } : span;
}

/** `from Muscat to Doha`: where one end is a place, a capital at the other end is one. */
function otherEnds(tokens: Tokens, spans: readonly Span[]): readonly Span[] {
  const found: Span[] = [];
  for (const span of spans) {
    if (span.label !== 'LOCATION') continue;
    const { first, last } = span;
    if (tokens.hash[first - 1] === to && isCapital(tokens, first - 2) && tokens.hash[first - 3] === from)
      found.push({ ...span, first: first - 2, last: first - 2 });
    if (tokens.hash[first - 1] === from && tokens.hash[last + 1] === to && isCapital(tokens, last + 2))
      found.push({ ...span, first: last + 2, last: last + 2 });
  }
  return found.filter((each) => !spans.some((span) => span.first <= each.last && each.first <= span.last));
}

const from = hashOf('from');
const to = hashOf('to');

/** Days and months, a word for a thing that nothing announces, and small letters of which none is a name only. */
function isNobody(tokens: Tokens, span: Span): boolean {
  const announced = isOpen(tokens, span.first, 0, true);
  let personal = 0;
  for (let index = span.first; index <= span.last; index += 1) {
    const marks = marksOf(tokens.hash[index]!);
    if ((marks & WEEKDAY) !== 0 && !announced) return true;
    const isLone = span.label === 'LOCATION' || (span.first < index && index === span.last);
    if ((marks & MONTH) !== 0 && isLone && !announced && !isListedName(tokens, index)) return true;
    if ((marks & (THING | PARTICLE)) === 0 && isPersonal(tokens, index)) personal += 1;
  }
  if (span.label !== 'PERSON') return false;
  if (isCapital(tokens, span.first))
    return span.first === span.last && !announced && (isThing(tokens, span) || isForeign(tokens, span.first));
  return personal < Math.min(2, span.last - span.first + 1);
}

/** A word of another script than Latin, in no list of names: what the tagger has hardly seen. */
function isForeign(tokens: Tokens, index: number): boolean {
  return tokens.text.charCodeAt(tokens.start[index]!) >= FIRST_NON_LATIN && !isListedName(tokens, index);
}

function isThing(tokens: Tokens, { first, margin }: Span): boolean {
  return margin < 125 && (tokens.marks[first]! & THING) !== 0 && isNextSmall(tokens, first);
}

function isNextSmall(tokens: Tokens, index: number): boolean {
  return index + 1 < tokens.count && !isCapital(tokens, index + 1) && gapOf(tokens, index) === ' ';
}

function gapOf(tokens: Tokens, index: number): string {
  return tokens.text.slice(tokens.end[index], tokens.start[index + 1]);
}

function isCapital(tokens: Tokens, index: number): boolean {
  return (
    index >= 0 &&
    index < tokens.count &&
    (tokens.flags[index]! & CAPITAL) !== 0 &&
    (tokens.flags[index]! & HAS_DIGIT) === 0
  );
}

function hasDigit(tokens: Tokens, index: number): boolean {
  return (tokens.flags[index]! & HAS_DIGIT) !== 0;
}

function isInitial(tokens: Tokens, index: number): boolean {
  const length = tokens.end[index]! - tokens.start[index]!;
  return isCapital(tokens, index) && length === 1;
}

function isLegalForm(tokens: Tokens, index: number): boolean {
  return (tokens.marks[index]! & LEGAL_FORM) !== 0;
}

/** `Inc`, `GmbH`: after a name it leaves no doubt; `Bank` and `College` are surnames too. */
function isStrict(tokens: Tokens, index: number): boolean {
  return strict.has(tokens.hash[index]!);
}

const strict = new Set(
  words('inc ltd llc llp gmbh corp corporation plc sarl srl bv nv oy oyj kg kgaa limited incorporated pty'),
);

const leading = new Set(words('university universität université universidad università institut ministry department'));

/** True when the span ends in a word that only firms and institutions bear, or begins with one. */
export function isFirm(tokens: Tokens, span: Span): boolean {
  return span.first < span.last && (isLegalForm(tokens, span.last) || leading.has(tokens.hash[span.first]!));
}
