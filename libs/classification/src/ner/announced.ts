import type { Candidate } from '../detect/rule.js';
import type { Emit, Scene } from '../detect/scene.js';
import { enlist, NAME_KEY, TITLE } from '../text/lexicon.js';
import { CAPITAL, HAS_DIGIT, hashOf, type Tokens } from '../text/tokens.js';
import { isListedName, isOrdinary } from './features.js';

function hashes(words: string): ReadonlySet<number> {
  return new Set(words.split(' ').map(hashOf));
}

/** Straight in front of a name, whoever bears it. */
const titles = hashes(
  'mr mrs ms mx dr prof professor doctor sir dame lord lady nurse sister father reverend rev pastor rabbi imam herr frau fräulein mme mlle monsieur madame mademoiselle señor señora señorita sr sra don doña signor signora sig dott mevrouw meneer dhr mevr pan pani senhor senhora uncle aunt auntie grandma grandpa captain capt lieutenant lt sergeant sgt corporal colonel col major detective inspector constable officer judge justice senator docteur professeur maître dottor dottore dottoressa professore slečna slečno paní pane pana panu panem pán pani panią herra rouva fru fröken frøken domnul doamna gospodin gospođa senyor senyora bapak ibu governor congressman congresswoman ambassador coach',
);
const particles = hashes('van von de der den di da del della dos la le al el bin ibn ben ter ten zu af av');
/** Keys whose value is somebody's name, with what follows them in one word or two. */
const nameKeys = hashes(
  'firstname lastname fullname surname givenname familyname middlename maidenname forename vorname nachname prénom apellido apellidos cognome customername patientname employeename contactname username_full cardholder accountholder',
);
const firstParts = hashes(
  'first last full family given middle maiden customer patient employee contact member holder beneficiary client guest tenant owner account sender recipient',
);
const nameWord = hashOf('name');
const assigned = hashes('assignee reporter approver reviewer attendee attendees caller passenger');
enlist(titles, TITLE);
enlist([...nameKeys, ...assigned, nameWord], NAME_KEY);
const separator = /["'`]?[ \t]{0,3}(?::|=>|=|,)[ \t]{0,3}["'`]?/y;

/** Names that a title or a key announces, for which the tagger need not be asked. */
export function findAnnounced(scene: Scene, emit: Emit): void {
  const { tokens } = scene;
  if ((tokens.lists & (TITLE | NAME_KEY)) === 0) return;
  for (let index = 0; index + 1 < tokens.count; index += 1) {
    const marks = tokens.marks[index]!;
    if ((marks & (TITLE | NAME_KEY)) === 0) continue;
    if ((marks & TITLE) !== 0) titled(scene, index, emit);
    else if (isNameKey(tokens, index)) keyed(scene, index, emit);
  }
}

/** Titles that people write in small letters. */
const spoken =
  /^(?:grandma|grandpa|uncle|aunt|auntie|nurse|docteur|professeur|maître|dottor|dottore|dottoressa|professore|monsieur|madame|mademoiselle|señora?|señorita|signora?|senhora?|mevrouw|meneer|slečn[ao]|paní|pan[aeiu]|panem|panią|fru|fröken|frøken|herra|rouva|domnul|doamna|gospodin|gospođa|senyora?|bapak|ibu)$/;

/** A number in front: `0.05 ms.`, `20 lt`. */
function isUnit(tokens: Tokens, index: number): boolean {
  return (
    index > 0 && (tokens.flags[index - 1]! & HAS_DIGIT) !== 0 && tokens.start[index]! - tokens.end[index - 1]! <= 1
  );
}

function titled({ tokens }: Scene, index: number, emit: Emit): void {
  const gap = tokens.text.slice(tokens.end[index], tokens.start[index + 1]);
  if (gap !== ' ' && gap !== '. ' && gap !== '.') return;
  const word = tokens.text.slice(tokens.start[index], tokens.end[index]);
  const isSmall = (tokens.flags[index]! & CAPITAL) === 0;
  if (isSmall && gap !== '. ' && !spoken.test(word)) return;
  if (isUnit(tokens, index)) return;
  const last = endOfName(tokens, index + 1);
  if (last === -1 || (last === index + 1 && isOrdinary(tokens, last))) return;
  emit(announced(tokens, index + 1, last, 'names:titled', word));
}

function isNameKey(tokens: Tokens, index: number): boolean {
  const hash = tokens.hash[index]!;
  if (nameKeys.has(hash) || assigned.has(hash)) return true;
  if (hash !== nameWord || index === 0) return false;
  const gap = tokens.start[index]! - tokens.end[index - 1]!;
  return gap === 1 && firstParts.has(tokens.hash[index - 1]!);
}

function keyed({ tokens }: Scene, index: number, emit: Emit): void {
  separator.lastIndex = tokens.end[index]!;
  if (!separator.test(tokens.text) || separator.lastIndex !== tokens.start[index + 1]!) return;
  const last = endOfName(tokens, index + 1);
  if (last === -1) return;
  let named = false;
  for (let at = index + 1; at <= last; at += 1) if (isListedName(tokens, at) && !isOrdinary(tokens, at)) named = true;
  if (!named) return;
  emit(announced(tokens, index + 1, last, 'names:keyed', tokens.text.slice(tokens.start[index], tokens.end[index])));
}

/** The last word of up to four capitals in a row, with hyphens, apostrophes, initials and particles between; -1 when none. */
function endOfName(tokens: Tokens, first: number): number {
  if (!isNameWord(tokens, first))
    return particles.has(tokens.hash[first]!) && isNameWord(tokens, first + 1) ? endOfName(tokens, first + 1) : -1;
  let last = first;
  for (let at = first + 1; at < tokens.count && at - first < 6; at += 1) {
    const gap = tokens.text.slice(tokens.end[at - 1], tokens.start[at]);
    if (!/^(?: |-|'|’|\. )$/.test(gap)) break;
    if (gap === '. ' && tokens.end[at - 1]! - tokens.start[at - 1]! > 1) break;
    if (isNameWord(tokens, at) && !(gap === ' ' && isOrdinary(tokens, at))) last = at;
    else if (!particles.has(tokens.hash[at]!) || !isNameWord(tokens, at + 1)) break;
  }
  const length = tokens.end[last]! - tokens.start[first]!;
  return length < 2 ? -1 : last;
}

function isNameWord(tokens: Tokens, index: number): boolean {
  if (index >= tokens.count) return false;
  const flags = tokens.flags[index]!;
  return (flags & CAPITAL) !== 0 && (flags & HAS_DIGIT) === 0 && tokens.end[index]! - tokens.start[index]! <= 24;
}

function announced(tokens: Tokens, first: number, last: number, detector: string, cue: string): Candidate {
  const [start, end] = [tokens.start[first]!, tokens.end[last]!];
  return {
    start,
    end,
    class: 'PII',
    type: 'PERSON',
    score: 900,
    detector,
    strength: 1,
    cues: [cue.toLowerCase()],
    alternatives: [],
    via: [],
    steps: [`behind ${cue.toLowerCase()}: 900`],
    normal: tokens.text.slice(start, end).toLowerCase(),
  };
}
