import { type Result, err, ok } from '@writ/domain';
import { canonicalJson, hashOf } from './canonical.js';
import { Complaints, type Diagnostic, didYouMean } from './diagnostic.js';
import { isTimeZone } from './local-time.js';
import { leavesOf } from './expression.js';
import { policyLimits } from './limits.js';
import { schemaVersion } from './schema-version.js';
import type { Program, Rule } from './program.js';
import { type PlacedRule, type RuleScope, adviseOn, readRule } from './read-rule.js';
import { type Tree, type TreeEntry, readTree } from './source-tree.js';
import { TreeReader } from './tree-reader.js';

const documentKeys = ['apiVersion', 'name', 'timezone', 'classes', 'sets', 'rules', 'fixtures', 'tests', 'invariants'];

/** A document that passed every check: its meaning, and what tests and proofs need of its text. */
export interface PolicyDocument {
  readonly name: string;
  readonly source: string;
  readonly program: Program;
  /** `sha256:` and hex over the canonical lowered rules and the schema version. */
  readonly hash: string;
  readonly classes: ReadonlySet<string>;
  readonly sets: ReadonlyMap<string, readonly string[]>;
  readonly fixtures: TreeEntry | undefined;
  readonly tests: readonly Tree[];
  readonly invariants: readonly Tree[];
  readonly warnings: readonly Diagnostic[];
}

export function readDocument(source: string): Result<PolicyDocument, readonly Diagnostic[]> {
  const complaints = new Complaints(source);
  const tree = readTree(source, complaints);
  if (tree === undefined) return err(complaints.list());
  const reader = new TreeReader(source, complaints);
  const members = reader.members(tree, 'a policy', documentKeys);
  for (const key of ['apiVersion', 'name', 'rules']) {
    if (!members.has(key)) complaints.error(tree.at, 'E_MISSING', `a policy needs '${key}'`);
  }
  reader.choice(members.get('apiVersion')?.value, 'apiVersion', ['policy/v1']);
  const name = reader.text(members.get('name')?.value, "'name'");
  const classes = new Set(reader.texts(members.get('classes')));
  const sets = readSets(reader, members.get('sets'));
  const timezone = readTimezone(reader, members.get('timezone'));
  const rules = readRules(reader, members.get('rules'), { classes, sets });
  const tests = reader.list(members.get('tests'), policyLimits.tests);
  const invariants = reader.list(members.get('invariants'), policyLimits.invariants);
  if (complaints.errors > 0) return err(complaints.list());
  const program: Program = { timezone, rules };
  const hash = hashOf(canonicalJson({ schema: schemaVersion, ...program }));
  const warnings = complaints.list();
  return ok({
    name,
    source,
    program,
    hash,
    classes,
    sets,
    fixtures: members.get('fixtures'),
    tests,
    invariants,
    warnings,
  });
}

function readSets(reader: TreeReader, entry: TreeEntry | undefined): ReadonlyMap<string, readonly string[]> {
  const sets = new Map<string, readonly string[]>();
  if (entry === undefined) return sets;
  if (entry.value.kind !== 'map') {
    reader.complaints.error(entry.value.at, 'E_TYPE', "'sets' must be a map of lists");
    return sets;
  }
  for (const member of entry.value.entries) sets.set(member.key, reader.texts(member));
  return sets;
}

function readTimezone(reader: TreeReader, entry: TreeEntry | undefined): string {
  if (entry === undefined) return 'UTC';
  const zone = reader.text(entry.value, "'timezone'");
  if (isTimeZone(zone)) return zone;
  const message = `unknown time zone '${zone.slice(0, 80)}'`;
  reader.complaints.error(entry.value.at, 'E_ENUM', message, 'such as Europe/Berlin');
  return 'UTC';
}

function readRules(reader: TreeReader, entry: TreeEntry | undefined, scope: RuleScope): readonly Rule[] {
  const placed: PlacedRule[] = [];
  const ids = new Set<string>();
  let conditions = 0;
  let listed = 0;
  for (const tree of reader.list(entry, policyLimits.rules)) {
    const read = readRule(reader, tree, scope);
    const { id } = read.rule;
    if (id !== '' && ids.has(id)) reader.complaints.error(read.at, 'E_DUPLICATE', `rule '${id}' stands here twice`);
    ids.add(id);
    conditions += read.conditions;
    listed += listedTexts(read.rule);
    if (conditions > policyLimits.conditions || listed > policyLimits.listedTexts) {
      const { conditions: most, listedTexts: longest } = policyLimits;
      reader.complaints.error(
        tree.at,
        'E_LIMIT',
        `a policy may have ${most} conditions, with ${longest} listed strings`,
      );
      break;
    }
    placed.push(read);
  }
  checkTags(reader, placed);
  checkValues(reader, placed);
  if (reader.complaints.errors === 0) for (const rule of placed) adviseOn(reader, rule);
  return placed.map(({ rule }) => rule);
}

function listedTexts({ when, endpoints }: Rule): number {
  let count = 0;
  for (const normal of endpoints === undefined ? [when] : [when, endpoints]) {
    for (const { leaf } of leavesOf(normal)) {
      if (leaf.kind === 'text' || leaf.kind === 'any' || leaf.kind === 'subset') count += leaf.values.length;
    }
  }
  return count;
}

/** An override that names no tag of any rule is a spelling mistake; more tags than bits cannot be compiled. */
function checkTags(reader: TreeReader, placed: readonly PlacedRule[]): void {
  const tags = new Set(placed.flatMap(({ rule }) => rule.tags));
  if (tags.size > policyLimits.tags) {
    reader.complaints.error(placed[0]?.at ?? 0, 'E_LIMIT', `a policy may have ${policyLimits.tags} different tags`);
  }
  for (const { rule, overridesAt } of placed) {
    for (const tag of rule.overrides) {
      if (tags.has(tag)) continue;
      reader.complaints.error(
        overridesAt,
        'E_TAG',
        `no rule carries the tag '${tag.slice(0, 80)}'`,
        didYouMean(tag, tags),
      );
    }
  }
}

/** Bounds what one decision of one tenant can cost, whatever its lists. */
function checkValues(reader: TreeReader, placed: readonly PlacedRule[]): void {
  const values = new Map<string, Set<string>>();
  for (const { rule, at } of placed) {
    for (const { leaf } of leavesOf(rule.when)) {
      if (leaf.kind !== 'text' && leaf.kind !== 'any' && leaf.kind !== 'subset') continue;
      const known = values.get(leaf.path) ?? new Set();
      values.set(leaf.path, known);
      for (const value of leaf.values) known.add(value);
      if (known.size <= policyLimits.valuesPerAttribute) continue;
      const message = `'${leaf.path}' may be compared with ${policyLimits.valuesPerAttribute} different strings in all`;
      reader.complaints.error(at, 'E_LIMIT', message);
      return;
    }
  }
}
