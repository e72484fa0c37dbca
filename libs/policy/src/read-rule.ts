import { attributeOf } from './attributes.js';
import { type Expression, type Normal, join, leavesOf, normalize } from './expression.js';
import { policyLimits } from './limits.js';
import { type Effect, type Rule, type RuleObligations, effects, styles } from './program.js';
import type { Tree, TreeEntry } from './source-tree.js';
import type { Members, TreeReader } from './tree-reader.js';

const ruleKeys = [
  'id',
  'effect',
  'when',
  'endpoints',
  'redact',
  'oblige',
  'overrides',
  'tags',
  'sees',
  'accepts',
  'reason',
];
const unknownRule: Rule = {
  id: '',
  effect: 'deny',
  when: { kind: 'constant', value: true },
  tags: [],
  overrides: [],
  residual: false,
  reason: '',
};

export interface RuleScope {
  readonly classes: ReadonlySet<string>;
  readonly sets: ReadonlyMap<string, readonly string[]>;
}

/** Where a rule stands, for complaints that compare rules. */
export interface PlacedRule {
  readonly rule: Rule;
  readonly at: number;
  readonly overridesAt: number;
  readonly conditions: number;
}

export function readRule(reader: TreeReader, tree: Tree, scope: RuleScope): PlacedRule {
  const members = reader.members(tree, 'a rule', ruleKeys);
  const at = members.get('id')?.value.at ?? tree.at;
  if (tree.kind === 'map') {
    for (const key of ['id', 'effect']) {
      if (!members.has(key)) reader.complaints.error(tree.at, 'E_MISSING', `a rule needs '${key}'`);
    }
  }
  const id = readId(reader, members.get('id'));
  const effect = reader.choice(members.get('effect')?.value, 'effect', effects);
  const overridesAt = members.get('overrides')?.keyAt ?? at;
  if (effect === undefined) return { rule: { ...unknownRule, id }, at, overridesAt, conditions: 0 };
  checkFit(reader, members, effect, at);

  const when = reader.expression(members.get('when'), { ...scope, scope: 'when', guarded: new Set() });
  const endpoints = members.has('endpoints')
    ? reader.expression(members.get('endpoints'), { ...scope, scope: 'endpoints', guarded: new Set(when.present) })
    : undefined;
  const residual = reader.choice(members.get('sees')?.value, 'view', ['original', 'residual']) === 'residual';
  const rule: Rule = {
    id,
    effect,
    when: effect === 'permit' && !acceptsUnclassified(reader, members) ? afterClassification(when.normal) : when.normal,
    ...(endpoints === undefined
      ? {}
      : { endpoints: effect === 'restrict' ? complement(endpoints.normal) : endpoints.normal }),
    tags: reader.texts(members.get('tags'), policyLimits.tags),
    overrides: reader.texts(members.get('overrides'), policyLimits.tags),
    ...(effect === 'redact' ? readRedact(reader, members.get('redact'), scope) : {}),
    ...(members.has('oblige') ? { oblige: readObligations(reader, members.get('oblige'), scope) } : {}),
    residual,
    reason: reader.text(members.get('reason')?.value, "'reason'"),
  };
  return { rule, at, overridesAt, conditions: when.conditions + (endpoints?.conditions ?? 0) };
}

function readId(reader: TreeReader, entry: TreeEntry | undefined): string {
  const id = reader.text(entry?.value, "'id'");
  const plain = /^[a-z0-9][a-z0-9._-]{0,62}$/.test(id);
  if (entry !== undefined && id !== '' && !plain) {
    const message = 'an id is 1 to 63 of a-z, 0-9, dot, hyphen and underscore, and starts with a letter or digit';
    reader.complaints.error(entry.value.at, 'E_TYPE', message);
  }
  return id;
}

/** Which keys make sense under which effect. */
function checkFit(reader: TreeReader, members: Members, effect: Effect, at: number): void {
  const wrong: Readonly<Record<string, readonly Effect[]>> = {
    endpoints: ['oblige', 'override'],
    redact: ['permit', 'deny', 'restrict', 'oblige', 'override'],
    overrides: ['permit', 'deny', 'restrict', 'redact', 'oblige'],
    tags: ['permit', 'redact', 'oblige', 'override'],
    sees: ['redact'],
    accepts: ['deny', 'restrict', 'redact', 'oblige', 'override'],
  };
  for (const [key, bad] of Object.entries(wrong)) {
    const entry = members.get(key);
    if (entry === undefined || !bad.includes(effect)) continue;
    reader.complaints.error(entry.keyAt, 'E_KEY', `'${key}' has no meaning under effect '${effect}'`);
  }
  const needed: Partial<Record<Effect, string>> = {
    restrict: 'endpoints',
    redact: 'redact',
    oblige: 'oblige',
    override: 'overrides',
  };
  const need = needed[effect];
  if (need !== undefined && !members.has(need)) {
    reader.complaints.error(at, 'E_MISSING', `effect '${effect}' needs '${need}'`);
  }
}

/** A permit rests on a finished classification unless it says that it does not. */
function acceptsUnclassified(reader: TreeReader, members: Members): boolean {
  return reader.choice(members.get('accepts')?.value, 'exception', ['unclassified']) !== undefined;
}

function afterClassification(when: Normal): Normal {
  const complete: Normal = {
    kind: 'leaf',
    leaf: { kind: 'range', path: 'data.complete', low: 1, high: 1 },
    negated: false,
  };
  return join('and', [complete, when]);
}

