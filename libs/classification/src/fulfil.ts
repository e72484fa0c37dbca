import {
  type Ask,
  type Classification,
  err,
  type Finding,
  type Leaf,
  type Obligations,
  ok,
  type Redaction,
  type RedactionStyle,
  type Refusal,
  refuse,
  type Result,
} from '@writ/domain';
import { rewrite } from './redact/rewrite.js';
import { Replacer, spansOf, stricter, styleOf } from './redact/styles.js';

const cleared: unique symbol = Symbol('cleared');

/** A prompt whose obligations are fulfilled. Only `fulfil` makes one, and only it may leave the house. */
export interface ClearedPrompt {
  readonly [cleared]: true;
  readonly ask: Ask;
  /** The caller's JSON text with every redaction spliced in. */
  readonly source: string;
  /** The leaves as rewritten; positions point into `source`. */
  readonly leaves: readonly Leaf[];
  readonly redactions: number;
  /** Tokens of this conversation back to their values, for restoring in the answer. Never logged, never recorded in clear. */
  readonly restorations: ReadonlyMap<string, string>;
}

interface Edit {
  readonly leaf: Leaf;
  readonly text: string;
  readonly json: string;
}

/** Applies the redactions to the prompt, or refuses when one cannot be applied. */
export function fulfil(
  obligations: Obligations,
  ask: Ask,
  classification: Classification,
  conversationKey: Uint8Array,
): Result<ClearedPrompt, Refusal> {
  const styles = stylesOf(obligations.redactions);
  const replacer = new Replacer(conversationKey);
  const byPath = groupByPath(classification.findings.filter((each) => styleOf(each, styles) !== undefined));
  const missing = [...styles.keys()].find((name) => isSpanless(name, classification));
  if (missing !== undefined) return err(unredactable(missing));
  const doubled = firstDoubled(ask.leaves, byPath);
  if (doubled !== undefined) return err(unredactable(classAt(doubled, classification), doubled));
  const edits: Edit[] = [];
  let redactions = 0;
  for (const leaf of ask.leaves) {
    const spans = spansOf(byPath.get(leaf.path) ?? [], styles);
    byPath.delete(leaf.path);
    if (spans.length === 0) continue;
    if (leaf.fixed === true) return err(unredactable(classAt(leaf.path, classification), leaf.path));
    const text = spans.some((span) => span.end > leaf.text.length) ? undefined : rewrite(leaf.text, spans, replacer);
    if (text === undefined) return err(unredactable(classAt(leaf.path, classification), leaf.path));
    edits.push({ leaf, text, json: JSON.stringify(text) });
    redactions += spans.length;
  }
  const [orphan] = byPath.keys();
  if (orphan !== undefined) return err(unredactable(classAt(orphan, classification), orphan));
  const { source, leaves } = spliceAll(ask, edits);
  return ok(
    Object.freeze({ [cleared]: true as const, ask, source, leaves, redactions, restorations: replacer.restorations }),
  );
}

/** True for what `fulfil` made, false for anything that merely looks like it. */
export function isCleared(value: object): value is ClearedPrompt {
  return cleared in value;
}

export function stylesOf(redactions: readonly Redaction[]): ReadonlyMap<string, RedactionStyle> {
  const styles = new Map<string, RedactionStyle>();
  for (const { class: name, style } of redactions) {
    const known = styles.get(name);
    styles.set(name, known === undefined ? style : stricter(known, style));
  }
  return styles;
}

function groupByPath(findings: readonly Finding[]): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const each of findings) {
    const group = groups.get(each.path);
    if (group) group.push(each);
    else groups.set(each.path, [each]);
  }
  return groups;
}

/** A path with findings that two leaves share: nobody can tell which of them is meant. */
function firstDoubled(leaves: readonly Leaf[], found: ReadonlyMap<string, unknown>): string | undefined {
  const seen = new Set<string>();
  for (const { path } of leaves) {
    if (!found.has(path)) continue;
    if (seen.has(path)) return path;
    seen.add(path);
  }
  return undefined;
}

/** A class that was found but not located, or only in part, cannot be redacted in full. */
function isSpanless(name: string, { classes, findings }: Classification): boolean {
  const own = findings.filter((each) => each.class === name || each.type === name);
  if (classes[name] === undefined && own.length === 0) return false;
  return own.length === 0 || own.some((each) => each.end <= each.start);
}

function classAt(path: string, { findings }: Classification): string {
  return findings.find((each) => each.path === path)?.class ?? '';
}

function unredactable(name: string, param?: string): Refusal {
  return refuse('policy-denied', {
    detail: 'redaction-impossible',
    message: `The tenant's policy redacts ${name}, and it was found where it cannot be replaced; remove it from the request, or ask the administrators.`,
    ...(param === undefined ? {} : { param }),
  });
}

/** Splices from the left, and moves every later position by what the edits before it added. */
function spliceAll(ask: Ask, edits: readonly Edit[]): { readonly source: string; readonly leaves: readonly Leaf[] } {
  if (edits.length === 0) return { source: ask.source, leaves: ask.leaves };
  const ordered = edits.toSorted((a, b) => a.leaf.start - b.leaf.start);
  const pieces: string[] = [];
  let from = 0;
  for (const { leaf, json } of ordered) {
    pieces.push(ask.source.slice(from, leaf.start), json);
    from = leaf.end;
  }
  pieces.push(ask.source.slice(from));
  return { source: pieces.join(''), leaves: movedLeaves(ask.leaves, ordered) };
}

function movedLeaves(leaves: readonly Leaf[], edits: readonly Edit[]): readonly Leaf[] {
  const moved = new Map<Leaf, Leaf>();
  let next = 0;
  let shift = 0;
  for (const leaf of leaves.toSorted((a, b) => a.start - b.start)) {
    while (next < edits.length && edits[next]!.leaf.start < leaf.start) {
      shift += edits[next]!.json.length - (edits[next]!.leaf.end - edits[next]!.leaf.start);
      next += 1;
    }
    const edit = edits[next]?.leaf === leaf ? edits[next] : undefined;
    const start = leaf.start + shift;
    moved.set(
      leaf,
      edit
        ? { ...leaf, text: edit.text, start, end: start + edit.json.length }
        : { ...leaf, start, end: leaf.end + shift },
    );
  }
  return leaves.map((leaf) => moved.get(leaf)!);
}
