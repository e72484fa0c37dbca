import { clinicalWordsIn, soundsClinical } from './detect/clinical.js';
import { findAddresses, findEmails, findUrls } from './detect/internet.js';
import { findCards, findIbans } from './detect/payment.js';
import { findDates } from './detect/dates.js';
import { findLongWords } from './detect/long-words.js';
import { findPlaces } from './detect/places.js';
import { findPhones } from './detect/phone.js';
import { resolveOverlaps } from './detect/resolve.js';
import { type Candidate, Span } from './detect/rule.js';
import type { Emit, Scene } from './detect/scene.js';
import { cueTable, findStructured } from './detect/structured.js';
import { findInjections } from './injection/find-injections.js';
import { findAnnounced } from './ner/announced.js';
import { findKnownPlaces } from './ner/known-places.js';
import { findNames } from './ner/find-names.js';
import { findShortNames } from './ner/short-names.js';
import { isAttribution } from './ner/machine-text.js';
import { findUsernames } from './detect/usernames.js';
import { findSecrets } from './secrets/find-secrets.js';
import type { CueHit } from './text/cues.js';
import { jsonLeaves, type InnerLeaf } from './text/json-leaves.js';
import type { Bundle } from './taxonomy/taxonomy.js';
import { Tokens } from './text/tokens.js';
import { findThroughViews, type ViewBudget, viewBudget } from './views/find-through-views.js';
import type { View } from './views/mapped.js';

/** Goes into every finding and every record; changed with any change of a rule. */
export const engineVersion = 'writ-4';

/** The detectors, each over one scene; exported for the benchmark. */
export const passes: readonly ((scene: Scene, emit: Emit) => void)[] = [
  findEmails,
  findUrls,
  findAddresses,
  findCards,
  findIbans,
  findStructured,
  findLongWords,
  findPhones,
  findSecrets,
  findUsernames,
  findPlaces,
  findDates,
  findNames,
  findAnnounced,
  findKnownPlaces,
  findShortNames,
];
const ofNames = new Set([findNames, findAnnounced, findKnownPlaces, findShortNames]);

const SLICE = 64 * 1024;
/** More than the longest thing whose cue or framing may stand on the other side, key blocks apart. */
const OVERLAP = 2_048;
/** Encodings inside encodings are followed this far. */
const MAX_DEPTH = 3;
/** One for each depth, for a scan is never interrupted by another. */
const wordsAt = Array.from({ length: MAX_DEPTH + 1 }, () => new Tokens());
/** No rule without a cue takes a shorter number. */
const LEAST_NUMBER = 9;

export interface Scope {
  readonly key?: string | undefined;
  readonly role: string;
  /** True for what machines wrote for machines: enums, object keys, a tool's description. No name is looked for there. */
  readonly nameless?: boolean;
  readonly bundle: Bundle;
  readonly expired: () => boolean;
}

export interface ScanResult {
  readonly candidates: readonly Candidate[];
  /** How many words of care were met: the context that makes an identifier PHI. */
  readonly clinicalWords: number;
  readonly incomplete: readonly string[];
}

/** One scan's running totals. */
interface Run {
  clinicalWords: number;
  readonly views: ViewBudget;
  readonly incomplete: Set<string>;
}

/** Everything one text holds, overlaps resolved; offsets are those of `text`. */
export function scan(text: string, scope: Scope): ScanResult {
  const run: Run = { clinicalWords: 0, views: viewBudget(text.length), incomplete: new Set() };
  const candidates = scanLeafText(text, scope, run);
  return { candidates, clinicalWords: run.clinicalWords, incomplete: [...run.incomplete] };
}

function scanLeafText(text: string, scope: Scope, run: Run): readonly Candidate[] {
  const outer = scope.key === undefined ? [] : cueTable.ofKey(scope.key);
  const inner = jsonLeaves(text);
  if (!inner) return scanLong(text, outer, scope, run);
  const found = scanLong(text, outer, scope, run).filter((candidate) => !isAcrossLeaves(candidate, inner));
  const ofKey = new Map<string, readonly CueHit[]>();
  for (const leaf of inner) {
    if (scope.expired()) {
      run.incomplete.add('budget:time');
      break;
    }
    const cues = ofKey.get(leaf.key) ?? [...outer, ...cueTable.ofKey(leaf.key)];
    ofKey.set(leaf.key, cues);
    if (cues.length === 0 && !leaf.isString && leaf.text.length < LEAST_NUMBER && scope.bundle.isEmpty) continue;
    for (const candidate of scanLong(leaf.text, cues, scope, run)) {
      const placed = outwards(candidate, leaf);
      if (!candidate.detector.startsWith('names:') || !isAttribution(text, placed.start)) found.push(placed);
    }
  }
  return resolveAll(found);
}

