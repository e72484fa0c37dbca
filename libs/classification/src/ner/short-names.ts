import type { Candidate } from '../detect/rule.js';
import type { Emit, Scene } from '../detect/scene.js';
import { enlist, SHORT_SURNAME } from '../text/lexicon.js';
import { CAPITAL, HAS_DIGIT, hashOf, type Tokens } from '../text/tokens.js';
import { isOrdinary } from './features.js';
import { isAttribution } from './machine-text.js';

/** Surnames of China, Korea and Vietnam: a given name of one or two syllables follows, which stands in no list. */
const surnames =
  'li wang zhang liu chen yang huang zhao wu zhou xu zhu hu guo lin gao luo zheng liang xie tang deng feng cao peng zeng xiao tian yuan cai jiang ding wei lei wong cheung kim park choi jung jeong kang yoon jang kwon hwang ahn hong nguyen nguyễn tran trần pham phạm hoang hoàng phan vu vũ dang đặng bui bùi ngo ngô';
enlist(surnames.split(' ').map(hashOf), SHORT_SURNAME);

/** What one syllable of such a name looks like. */
const syllable = /^(?:[ZCS]h|[BPMFDTNLGKHJQXZCSRYWV])?[aeiouü]{1,3}(?:ng?|r)?$/i;
/** Words that look like it and are none. */
const others = new Set(
  'an a i in on me he she we be no so do to go my or ya yo hi re de la le li pa ma bin ban can car men man pan pin run sun tan ton win won wan den din fan fun gun hen her hung lan long main mein rain ran sang sing song sung tang ting wang wing bang bring king ring ping pong page pie die lie tie due lee see fee bee'
    .split(' ')
    .map(hashOf),
);
const SCORE = 800;

/** `Li Na`, `Wu Lei`, `Park Ji-hoon`: a surname and short syllables with capitals, where the tagger has seen too few. */
export function findShortNames({ text, tokens }: Scene, emit: Emit): void {
  if ((tokens.lists & SHORT_SURNAME) === 0) return;
  for (let index = 0; index + 1 < tokens.count; index += 1) {
    if ((tokens.marks[index]! & SHORT_SURNAME) === 0 || !isName(tokens, index)) continue;
    if (text.slice(tokens.end[index], tokens.start[index + 1]) !== ' ' || isHeading(text, tokens, index)) continue;
    const last = endOfGiven(text, tokens, index + 1);
    if (last === -1 || isAttribution(text, tokens.start[index]!)) continue;
    emit(person(tokens, index, last));
    index = last;
  }
}

function isName({ flags }: Tokens, index: number): boolean {
  return (flags[index]! & CAPITAL) !== 0 && (flags[index]! & HAS_DIGIT) === 0;
}

/** The last word of the given name that begins at `first`; -1 when it looks like none. */
function endOfGiven(text: string, tokens: Tokens, first: number): number {
  if (!isName(tokens, first)) return -1;
  const word = text.slice(tokens.start[first], tokens.end[first]);
  const next = first + 1;
  const isHyphened = next < tokens.count && text.slice(tokens.end[first], tokens.start[next]) === '-';
  if (isHyphened) return syllable.test(word) && tokens.end[next]! - tokens.start[next]! <= 6 ? next : -1;
  if (word.length > 5 || !syllable.test(word) || others.has(tokens.hash[first]!) || isOrdinary(tokens, first))
    return -1;
  return first;
}

/** Capitals on either side: a heading, or the name of a thing. */
function isHeading(text: string, { start }: Tokens, index: number): boolean {
  return (
    /\p{Lu}\p{L}* $/u.test(text.slice(Math.max(0, start[index]! - 12), start[index])) &&
    !/(?:^|[.!?]\s)\p{L}+ $/u.test(text.slice(Math.max(0, start[index]! - 12), start[index]))
  );
}

function person({ text, start, end }: Tokens, first: number, last: number): Candidate {
  const [from, to] = [start[first]!, end[last]!];
  return {
    start: from,
    end: to,
    class: 'PII',
    type: 'PERSON',
    score: SCORE,
    detector: 'names:short',
    strength: 1,
    cues: [],
    alternatives: [],
    via: [],
    steps: [`a surname and a given name of its country: ${SCORE}`],
    normal: text.slice(from, to).toLowerCase(),
  };
}
