import { CueTable } from '../text/cues.js';
import { isPlaceholderDigits } from './checks.js';
import { negativeWords } from './negative.js';
import { rules } from './rules/index.js';
import type { Candidate } from './rule.js';
import { backing, type Emit, isGluedLeft, isGluedRight, isInRow, type Scene } from './scene.js';
import { type ShapedRule, ShapeTrie } from './trie.js';

/** The cue phrases of every detector; filled while the modules load, read-only afterwards. */
export const cueTable = new CueTable();
export const negativeCues = cueTable.group(negativeWords);
/** Words between a cue and a number that has neither a check digit nor a telling shape. */
const FAR = 3;
const trie = new ShapeTrie();
for (const rule of rules) trie.add(rule, cueTable.group(rule.cues.split(', ')));

/** Identifiers of a fixed shape: one trie look-up a word, then the rule's own match, check and cues. */
export function findStructured(scene: Scene, emit: Emit): void {
  const { tokens } = scene;
  for (let each = 0; each < tokens.codedCount; each += 1) {
    const index = tokens.coded[each]!;
    const quiet = scene.outer.length === 0 && !scene.cues.isNear(index);
    trie.walk(tokens, index, (accept, last) => {
      if (quiet && accept.bare === 0) return;
      const candidate = judge(scene, accept, index, last);
      if (candidate) emit(candidate);
    });
  }
}

function judge(scene: Scene, accept: ShapedRule, first: number, last: number): Candidate | undefined {
  const { rule } = accept;
  const start = scene.tokens.start[first]!;
  const inner = scene.tokens.end[last]!;
  const closes = scene.text[inner] === ')' && scene.text.slice(start, inner).includes('(');
  const end = closes ? inner + 1 : inner;
  const support = backing(scene, accept.cueGroup, start, end);
  if (!support && accept.bare === 0) return undefined;
  if (support && accept.bare === 0 && !rule.check && support.distance > FAR) return undefined;
  if (isGluedLeft(scene.text, start) || isGluedRight(scene.text, end)) return undefined;
  if (scene.text[start - 1] === '+') return undefined;
  if (!support && (isInRow(scene, first, last) || isMixedCase(scene.text.slice(start, end)))) return undefined;
  const value = compact(scene.text.slice(start, end));
  if (!/^[A-Z0-9]+$/.test(value)) return undefined;
  if (rule.match && !rule.match.test(value)) return undefined;
  if (rule.check && !rule.check(value)) return undefined;
  const isProven = rule.check !== undefined && support !== undefined;
  if (!isProven && !/[A-Z]/.test(value) && isPlaceholderDigits(value)) return undefined;
  const against = scene.cues.nearest(negativeCues, start, end);
  const opposed =
    against !== undefined && against.hit.last < first && (!support || against.distance < support.distance);
  if (opposed && (!support || support.distance > 2)) return undefined;
  const score = support ? rule.cued : accept.bare;
  const steps = [
    `${support ? 'with cue' : 'shape alone'}: ${score}`,
    ...(rule.validator ? [`${rule.validator} holds`] : []),
  ];
  return {
    start,
    end,
    class: rule.class ?? 'PII',
    type: rule.type,
    score,
    detector: `shape:${rule.type}`,
    strength: rule.check ? 3 : rule.match ? 2 : 1,
    ...(rule.validator ? { validator: rule.validator } : {}),
    cues: support?.words ?? [],
    alternatives: [],
    via: [],
    steps,
    penalty: (rule.rank ?? 5) * 3 + (support?.distance ?? 8) * 12,
    normal: value,
  };
}

/** `U0000226a`: nobody writes an identifier so. */
function isMixedCase(text: string): boolean {
  return /[a-z]/.test(text) && /[A-Z]/.test(text);
}

function compact(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]/gu, '').toUpperCase();
}
