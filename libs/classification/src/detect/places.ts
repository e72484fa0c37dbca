import { isFoundation } from '../ner/machine-text.js';
import { isDigit } from '../text/characters.js';
import { gramAt, GramSet } from '../text/grams.js';
import { enlist, STREET_BEHIND_NUMBER, STREET_START } from '../text/lexicon.js';
import { needOf } from '../text/needs.js';
import { ALL_UPPER, CAPITAL, HAS_DIGIT, HAS_LETTER, hashOf, type Tokens } from '../text/tokens.js';
import type { Candidate } from './rule.js';
import type { Emit, Scene } from './scene.js';

const suffix =
  'Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Terrace|Ter|Square|Sq|Parkway|Pkwy|Circle|Cir|Highway|Hwy|Close|Crescent|Gardens|Grove|Trail|Trl|Alley|Walk|Row|Mews|Quay|Hill|Green|Plaza|Loop|Turnpike|Pike|Path|Freeway|Expressway|Route|Canyon|Heights|Ridge|Run|View|Point|Village|Crossing|Bypass|Estate|Estates|Island|Isle|Junction|Knoll|Manor|Meadow|Mount|Oval|Park|Pass|Port|Rapid|Shoal|Shore|Spring|Spur|Station|Stream|Summit|Throughway|Trace|Track|Tunnel|Union|Valley|Viaduct|Vista|Ville|Well|Forge|Fork|Fort|Garden|Gateway|Glen|Haven|Harbor|Hollow|Inlet|Key|Lakes?|Landing|Light|Lock|Lodge|Mall|Mill|Mission|Motorway|Neck|Orchard|Overpass|Parade|Bend|Branch|Bridge|Brook|Burg|Camp|Cape|Causeway|Center|Cliff|Club|Common|Corner|Course|Cove|Creek|Dale|Dam|Divide|Falls|Ferry|Field|Flat|Ford|Forest';
const unit =
  '(?:,? {1,2}(?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Room|Rm|Flat|Building|Bldg|#)\\.? ?#?[A-Za-z0-9-]{1,6})?';
const numbered = new RegExp(
  `\\d{1,6}[A-Za-z]?(?:[-/]\\d{1,4})? (?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\\.? )?(?:(?:\\d{1,3}(?:st|nd|rd|th)|[A-Z][\\p{L}'’.-]{0,24}) ){0,4}?(?:[A-Z][\\p{L}'’-]{0,24}? )?(?:${suffix})\\b\\.?(?: (?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\\b\\.?)?${unit}`,
  'uy',
);
const strong =
  /\b(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Terrace|Square|Parkway|Pkwy|Circle|Highway|Hwy|Close|Crescent|Gardens|Grove|Trail|Apt|Suite)\b/;
const german =
  /(?:(?:[Aa]m|[Aa]n der|[Ii]m|[Aa]lte[rn]?|[Gg]roße|[Kk]leine) )?\p{Lu}[\p{L}.-]{1,30}?(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|damm|ufer|straat|laan|plein|gracht|vägen|gatan|gade|vej|veien|katu|tie) ?\d{1,4}(?: ?[a-z])?(?:[-/]\d{1,4})?(?![\p{L}\d])(?:,? {1,2}(?:D-)?\d{4,5} {1,2}(?:[A-Z]{2} )?\p{Lu}[\p{L}-]{2,30})?/gu;