/** In JSON a finding stands inside one leaf; what spans two is an accident of the punctuation. */
function isAcrossLeaves(candidate: Candidate, leaves: readonly InnerLeaf[]): boolean {
  if (candidate.class === 'INJECTION') return false;
  return !leaves.some((leaf) => leaf.start <= candidate.start && candidate.end <= leaf.end);
}

function outwards(candidate: Candidate, leaf: InnerLeaf): Candidate {
  const place = (at: number): number => (leaf.map ? leaf.map[at]! : leaf.start + at);
  return new Span(candidate, place(candidate.start), place(candidate.end));
}

/** A long text in slices that overlap, with a look at the time between them. */
function scanLong(text: string, outer: readonly CueHit[], scope: Scope, run: Run): readonly Candidate[] {
  if (text.length <= SLICE + OVERLAP) return scanText(text, outer, scope, run);
  const found: Candidate[] = [];
  for (let from = 0; from < text.length; from += SLICE) {
    if (scope.expired()) {
      run.incomplete.add('budget:time');
      break;
    }
    const start = Math.max(0, from - OVERLAP);
    for (const each of scanText(text.slice(start, from + SLICE + OVERLAP), outer, scope, run))
      found.push(new Span(each, each.start + start, each.end + start));
  }
  return resolveAll(found);
}

/** What the detectors know of a text that was read; exported for the benchmark. */
export function sceneOf(tokens: Tokens, outer: readonly CueHit[], core?: readonly [number, number]): Scene {
  return { text: tokens.text, tokens, cues: cueTable.find(tokens), grams: tokens.grams, outer, core };
}

function scanText(
  text: string,
  outer: readonly CueHit[],
  scope: Scope,
  run: Run,
  depth = 0,
  core?: readonly [number, number],
): readonly Candidate[] {
  const scene = sceneOf(wordsAt[depth]!.read(text), outer, core);
  const found: Candidate[] = [];
  const emit = (candidate: Candidate): void => void found.push(new Span(candidate));
  for (const detect of passes) if (scope.nameless !== true || !ofNames.has(detect)) detect(scene, emit);
  findInjections(scene, scope.role, emit);
  scope.bundle.terms.find(scene, emit);
  scope.bundle.patterns.find(scene, emit);
  run.clinicalWords += clinicalWordsIn(scene);
  if (run.clinicalWords === 0 && soundsClinical(scene)) run.clinicalWords = 1;
  const plain = resolveAll(found);
  if (depth >= MAX_DEPTH) return plain;
  const rescan = (view: View, cues: readonly CueHit[]): readonly Candidate[] =>
    scanText(view.text, cues, scope, run, depth + 1, view.core);
  const hidden = findThroughViews(scene, run.views, rescan, plain);
  if (hidden.exhausted) run.incomplete.add('budget:views');
  return hidden.found.length === 0 ? plain : resolveAll([...plain, ...hidden.found]);
}

/** An address and an injection may hold other findings; they never compete with them. */
function isApart(candidate: Candidate): boolean {
  return candidate.type === 'URL' || candidate.class === 'INJECTION';
}

/** The host's number and digits of a path are the address itself; a mail address or a credential in it is not. */
function isPartOfUrl(candidate: Candidate, urls: readonly Candidate[]): boolean {
  if (candidate.class === 'SECRET' || candidate.type === 'EMAIL' || candidate.score >= 940) return false;
  return urls.some((url) => url.start <= candidate.start && candidate.end <= url.end);
}

/** What holds where candidates overlap, in order; exported for the benchmark. */
export function resolveAll(found: readonly Candidate[]): readonly Candidate[] {
  if (found.length < 2) return found;
  const urls = resolveOverlaps(found.filter((candidate) => candidate.type === 'URL'));
  const spans = found.filter((candidate) => !isApart(candidate) && !isPartOfUrl(candidate, urls));
  const injections = found.filter((candidate) => candidate.class === 'INJECTION');
  return [...resolveOverlaps(spans), ...urls, ...injections].toSorted((a, b) => a.start - b.start || b.end - a.end);
}
