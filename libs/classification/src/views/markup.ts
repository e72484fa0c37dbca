import { type View, ViewBuilder } from './mapped.js';

/** What a page or a program draws together: empty tags, comments, emphasis and joined strings inside a word. */
const seams =
  /(?<=[\p{L}\p{N}@. -])(?:<!--[^<>]{0,60}-->|<\/?[a-z]{1,10}(?: [^<>]{0,40})?>|\*\*|__|["'] ?\+ ?["']|\\(?=[-@._+])){1,6}(?=[\p{L}\p{N}@.-])/giu;
const leading = /(?:\*\*|__)$/;
const MARGIN = 64;
const MOST = 200;

/** The text around such seams with the seams taken out; one window for those that stand near each other. */
export function markupViews(text: string): readonly View[] {
  if (!/[<*_+\\]/.test(text)) return [];
  const windows: { start: number; end: number; seams: [number, number][] }[] = [];
  let count = 0;
  for (const match of text.matchAll(seams)) {
    count += 1;
    if (count > MOST) break;
    const seam: [number, number] = [match.index, match.index + match[0].length];
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
      if (leading.test(text.slice(at, at + 2)) && at < found[0]![0]) {
        at += 1;
        continue;
      }
      builder.add(text[at]!, at);
    }
    return builder.build('markup', end);
  });
}
