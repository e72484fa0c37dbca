const departments = ['cardiology', 'radiology', 'billing', 'research', 'pharmacy', 'oncology', 'emergency', 'icu'];
const classes = ['PHI', 'PII', 'PCI', 'SECRET', 'INJECTION'];

/**
 * A policy of `rules` rules that permits the bench's callers and sends ordinary prose on unchanged. Every rule has to be
 * looked at for every request: permits, denies, restrictions, redactions by class, role, group, department and clearance.
 */
export function benchPolicy(rules: number): string {
  const written = [
    `{ id: staff, effect: permit, when: 'subject.kind == "human" && any(subject.roles, ["clinician", "analyst"])', reason: Staff may chat with approved models. }`,
    `{ id: phi-needs-baa, effect: restrict, when: class("PHI") >= 0.6, endpoints: '"HIPAA-BAA" in endpoint.certs', reason: PHI goes only to endpoints under a BAA. }`,
    `{ id: no-secrets, effect: deny, when: class("SECRET") >= 0.8, reason: Credentials never leave the network. }`,
    `{ id: answers, effect: oblige, when: 'true', oblige: { response: { marker: eu-ai-act-50, block: [SECRET] } } }`,
  ];
  for (let at = written.length; at < rules; at += 1) written.push(ruleOf(at));
  const lines = written.slice(0, Math.max(1, rules)).map((rule) => `  - ${rule}`);
  return [
    'apiVersion: policy/v1',
    `name: bench-${rules}`,
    'timezone: Europe/Berlin',
    `classes: [${classes.join(', ')}]`,
    'rules:',
    ...lines,
    '',
  ].join('\n');
}

function ruleOf(at: number): string {
  const name = classes[at % classes.length];
  const department = departments[at % departments.length];
  const reason = `reason: Rule ${at} protects what the tenant calls ${name}.`;
  switch (at % 5) {
    case 0:
      return `{ id: rule-${at}, effect: restrict, when: 'class("${name}") >= 0.9 && subject.clearance < 3', endpoints: 'endpoint.residency == "EU"', ${reason} }`;
    case 1:
      return `{ id: rule-${at}, effect: deny, when: 'has(subject.department) && subject.department == "${department}-${at}" && class("${name}") >= 0.9', ${reason} }`;
    case 2:
      return `{ id: rule-${at}, effect: redact, when: 'class("${name}") >= 0.95 && !("fraud" in subject.roles)', redact: { classes: [${name}], style: token }, ${reason} }`;
    case 3:
      return `{ id: rule-${at}, effect: restrict, when: '"group-${at}" in subject.groups', endpoints: 'subject.clearance >= endpoint.max_classification', ${reason} }`;
    default:
      return `{ id: rule-${at}, effect: permit, when: 'any(subject.roles, ["role-${at}"]) && request.route in ["/v1/chat/completions", "/v1/responses"]', endpoints: 'endpoint.cost_class <= ${at % 4}', ${reason} }`;
  }
}
