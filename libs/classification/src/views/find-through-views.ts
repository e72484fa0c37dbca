import type { Candidate } from '../detect/rule.js';
import type { Scene } from '../detect/scene.js';
import type { CueHit } from '../text/cues.js';
import { tokenAt, type Tokens } from '../text/tokens.js';
import { encodedViews } from './encoded.js';
import { escapeView } from './escape.js';
import { foldViews } from './fold.js';
import { outwards, type View } from './mapped.js';
import { markupViews } from './markup.js';
import { squeezeViews } from './squeeze.js';

const MAX_DECODED = 256 * 1024;
const WORDS_LEFT = 8;

export interface ViewBudget {
  /** Characters that views of this text may still add. */
  left: number;
  /** The same for what is decoded out of runs. */
  decoded: number;
}

export function viewBudget(length: number): ViewBudget {
  return { left: 4_096 + length * 4, decoded: MAX_DECODED };
}

/** Reads the text again in the ways that hide a value from a plain reading; each finding comes back on its own span. */
export function findThroughViews(
  scene: Scene,
  budget: ViewBudget,
  rescan: (view: View, outer: readonly CueHit[]) => readonly Candidate[],
  plain: readonly Candidate[],
): { readonly found: readonly Candidate[]; readonly exhausted: boolean } {
  const found: Candidate[] = [];
  const { views, complete } = viewsOf(scene, Math.min(budget.left, budget.decoded));
  const read = new Map<string, readonly Candidate[]>();
  for (const view of views) {
    const outer = view.whole ? [...scene.outer, ...cuesLeftOf(scene, view.whole.start)] : scene.outer;
    const name = nameOf(view, outer);
    let held = read.get(name);
    if (!held) {
      if (view.text.length > budget.left) return { found, exhausted: true };
      budget.left -= view.text.length;
      if (view.whole) budget.decoded -= view.text.length;
      held = rescan(view, outer);
      if (views.length > 1) read.set(name, held);
    }
    for (const candidate of held) {
      const mapped = outwards(candidate, view);
      if (isNews(mapped, candidate, view, plain)) found.push(grown(mapped, plain));
    }
  }
  return { found, exhausted: !complete };
}

/** Views of one name hold the same: text, cues around and run are all that a reading depends on. Each is read once. */
function nameOf({ text, core }: View, outer: readonly CueHit[]): string {
  const cues = outer.map((hit) => `${hit.group} ${hit.text}`).join('|');
  return `${core?.[0] ?? ''} ${core?.[1] ?? ''} ${cues}\0${text}`;
}

/** Every other way to read the scene's text, and whether there are no more; exported for the benchmark. */
export function viewsOf(scene: Scene, budget: number): { readonly views: readonly View[]; readonly complete: boolean } {
  const { text, tokens } = scene;
  const squeezed = squeezeViews(scene);
  const views = [
    ...foldViews(tokens),
    ...(mayEscape(tokens) ? escapeView(text) : []),
    ...squeezed.views,
    ...(maySeam(tokens) ? markupViews(text) : []),
    ...encodedViews(tokens, budget),
  ];
  return { views, complete: squeezed.complete };
}

/** Some sign stands in the text with which an escape begins. */
function mayEscape(tokens: Tokens): boolean {
  return tokens.hasSign(0x25) || tokens.hasSign(0x5c) || tokens.hasSign(0x26) || tokens.hasSign(0x3d);
}

/** Some sign stands in the text with which a seam begins; behind a quote it goes on with a plus. */
function maySeam(tokens: Tokens): boolean {
  if (tokens.hasSign(0x3c) || tokens.hasSign(0x2a) || tokens.hasSign(0x5f) || tokens.hasSign(0x5c)) return true;
  return tokens.hasSign(0x2b) && (tokens.hasSign(0x22) || tokens.hasSign(0x27));
}

/** A view only adds what the plain reading did not see there, and never an ordinary address. */
function isNews(candidate: Candidate, inView: Candidate, view: View, plain: readonly Candidate[]): boolean {
  if (candidate.class === 'LINK' || candidate.type === 'URL') return false;
  if (view.name === 'line-break' && candidate.strength < 2) return false;
  if (view.name === 'squeeze' && candidate.strength < 2 && !isCuedNumber(candidate)) return false;
  if (view.name === 'reversed' && candidate.strength < 2 && candidate.class !== 'INJECTION')
    if (!isCuedNumber(candidate)) return false;
  if ((view.name === 'line-break' || view.name === 'markup') && candidate.strength < 3) {
    if (view.name === 'line-break') return false;
    const isCut = candidate.end - candidate.start > inView.end - inView.start;
    if (candidate.strength < 2 && candidate.class !== 'INJECTION' && !(isCut && isAnnounced(candidate))) return false;
  }
  return !plain.some(
    (each) =>
      each.start < candidate.end &&
      candidate.start < each.end &&
      (each.type === candidate.type || each.class === candidate.class) &&
      each.end - each.start >= (candidate.end - candidate.start) * 0.8,
  );
}

/** A word beside it says what it is, or what it stands behind says that it is a credential. */
function isAnnounced({ cues, class: name }: Candidate): boolean {
  return cues.length > 0 || name === 'SECRET';
}

/** Single signs in a row are a table or a figure more often than not: a number counts there when a word says what it is. */
function isCuedNumber({ cues, normal, score }: Candidate): boolean {
  return cues.length > 0 && score >= 500 && /\d{4}/.test(normal) && new Set(normal).size > 3;
}

/** What was read in part without the view is no less certain as a whole. */
function grown(candidate: Candidate, plain: readonly Candidate[]): Candidate {
  const part = plain.find(
    (each) =>
      each.class === candidate.class &&
      candidate.start <= each.start &&
      each.end <= candidate.end &&
      (each.score > candidate.score || each.strength > candidate.strength),
  );
  if (part === undefined) return candidate;
  const strength = part.strength > candidate.strength ? part.strength : candidate.strength;
  return { ...candidate, strength, score: Math.max(part.score, candidate.score) };
}

/** What stands left of an encoded run counts for what is inside: `API_TOKEN=` before a base64 value. */
function cuesLeftOf(scene: Scene, start: number): readonly CueHit[] {
  const first = tokenAt(scene.tokens, start);
  return scene.cues.hits.filter((hit) => hit.last < first && hit.last >= first - WORDS_LEFT);
}