/** `restrict` denies whatever its `endpoints` does not name. */
function complement(normal: Normal): Normal {
  return normalize(asExpression(normal), true);
}

function asExpression(normal: Normal): Expression {
  if (normal.kind === 'constant') return normal;
  if (normal.kind !== 'leaf') return { kind: normal.kind, items: normal.items.map(asExpression) };
  const leaf: Expression = { kind: 'leaf', leaf: normal.leaf };
  return normal.negated ? { kind: 'not', item: leaf } : leaf;
}

function readRedact(reader: TreeReader, entry: TreeEntry | undefined, scope: RuleScope): Pick<Rule, 'redact'> {
  if (entry === undefined) return {};
  const members = reader.members(entry.value, "'redact'", ['classes', 'style']);
  for (const key of ['classes', 'style']) {
    if (!members.has(key)) reader.complaints.error(entry.value.at, 'E_MISSING', `'redact' needs '${key}'`);
  }
  const classes = readClasses(reader, members.get('classes'), scope);
  const style = reader.choice(members.get('style')?.value, 'style', styles) ?? 'drop';
  return { redact: { classes, style } };
}

function readClasses(reader: TreeReader, entry: TreeEntry | undefined, scope: RuleScope): readonly string[] {
  for (const item of reader.list(entry, policyLimits.listItems)) reader.declaredClass(item, scope.classes);
  return reader.texts(entry);
}

function readObligations(reader: TreeReader, entry: TreeEntry | undefined, scope: RuleScope): RuleObligations {
  if (entry === undefined) return {};
  const keys = [
    'response',
    'limits',
    'audit',
    'evidence',
    'notify',
    'review_within_hours',
    'review_by',
    'require_review',
  ];
  const members = reader.members(entry.value, "'oblige'", keys);
  const response = members.get('response');
  const limits = members.get('limits');
  const limitMembers =
    limits === undefined ? undefined : reader.members(limits.value, "'limits'", ['max_output_tokens']);
  const maxOutputTokens = reader.integer(limitMembers?.get('max_output_tokens'), 1, 1_000_000);
  const audit = reader.choice(members.get('audit')?.value, 'audit level', ['normal', 'full']);
  const evidence = reader.choice(members.get('evidence')?.value, 'evidence level', [
    'committed',
    'receipted',
    'witnessed',
  ]);
  const reviewWithinHours = reader.integer(members.get('review_within_hours'), 1, 8_784);
  const reviewBy = reader.integer(members.get('review_by'), 1, 2);
  const requireReview = reader
    .list(members.get('require_review'), 50)
    .map((item) => readReview(reader, item, scope))
    .filter((review) => review !== undefined);
  return {
    ...(response === undefined ? {} : { response: readResponse(reader, response, scope) }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(evidence === undefined ? {} : { evidence }),
    ...(audit === 'full' ? { auditFull: true } : {}),
    ...(members.has('notify') ? { notify: reader.texts(members.get('notify'), 50) } : {}),
    ...(reviewWithinHours === undefined ? {} : { reviewWithinHours }),
    ...(reviewBy === undefined ? {} : { reviewBy }),
    ...(requireReview.length === 0 ? {} : { requireReview }),
  };
}

function readReview(reader: TreeReader, tree: Tree, scope: RuleScope) {
  const members = reader.members(tree, 'a review', ['class', 'within_seconds']);
  const name = members.get('class');
  const withinSeconds = reader.integer(members.get('within_seconds'), 1, 31_536_000);
  if (name === undefined || withinSeconds === undefined) {
    reader.complaints.error(tree.at, 'E_MISSING', "a review needs 'class' and 'within_seconds'");
    return undefined;
  }
  return { class: reader.declaredClass(name.value, scope.classes), withinSeconds };
}

function readResponse(
  reader: TreeReader,
  entry: TreeEntry,
  scope: RuleScope,
): NonNullable<RuleObligations['response']> {
  const members = reader.members(entry.value, "'response'", ['marker', 'markers', 'redact', 'style', 'block', 'mode']);
  const marker = members.get('marker');
  const redact = readClasses(reader, members.get('redact'), scope);
  const mode = reader.choice(members.get('mode')?.value, 'mode', ['window', 'full', 'terminal']);
  return {
    markers: [
      ...(marker === undefined ? [] : [reader.text(marker.value, "'marker'")]),
      ...reader.texts(members.get('markers'), 50),
    ].toSorted(),
    redact,
    style: reader.choice(members.get('style')?.value, 'style', styles) ?? 'mask',
    block: readClasses(reader, members.get('block'), scope),
    ...(mode === undefined ? {} : { mode }),
  };
}

/** Advice on a rule without errors. */
export function adviseOn(reader: TreeReader, { rule, at }: PlacedRule): void {
  if (rule.when.kind === 'constant' && !rule.when.value) {
    reader.complaints.warn(at, 'W_NEVER', `rule '${rule.id}' never matches`);
  }
  if ((rule.effect === 'permit' || rule.effect === 'override') && restsOnAssertions(rule)) {
    reader.complaints.warn(at, 'W_ASSERTED', `rule '${rule.id}' grants on nothing but what the caller asserts`);
  }
}

function restsOnAssertions({ when }: Rule): boolean {
  const paths = [...leavesOf(when)]
    .map(({ leaf }) => (leaf.kind === 'class' ? 'data.classes' : leaf.kind === 'pair' ? leaf.left : leaf.path))
    .filter((path) => path !== 'data.complete');
  return paths.length > 0 && paths.every((path) => attributeOf(path)?.asserted === true);
}
