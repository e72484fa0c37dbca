import { isSpace } from '../text/characters.js';
import { ANNOUNCING, enlist } from '../text/lexicon.js';
import { ALL_UPPER, CAPITAL, HAS_DIGIT, HAS_LETTER, hashOf, NON_ASCII, type Tokens } from '../text/tokens.js';
import { COMMON, FIRST_NAME, isOnlyFirstName, LAST_NAME, listed, PLACE } from './gazetteer.js';

export const labels = [
  'O',
  'B-PERSON',
  'I-PERSON',
  'B-LOCATION',
  'I-LOCATION',
  'B-ORGANISATION',
  'I-ORGANISATION',
] as const;
export const BUCKETS = 1 << 17;
export const FEATURES = 32;

const SALT = 0x9e3779b1;
const EDGE = hashOf('\u0001edge');

/** What stands between two words: it decides whether a name goes on. */
export function gapClass(tokens: Tokens, before: number): number {
  const from = before < 0 ? 0 : tokens.end[before]!;
  const to = before + 1 < tokens.count ? tokens.start[before + 1]! : tokens.text.length;
  if (before < 0 || before + 1 >= tokens.count) return 1;
  const { text } = tokens;
  if (to - from === 1) {
    const code = text.charCodeAt(from);
    if (code === 0x20) return 2;
    if (code === 0x0a) return 3;
    if (code === 0x2d) return 4;
    if (code === 0x27 || code === 0x2019) return 5;
    if (code === 0x5f || code === 0x2f || code === 0x5c) return 6;
    if (code === 0x2e) return 7;
    return code === 0x40 ? 8 : 9;
  }
  let newline = false;
  let sign = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x0a) newline = true;
    else if (sign === 0 && !isSpace(code)) sign = code;
  }
  if (newline) return sign === 0 ? 3 : 10;
  if (sign === 0x2c) return 11;
  if (sign === 0x2e || sign === 0x21 || sign === 0x3f) return 12;
  if (sign === 0x3a || sign === 0x3d) return 13;
  if (sign === 0x28 || sign === 0x5b || sign === 0x7b) return 14;
  if (sign === 0x22 || sign === 0x201c || sign === 0x27) return 15;
  return sign === 0 ? 2 : 16;
}

export function shapeOf(tokens: Tokens, index: number): number {
  if (index < 0 || index >= tokens.count) return 0;
  const flags = tokens.flags[index]!;
  // What most words are: small letters of ASCII.
  if (flags === HAS_LETTER) return 5;
  const length = tokens.end[index]! - tokens.start[index]!;
  if ((flags & HAS_LETTER) === 0) return length > 4 ? 2 : 1;
  if ((flags & HAS_DIGIT) !== 0) return (flags & CAPITAL) !== 0 ? 4 : 3;
  if ((flags & CAPITAL) === 0) return (flags & NON_ASCII) !== 0 ? 6 : 5;
  if (length === 1) return 7;
  if ((flags & ALL_UPPER) !== 0) return length <= 3 ? 8 : 9;
  if (tokens.tail[index] !== tokens.hash[index]) return 10;
  return (flags & NON_ASCII) !== 0 ? 12 : 11;
}

function mix(kind: number, a: number, b: number): number {
  let value = Math.imul(a ^ Math.imul(kind + 1, SALT), 0x85ebca6b) ^ Math.imul(b + kind, 0xc2b2ae35);
  value ^= value >>> 15;
  value = Math.imul(value, 0x2c1b3c6d);
  return (value ^ (value >>> 13)) & (BUCKETS - 1);
}

function wordAt(tokens: Tokens, index: number): number {
  return index < 0 || index >= tokens.count ? EDGE : tokens.hash[index]!;
}

function affix(tokens: Tokens, index: number, from: number, to: number): number {
  const start = tokens.start[index]!;
  const length = tokens.end[index]! - start;
  let hash = 17;
  const low = from < 0 ? Math.max(0, length + from) : from;
  for (let at = low; at < Math.min(length, to); at += 1)
    hash = Math.imul(hash, 31) + (tokens.text.charCodeAt(start + at) | 0x20);
  return hash;
}

/** What a word is judged by; training leaves one side out now and then, so that each must carry the decision. */
export type Sight = 'all' | 'context' | 'word' | 'unlisted';

