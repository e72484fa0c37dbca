import { type Random, pick, some, vocabulary } from './fuzz.js';

const list = (items: readonly string[]) => `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;
const score = (random: Random) => (Math.floor(random() * 1001) / 1000).toString();
const comparison = (random: Random) => pick(random, ['==', '!=', '<', '<=', '>', '>=']);

/** Writes random documents in the real grammar, so that reading, typing, lowering, compiling and linking are all exercised. */
export function randomDocument(random: Random, rules: number): string {
  const ids = Array.from({ length: rules }, (_, index) => `rule-${index}`);
  const written = ids.map((id) => randomRule(random, id));
  const tagged = "  - { id: tagged, effect: deny, when: 'false', tags: [availability, cost] }";
  return [
    'apiVersion: policy/v1',
    'name: fuzzed',
    `timezone: ${pick(random, ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'])}`,
    `classes: ${list(vocabulary.classes)}`,
    `sets: { cleared: ${list(some(random, vocabulary.tools, 3))} }`,
    'rules:',
    tagged,
    ...written,
  ].join('\n');
}

function randomRule(random: Random, id: string): string {
  const effect = pick(random, [
    'permit',
    'permit',
    'permit',
    'deny',
    'restrict',
    'restrict',
    'redact',
    'oblige',
    'override',
  ]);
  const keys = [
    `id: ${id}`,
    `effect: ${effect}`,
    `when: ${JSON.stringify(randomWhen(random, 3))}`,
    `reason: Because of ${id}.`,
  ];
  if (effect === 'restrict' || (random() < 0.3 && ['permit', 'deny', 'redact'].includes(effect))) {
    keys.push(`endpoints: ${JSON.stringify(randomEndpointTest(random, 2))}`);
  }
  if (effect === 'redact') {
    const classes = some(random, vocabulary.classes, 2);
    keys.push(
      `redact: { classes: ${list(classes)}, style: ${pick(random, ['drop', 'mask', 'hash', 'token', 'surrogate'])} }`,
    );
  }
  if (effect === 'oblige' || random() < 0.1) keys.push(`oblige: ${randomObligation(random)}`);
  if (effect === 'override') keys.push(`overrides: ${list([pick(random, vocabulary.tags)])}`);
  if ((effect === 'deny' || effect === 'restrict') && random() < 0.4)
    keys.push(`tags: ${list([pick(random, vocabulary.tags)])}`);
  if (effect === 'permit' && random() < 0.3) keys.push('accepts: unclassified');
  if (effect !== 'redact' && random() < 0.2) keys.push('sees: residual');
  return `  - { ${keys.join(', ')} }`;
}

function randomObligation(random: Random): string {
  return pick(random, [
    '{ limits: { max_output_tokens: 512 } }',
    '{ audit: full, notify: [security] }',
    '{ evidence: receipted, review_within_hours: 24 }',
    '{ response: { marker: m1, redact: [PII], style: hash, block: [SECRET], mode: full } }',
    '{ response: { mode: terminal } }',
    '{ require_review: [{ class: PHI, within_seconds: 60 }], review_by: 2 }',
  ]);
}

export function randomWhen(random: Random, depth: number): string {
  const shape = random();
  if (depth === 0 || shape < 0.4) return randomLeaf(random);
  if (shape < 0.5) return `!(${randomWhen(random, depth - 1)})`;
  const parts = Array.from({ length: 2 + Math.floor(random() * 2) }, () => `(${randomWhen(random, depth - 1)})`);
  return parts.join(shape < 0.78 ? ' && ' : ' || ');
}

function randomLeaf(random: Random): string {
  const leaves: readonly (() => string)[] = [
    () => `subject.kind ${pick(random, ['==', '!='])} "${pick(random, ['human', 'agent'])}"`,
    () => `any(subject.roles, ${list(some(random, vocabulary.roles, 3))})`,
    () => `"${pick(random, vocabulary.roles)}" in subject.roles`,
    () => `"${pick(random, vocabulary.groups)}" in subject.groups`,
    () => `subset(request.tools, ${pick(random, ['cleared', list(some(random, vocabulary.tools, 2))])})`,
    () => `class("${pick(random, vocabulary.classes)}") ${comparison(random)} ${score(random)}`,
    () => `data.injection >= ${score(random)}`,
    () => `subset(data.classes, ${list(some(random, vocabulary.classes, 3))})`,
    () => `any(data.classes, ${list(some(random, vocabulary.classes, 2))})`,
    () => `data.deep in ["pending", "${pick(random, ['clear', 'confirmed'])}"]`,
    () => `data.complete == ${pick(random, ['true', 'false'])}`,
    () => `request.route in ${list(some(random, vocabulary.routes, 2))}`,
    () => `request.stream`,
    () => `request.priced${pick(random, ['', ' == false'])}`,
    () => `request.est_tokens ${comparison(random)} ${Math.floor(random() * 10_000)}`,
    () => `(has(request.justification) && subject.clearance >= 1)`,
    () => `(has(request.metadata.ticket) && request.metadata.ticket == "A1")`,
    () => `(!has(subject.department) || subject.department == "${pick(random, vocabulary.departments)}")`,
    () => `between(time.minute, "19:00", "${pick(random, ['07:00', '23:30'])}")`,
    () => `time.weekday in ["sat", "sun"]`,
    () => `time.date ${comparison(random)} "2026-03-29"`,
    () => `budget.class == "economy"`,
    () => `budget.remaining_cents ${comparison(random)} ${Math.floor(random() * 500)}`,
    () => `budget.remaining_cents >= request.est_tokens`,
    () => `ext.risk ${pick(random, ['>= 2', '== "high"', '== true'])}`,
    () => `(has(subject.attrs.level) && subject.attrs.level >= ${Math.floor(random() * 3)})`,
    () => `(has(subject.on_behalf_of) && "nurse" in subject.on_behalf_of.roles)`,
    () => pick(random, ['true', 'true', 'false']),
  ];
  return pick(random, leaves)();
}

function randomEndpointTest(random: Random, depth: number): string {
  const shape = random();
  if (depth > 0 && shape < 0.5) {
    const [left, right] = [randomEndpointTest(random, depth - 1), randomEndpointTest(random, depth - 1)];
    if (shape < 0.12) return `!(${left})`;
    return `(${left}) ${shape < 0.32 ? '&&' : '||'} (${right})`;
  }
  return pick(random, [
    `"${pick(random, vocabulary.certs)}" in endpoint.certs`,
    `endpoint.residency == "${pick(random, vocabulary.residencies)}"`,
    `endpoint.cost_class ${comparison(random)} ${Math.floor(random() * 4)}`,
    `subject.clearance ${comparison(random)} endpoint.max_classification`,
    `endpoint.cost_class ${comparison(random)} budget.remaining_cents`,
    'endpoint.zero_retention',
    'endpoint.self_hosted == false',
    'subset(endpoint.models, ["small"])',
    'endpoint.cost_class <= endpoint.max_classification',
    'true',
  ]);
}