const romance =
  /(?:\d{1,4}(?: ?bis| ?ter)?,? (?:rue|avenue|boulevard|bd|place|chemin|allée|impasse|quai|route|cours)|(?:Calle|C\/|Avenida|Avda\.?|Av\.|Plaza|Paseo|Via|Viale|Piazza|Corso|Largo|Rua|Travessa|Praça|ul\.|Aleja|al\.))(?: (?:de|del|della|dei|di|da|do|dos|das|la|las|los|le|les|du|des|l'|d'))*(?: ?\p{Lu}[\p{L}'’.-]{1,24}){1,4}(?:,? (?:n[.º°]? ?)?\d{1,4}[a-z]?(?![\p{L}\d]))?(?:,? \d{4,5} \p{Lu}[\p{L}-]{2,30})?/uy;
/** The last three signs in front of a house number of such a street. */
const streetEnds = new GramSet();
for (const end of 'aße sse tr. weg atz lee amm fer aat aan ein cht gen tan ade vej ien atu tie'.split(' '))
  streetEnds.add(gramAt(end, 0));
enlist(
  'calle c avenida avda av plaza paseo via viale piazza corso largo rua travessa praça ul aleja al'
    .split(' ')
    .map(hashOf),
  STREET_START,
);
enlist(
  'rue avenue boulevard bd place chemin allée impasse quai route cours'.split(' ').map(hashOf),
  STREET_BEHIND_NUMBER,
);
const states =
  'A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]';
const stateZip = new RegExp(`(?<=, ?|\\p{L} )(?:${states}),? {1,2}\\d{5}(?:-\\d{4})?(?![\\d-])`, 'uy');
/** Towns and districts behind a street, as long as a state or a postcode ends them. */
const town = String.raw`(?:\p{Lu}[\p{L}'’.-]{1,24} ){0,3}\p{Lu}[\p{L}'’.-]{1,24}`;
const rest = new RegExp(
  `(?:(?:, ?|,?\\r?\\n *)${town}){1,3}(?:, ?(?:${states})(?: {1,2}\\d{5}(?:-\\d{4})?)?|,? {1,2}[A-Z]{1,2}\\d[A-Z\\d]? \\d[A-Z]{2}|,? \\d{4,5}(?:-\\d{4})?)(?!-?[\\p{L}\\d])`,
  'uy',
);
const box = /\bP\.? ?O\.? ?Box \d{1,6}\b/gi;
const needOfBox = needOf(box);

/** Street lines, post boxes, state and ZIP: places that can be told by their form. */
export function findPlaces(scene: Scene, emit: Emit): void {
  const { text, tokens, grams } = scene;
  let from = 0;
  for (let each = 0; each < tokens.codedCount; each += 1) {
    const index = tokens.coded[each]!;
    if (index + 1 >= tokens.count) break;
    const start = tokens.start[index]!;
    if ((tokens.flags[index]! & ALL_UPPER) !== 0) findStateZip(scene, index, emit);
    if (start < from || !isHouseNumber(scene, index)) continue;
    if ((tokens.flags[index + 1]! & (CAPITAL | HAS_LETTER)) === 0) continue;
    numbered.lastIndex = start;
    const match = numbered.exec(text);
    if (!match || !isStreet(match[0]) || (start > 0 && /[\w./:-]/.test(text[start - 1]!))) continue;
    if (isFoundation(text, start)) continue;
    from = addressEnd(text, start + match[0].length);
    const isWhole = from > start + match[0].length;
    emit(isWhole ? wholeAddress(text, start, from) : place(text, start, from, 'street'));
  }
  if (mayBeGerman(tokens)) emitEach(text, german, emit, 'street');
  findRomance(scene, emit);
  if (grams.mayHold(needOfBox)) emitEach(text, box, emit, 'post-box');
}

/** A number of at most six signs, a blank behind it or behind its second half, and then a capital or a digit. */
function isHouseNumber({ text, tokens }: Scene, index: number): boolean {
  const start = tokens.start[index]!;
  let at = tokens.end[index]!;
  if (!isDigit(text.charCodeAt(start)) || at - start > 6) return false;
  const sign = text.charCodeAt(at);
  if (sign === 0x2d || sign === 0x2f) {
    at += 1;
    for (let digits = 0; digits < 4 && isDigit(text.charCodeAt(at)); digits += 1) at += 1;
  }
  const next = text.charCodeAt(at + 1);
  return text.charCodeAt(at) === 0x20 && ((next >= 0x41 && next <= 0x5a) || isDigit(next));
}

/** A number stands where a street of such an ending may have its house number. */
function mayBeGerman({ text, start, flags, coded, codedCount }: Tokens): boolean {
  for (let each = 0; each < codedCount; each += 1) {
    const index = coded[each]!;
    if ((flags[index]! & HAS_DIGIT) === 0) continue;
    let digit = start[index]!;
    while (!isDigit(text.charCodeAt(digit))) digit += 1;
    const end = text.charCodeAt(digit - 1) === 0x20 ? digit - 1 : digit;
    if (end > 4 && streetEnds.has(gramAt(text, end - 3))) return true;
  }
  return false;
}

/** `12, rue de Rivoli`, `Via Roma 12`: behind a word for a street, or a number in front of one. */
function findRomance({ text, tokens }: Scene, emit: Emit): void {
  let from = 0;
  // Where no word for a street stands that a street begins with, it begins with a number.
  const worded = (tokens.lists & STREET_START) !== 0;
  if (!worded && (tokens.lists & STREET_BEHIND_NUMBER) === 0) return;
  for (let each = 0; each < (worded ? tokens.count : tokens.codedCount); each += 1) {
    const index = worded ? each : tokens.coded[each]!;
    const start = tokens.start[index]!;
    if (start < from || !mayBeRomance(tokens, index)) continue;
    romance.lastIndex = start;
    if (!romance.test(text)) continue;
    from = romance.lastIndex;
    if (/\d/.test(text.slice(start, from))) emit(place(text, start, from, 'street'));
  }
}

function mayBeRomance({ text, start, flags, marks }: Tokens, index: number): boolean {
  if ((marks[index]! & STREET_START) !== 0) return true;
  if ((flags[index]! & HAS_DIGIT) === 0 || !isDigit(text.charCodeAt(start[index]!))) return false;
  // Behind the last word stand words that are in no list.
  return ((marks[index + 1]! | marks[index + 2]!) & STREET_BEHIND_NUMBER) !== 0;
}

/** `Springfield, IL 62704`: two capitals, and a number behind them. */
function findStateZip({ text, tokens }: Scene, index: number, emit: Emit): void {
  const start = tokens.start[index]!;
  if (tokens.end[index]! - start !== 2 || !isDigit(text.charCodeAt(tokens.start[index + 1]!))) return;
  stateZip.lastIndex = start;
  if (stateZip.test(text) && !isFoundation(text, start)) emit(place(text, start, stateZip.lastIndex, 'state-zip'));
}

/** Where the address ends whose street line ends at `end`. */
function addressEnd(text: string, end: number): number {
  rest.lastIndex = end;
  return rest.test(text) ? rest.lastIndex : end;
}

/** `221B Baker Street, London NW1 6XE`: one span, stronger than the town and the postcode in it. */
function wholeAddress(text: string, start: number, end: number): Candidate {
  return { ...place(text, start, end, 'address'), score: 900, strength: 3 };
}

/** Rare endings (`Mill`, `Park`) count only with two more words or a unit; `5 Star Hill` is no street. */
function isStreet(match: string): boolean {
  if (strong.test(match)) return /\d[A-Za-z]? \p{L}+|\d(?:st|nd|rd|th) /u.test(match) && match.split(' ').length >= 3;
  return /^\d{2,6} /.test(match) && match.split(' ').length >= 3;
}

function emitEach(text: string, pattern: RegExp, emit: Emit, form: string): void {
  for (const match of text.matchAll(pattern)) {
    if (form === 'street' && !/\d/.test(match[0])) continue;
    emit(place(text, match.index, match.index + match[0].length, form));
  }
}

function place(text: string, start: number, end: number, form: string): Candidate {
  return {
    start,
    end,
    class: 'PII',
    type: 'LOCATION',
    score: 800,
    detector: `places:${form}`,
    strength: 2,
    cues: [],
    alternatives: [],
    via: [],
    steps: [`form of a ${form}: 800`],
    normal: text.slice(start, end).toLowerCase(),
  };
}