/** Which lists the word stands in, for features; nothing when training looks away. */
function listsAt(tokens: Tokens, index: number, sight: Sight): number {
  return index < 0 || index >= tokens.count || sight === 'unlisted' ? 0 : listed(tokens.hash[index]!);
}

/** Longer words are as long as this one. */
const LONGEST = 12;

/** A word where it stands, as the numbers that all its features are made of. */
export class Setting {
  word = 0;
  lists = 0;
  lastThree = 0;
  lastTwo = 0;
  firstThree = 0;
  length = 0;
  /** The labels of the two words in front. */
  last = 0;
  beforeLast = 0;
  shape = 0;
  leftShape = 0;
  rightShape = 0;
  secondLeftShape = 0;
  secondRightShape = 0;
  gapLeft = 0;
  gapRight = 0;
  left = 0;
  right = 0;
  secondLeft = 0;
  secondRight = 0;
  thirdLeft = 0;
  leftLists = 0;
  rightLists = 0;

  /** Takes in the word and what stands around it. */
  read(tokens: Tokens, index: number, last: number, beforeLast: number, sight: Sight): this {
    const own = sight !== 'context';
    const around = sight !== 'word';
    this.word = own ? wordAt(tokens, index) : EDGE;
    this.lists = own ? listsAt(tokens, index, sight) : 0;
    this.lastThree = own ? affix(tokens, index, -3, 99) : 0;
    this.lastTwo = own ? affix(tokens, index, -2, 99) : 0;
    this.firstThree = own ? affix(tokens, index, 0, 3) : 0;
    this.length = Math.min(tokens.end[index]! - tokens.start[index]!, LONGEST);
    this.last = last;
    this.beforeLast = beforeLast;
    this.shape = shapeOf(tokens, index);
    this.leftShape = shapeOf(tokens, index - 1);
    this.rightShape = shapeOf(tokens, index + 1);
    this.secondLeftShape = shapeOf(tokens, index - 2);
    this.secondRightShape = shapeOf(tokens, index + 2);
    this.gapLeft = gapClass(tokens, index - 1);
    this.gapRight = gapClass(tokens, index);
    this.left = around ? wordAt(tokens, index - 1) : EDGE;
    this.right = around ? wordAt(tokens, index + 1) : EDGE;
    this.secondLeft = around ? wordAt(tokens, index - 2) : EDGE;
    this.secondRight = around ? wordAt(tokens, index + 2) : EDGE;
    this.thirdLeft = around ? wordAt(tokens, index - 3) : EDGE;
    this.leftLists = listsAt(tokens, index - 1, sight);
    this.rightLists = listsAt(tokens, index + 1, sight);
    return this;
  }
}

/** Writes the buckets of the features that the word itself decides, with the label in front; how many they are. */
export function wordFeatures(of: Setting, out: Int32Array): number {
  const { word, lists, shape, last } = of;
  out[0] = mix(0, word, 0);
  out[1] = mix(7, of.lastThree, shape);
  out[2] = mix(8, of.lastTwo, last);
  out[3] = mix(9, of.firstThree, shape);
  out[4] = mix(12, last, word);
  out[5] = mix(26, lists, shape);
  out[6] = mix(29, lists, last);
  return 7;
}

/** The same of those that the forms of the words decide and what stands between them. */
export function formFeatures(of: Setting, out: Int32Array): number {
  const { shape, leftShape, rightShape, gapLeft, gapRight, last } = of;
  out[0] = mix(5, shape, gapLeft * 32 + gapRight);
  out[1] = mix(6, shape * 64 + leftShape, rightShape);
  out[2] = mix(10, last * 8 + of.beforeLast, shape);
  out[3] = mix(11, last, gapLeft * 32 + shape);
  out[4] = mix(21, of.secondLeftShape * 512 + leftShape * 32 + shape, gapLeft * 32 + last);
  out[5] = mix(22, rightShape * 32 + of.secondRightShape, shape * 32 + gapRight);
  out[6] = mix(23, of.length, shape);
  return 7;
}

