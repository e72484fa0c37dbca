import { isLetter, isWordCode } from '../text/characters.js';
import { type View, ViewBuilder } from './mapped.js';

/** What a page or a program draws together: empty tags, comments, emphasis and joined strings inside a word. */
const seams =
  /(?<=[\p{L}\p{N}@. -])(?:<!--[^<>]{0,60}-->|<\/?[a-z]{1,10}(?: [^<>]{0,40})?>|\*\*|__|["'] ?\+ ?["']|\\(?=[-@._+])){1,6}(?=[\p{L}\p{N}@.-]| \d)/iuy;
const MARGIN = 64;
const MOST = 200;

/** The text around such seams with the seams taken out; one window for those that stand near each other. */
export function markupViews(text: string): readonly View[] {
  const windows: { start: number; end: number; seams: [number, number][] }[] = [];
  let count = 0;
  for (let at = 1; at < text.length - 1; at += 1) {
    if (isSign[text.charCodeAt(at)] === 0 || !maySeam(text, at)) continue;
    seams.lastIndex = at;
    if (!seams.test(text)) continue;
    count += 1;
    if (count > MOST) break;
    const seam: [number, number] = [at, seams.lastIndex];
    at = seams.lastIndex - 1;
    const last = windows.at(-1);
    if (last && seam[0] - MARGIN <= last.end) {
      last.seams.push(seam);
      last.end = Math.min(text.length, seam[1] + MARGIN);
    } else
      windows.push({
        start: Math.max(0, seam[0] - MARGIN),
        end: Math.min(text.length, seam[1] + MARGIN),
        seams: [seam],
      });
  }
  return windows.map(({ start, end, seams: found }) => {
    const builder = new ViewBuilder();
    let next = 0;
    for (let at = start; at < end; at += 1) {
      if (next < found.length && at === found[next]![0]) {
        at = found[next]![1] - 1;
        next += 1;
        continue;
      }
      if (at < found[0]![0] && isEmphasis(text, at)) {
        at += 1;
        continue;
      }
      builder.add(text[at]!, at);
    }
    return builder.build('markup', end);
  });
}

/** What a seam begins with. */
const isSign = new Uint8Array(65_536);
for (const sign of '<*_"\'\\') isSign[sign.charCodeAt(0)] = 1;

/** Cheap to ask, and true of every seam: what stands in front, and what the sign goes on with. */
function maySeam(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (!isWordCode(before) && before !== 0x40 && before !== 0x2e && before !== 0x20 && before !== 0x2d)
    if (before < 0xd800 || before > 0xdfff) return false;
  const sign = text.charCodeAt(at);
  const next = text.charCodeAt(at + 1);
  if (sign === 0x3c) return next === 0x21 || next === 0x2f || isLetter(next);
  if (sign === 0x2a || sign === 0x5f) return next === sign;
  if (sign === 0x5c) return next === 0x2d || next === 0x40 || next === 0x2e || next === 0x5f || next === 0x2b;
  return next === 0x2b || (next === 0x20 && text.charCodeAt(at + 2) === 0x2b);
}

function isEmphasis(text: string, at: number): boolean {
  const sign = text.charCodeAt(at);
  return (sign === 0x2a || sign === 0x5f) && text.charCodeAt(at + 1) === sign;
}
