import type { Candidate } from '../detect/rule.js';
import { QUIET } from '../detect/dates.js';
import type { Emit, Scene } from '../detect/scene.js';
import { enlist, GERMAN } from '../text/lexicon.js';
import { type LineKinds, lineKinds } from '../text/lines.js';
import { needOf } from '../text/needs.js';
import { ALL_UPPER, CAPITAL, HAS_DIGIT, hashOf, type Tokens } from '../text/tokens.js';
import { isListed, isOpen, isOrdinary, labels } from './features.js';
import { isAttribution, isDense, isLoudText, mayAttribute } from './machine-text.js';
import { isFirm, mended, type Span } from './spans.js';
import { Tagger } from './tagger.js';

/** Least margin over "nobody", in the weights' units, below which a tag is dropped: several words, one, one in small letters. */
const MARGIN = 32;
/** Named after somebody, about nobody: `Jones criteria`, `Newton's law`. */
const eponym =
  /^\p{Lu}[\p{L}-]+['’]?s? (?:[\p{L}-]+ )?(?:disease|syndrome|criteria|signs?|score|test|scale|procedure|maneuver|reflex|palsy|lymphoma|\p{Ll}+itis|tumou?r|classification|method|theorem|laws?|algorithm|equation|effect|distribution|function|transform|key exchange|curve|model|principle|breathing|respirations?|study|studies|catheter|surgery|mechanism|formula|trial|triad|fracture|gait|cycle|procedure|bodies|nodes?|duct|loop)(?![\p{L}])/iu;
const needOfEponym = needOf(eponym);
/** Where care is given is part of the Safe Harbor list by its place. */
const facility = /hospital|clinic|medical|health|klinik|hôpital|pharmacy|infirmary|hospice|nursing/i;
const SINGLE = 45;
/** For one word in no list, and for words that are all ordinary. */
const UNLISTED = 75;
const ORDINARY = 125;
/** For words in no list that nothing announces. */
const UNHEARD = 120;
const SMALL = 95;
const tagger = new Tagger();

/** Names, places and organisations by the repository's own tagger. */
export function findNames(scene: Scene, emit: Emit): void {
  const { tokens } = scene;
  if (tokens.count === 0) return;
  const tagged = tag(tokens);
  if (tagged.length === 0) return;
  const kind = kindOf(tokens);
  for (const span of mended(tokens, tagged)) {
    if (span.first === span.last && isCue(scene, span.first)) continue;
    const candidate = candidateOf(tokens, span, kind);
    if (candidate) emit(candidate);
  }
}

/** What is asked of the text as a whole, once. */
interface Kind {
  readonly isGerman: boolean;
  readonly mayAttribute: boolean;
  readonly mayHoldEponym: boolean;
}

function kindOf(tokens: Tokens): Kind {
  return {
    isGerman: isGerman(tokens),
    mayAttribute: mayAttribute(tokens),
    mayHoldEponym: tokens.grams.mayHold(needOfEponym),
  };
}

enlist('der die das und ist nicht mit den dem ein eine von zu für im auf wird sich'.split(' ').map(hashOf), GERMAN);

/** In German every noun has a capital, so a capital says little. */
function isGerman(tokens: Tokens): boolean {
  if ((tokens.lists & GERMAN) === 0) return false;
  let count = 0;
  for (let index = 0; index < Math.min(tokens.count, 400); index += 1)
    if ((tokens.marks[index]! & GERMAN) !== 0) count += 1;
  return count >= 2 && count * 9 >= Math.min(tokens.count, 400);
}

/** A word that announces an identifier is no name itself: `IBAN`, `Pan`. */
function isCue(scene: Scene, index: number): boolean {
  return scene.cues.at(index);
}

function tag(tokens: Tokens): readonly Span[] {
  const spans: Span[] = [];
  let kinds: LineKinds | undefined;
  let last = 0;
  let beforeLast = 0;
  for (let index = 0; index < tokens.count; index += 1) {
    let label = 0;
    let margin = 0;
    if (isOpen(tokens, index, last) && !(kinds ??= lineKinds(tokens.text)).isCode(tokens.start[index]!)) {
      label = tagger.label(tokens, index, last, beforeLast);
      margin = tagger.lead;
    }
    if (label !== 0) extend(spans, index, labels[label]!, margin);
    beforeLast = last;
    last = label;
  }
  return spans;
}

function extend(spans: Span[], index: number, name: string, margin: number): void {
  const label = name.slice(2);
  const open = spans.at(-1);
  if (open && open.last === index - 1 && name === `I-${open.label}`)
    spans[spans.length - 1] = { ...open, last: index, margin: Math.max(open.margin, margin) };
  else spans.push({ label, first: index, last: index, margin });
}

function candidateOf(tokens: Tokens, span: Span, kind: Kind): Candidate | undefined {
  const start = tokens.start[span.first]!;
  const end = tokens.end[span.last]!;
  const text = tokens.text.slice(start, end);
  if (span.margin < leastMargin(tokens, span, kind.isGerman) || isInCode(tokens.text, start, end)) return undefined;
  if (isLoudText(tokens, span.first, span.last) || isDense(tokens.text, start)) return undefined;
  if (kind.mayAttribute && isAttribution(tokens.text, start)) return undefined;
  if (kind.mayHoldEponym && eponym.test(`${text}${tokens.text.slice(end, end + 24)}`)) return undefined;
  if (!isNameLike(tokens, span, text)) return undefined;
  const score = Math.min(900, 500 + (span.margin - MARGIN) * 4);
  const firm = span.label === 'ORGANISATION';
  return {
    start,
    end,
    class: firm ? 'ORGANISATION' : 'PII',
    type: span.label,
    score: firm && !isFirm(tokens, span) ? (facility.test(text) ? QUIET : 300) : score,
    detector: `names:${span.label.toLowerCase()}`,
    strength: 1,
    cues: [],
    alternatives: [],
    via: [],
    steps: [`tagger's margin ${span.margin}: ${score}`],
    normal: text.toLowerCase(),
  };
}

/** `So._Mo._Di`, `%Name`, `path/Name`: pieces of something written for machines. */
function isInCode(text: string, start: number, end: number): boolean {
  return (
    /[`_%$#\\@]|\d-$|[\p{Ll}\d]\.$/u.test(text.slice(Math.max(0, start - 2), start)) ||
    /[`_\\@]|\(\)/.test(text.slice(end, end + 1))
  );
}

/** One word alone must be surer than two in a row, a place surer than a person, a word in small letters surest. */
function leastMargin(tokens: Tokens, span: Span, german: boolean): number {
  if (german && !isOpen(tokens, span.first, 0, true)) return span.first === span.last ? SMALL : SMALL - 35;
  if ((tokens.flags[span.first]! & (CAPITAL | HAS_DIGIT)) === 0)
    return span.label === 'PERSON' && span.first !== span.last ? SMALL - 35 : SMALL;
  const isLoud = (tokens.flags[span.first]! & ALL_UPPER) !== 0;
  if (isLoud && isUnheard(tokens, span)) return UNHEARD + 40;
  if (isLoud) return span.first === span.last || span.label === 'LOCATION' ? SMALL : SMALL - 35;
  if (isUnheard(tokens, span)) return span.first === span.last ? UNHEARD + 20 : UNHEARD;
  if (isAllOrdinary(tokens, span)) return span.first === span.last ? ORDINARY : ORDINARY - 40;
  if (span.first !== span.last) return MARGIN;
  if (!isListed(tokens, span.first)) return UNLISTED;
  return span.label === 'LOCATION' ? SINGLE + 1 : SINGLE;
}

/** No word of it stands in a list, no word in front announces a name, and no digit makes an address of it. */
function isUnheard(tokens: Tokens, span: Span): boolean {
  for (let index = span.first; index <= span.last; index += 1)
    if (isListed(tokens, index) || (tokens.flags[index]! & HAS_DIGIT) !== 0) return false;
  return !isOpen(tokens, span.first, 0, true);
}

function isAllOrdinary(tokens: Tokens, span: Span): boolean {
  for (let index = span.first; index <= span.last; index += 1) if (!isOrdinary(tokens, index)) return false;
  return true;
}

/** Digits belong to addresses only; one letter alone is nobody; `fooBar` and `FOO_BAR` are identifiers. */
function isNameLike(tokens: Tokens, span: Span, text: string): boolean {
  if (/\n/.test(text) && /[,'";:|]|^\S\n|\n\S$/.test(text)) return false;
  if (text.length < 2 || text.length > 120 || /[_\\|<>{}=]/.test(text)) return false;
  if (isJoined(tokens, span) || hasCamel(tokens, span)) return false;
  if (/\d\p{L}{1,}\d|\p{L}\d{5}/u.test(text)) return false;
  if (span.label !== 'PERSON' && /^\d/.test(text) && !/\p{Lu}/u.test(text)) return false;
  if (span.label !== 'PERSON') return /\p{L}{3}|^\p{Lu}{2}$/u.test(text);
  for (let index = span.first; index <= span.last; index += 1) {
    if ((tokens.flags[index]! & HAS_DIGIT) !== 0) return false;
  }
  return true;
}

const family = /^(?:Mc|Mac|De|Di|Du|La|Le|Van|Von|O|D|Fitz|St)\p{Lu}/u;
const abbreviated = /^\p{Lu}{2,}\p{Ll}/u;

/** `UPlugData`, `fooBar`, `DATan`: not `McDonald`. */
function hasCamel(tokens: Tokens, span: Span): boolean {
  for (let index = span.first; index <= span.last; index += 1) {
    const word = tokens.text.slice(tokens.start[index], tokens.end[index]);
    if (abbreviated.test(word)) return true;
    if (tokens.tail[index] !== tokens.hash[index] && !family.test(word)) return true;
  }
  return false;
}

/** Small letters or a number joined to something by a sign: `005-vim`, `libxcb-render`; a year in front of a holder. */
function isJoined(tokens: Tokens, span: Span): boolean {
  const start = tokens.start[span.first]!;
  const end = tokens.end[span.last]!;
  const { text } = tokens;
  if ((tokens.flags[span.first]! & CAPITAL) !== 0) return false;
  if ((tokens.flags[span.first]! & HAS_DIGIT) !== 0) {
    const year = /^(?:19|20)\d\d$/.test(text.slice(start, tokens.end[span.first]));
    return (
      year ||
      span.first === span.last ||
      text[tokens.end[span.first]!] !== ' ' ||
      /[\p{L}\p{N}./-]/u.test(text[start - 1] ?? ' ')
    );
  }
  return (start > 0 && !/[\s"'(]/.test(text[start - 1]!)) || /^[-/_=.\\][\p{L}\p{N}]/u.test(text.slice(end, end + 2));
}