/** The same of those that the words around decide. In two functions, each small enough to be compiled as one piece. */
export function contextFeatures(of: Setting, out: Int32Array): number {
  const { shape, left, right, secondLeft, gapLeft, gapRight } = of;
  out[0] = mix(1, left, gapLeft);
  out[1] = mix(2, right, gapRight);
  out[2] = mix(3, secondLeft, left);
  out[3] = mix(4, of.secondRight, right);
  out[4] = mix(13, left, shape);
  out[5] = mix(14, right, shape);
  out[6] = mix(15, left, right);
  out[7] = mix(16, secondLeft, shape);
  out[8] = mix(17, of.thirdLeft, shape);
  return pairFeatures(of, out);
}

/** Behind those, what the word, its lists and the label in front are together with the words around. */
function pairFeatures(of: Setting, out: Int32Array): number {
  const { word, lists, shape, last, left, right, gapLeft, gapRight } = of;
  out[9] = mix(18, last, left);
  out[10] = mix(19, last, right);
  out[11] = mix(20, word, gapRight);
  out[12] = mix(24, word, right);
  out[13] = mix(25, word, left);
  out[14] = mix(27, lists * 16 + of.leftLists, gapLeft * 32 + shape);
  out[15] = mix(28, lists * 16 + of.rightLists, gapRight * 32 + shape);
  out[16] = mix(30, lists, left);
  out[17] = mix(31, lists * 16 + of.rightLists, right);
  return 18;
}

const setting = new Setting();

/** Writes the buckets of all features of the word, for training. */
export function featuresOf(
  tokens: Tokens,
  index: number,
  last: number,
  beforeLast: number,
  sight: Sight,
  out: Int32Array,
): void {
  setting.read(tokens, index, last, beforeLast, sight);
  const own = wordFeatures(setting, out);
  const forms = formFeatures(setting, out.subarray(own));
  contextFeatures(setting, out.subarray(own + forms));
}

enlist(
  'name names named called am im mr mrs ms miss dr prof sir madam patient client customer employee user from live lives living born city town country address contact by dear hi hello hey thanks regards sincerely cheers sent signed herr frau monsieur madame señor señora signor signora don doña nombre nom nome naam met mit von in near to for about pt re with'
    .split(' ')
    .map(hashOf),
  ANNOUNCING,
);

function isAnnounced(tokens: Tokens, index: number): boolean {
  return index >= 0 && index < tokens.count && (tokens.marks[index]! & ANNOUNCING) !== 0;
}

/** Only these words are ever tagged: capitals, what follows a name, and what stands behind a word that announces one. */
export function isOpen(tokens: Tokens, index: number, last: number, announced = false): boolean {
  if (announced) return isAnnounced(tokens, index - 1);
  const { flags, marks } = tokens;
  if (last !== 0 || (flags[index]! & CAPITAL) !== 0) return true;
  if (index > 0 && (marks[index - 1]! & ANNOUNCING) !== 0) return true;
  if (index > 1 && (marks[index - 2]! & ANNOUNCING) !== 0) return true;
  return isPlainName(tokens, index);
}

/** A first name in small letters that is no ordinary word nor a place: `ask jennifer`. */
function isPlainName(tokens: Tokens, index: number): boolean {
  if ((tokens.flags[index]! & HAS_DIGIT) !== 0 || tokens.end[index]! - tokens.start[index]! < 4) return false;
  return isOnlyFirstName(tokens.hash[index]!);
}

/** True when some list holds the word as a name of a person. */
export function isListedName(tokens: Tokens, index: number): boolean {
  return (listed(tokens.hash[index]!) & (FIRST_NAME | LAST_NAME)) !== 0;
}

/** True when the word is ordinary and in no list of names or places. */
export function isOrdinary(tokens: Tokens, index: number): boolean {
  return listed(tokens.hash[index]!) === COMMON;
}

/** True when the word stands in a list of names or places. */
export function isListed(tokens: Tokens, index: number): boolean {
  return (listed(tokens.hash[index]!) & (FIRST_NAME | LAST_NAME | PLACE)) !== 0;
}

/** True when some list holds the word as a name and none as an ordinary word or a place. */
export function isPersonal(tokens: Tokens, index: number): boolean {
  const lists = listed(tokens.hash[index]!);
  return (lists & (FIRST_NAME | LAST_NAME)) !== 0 && (lists & (COMMON | PLACE)) === 0;
}
