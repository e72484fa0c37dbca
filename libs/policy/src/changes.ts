import type { Decision, Permit } from '@writ/domain';

export const changeKinds = [
  'newly-denied',
  'newly-permitted',
  'endpoints-added',
  'endpoints-removed',
  'redactions-added',
  'redactions-removed',
  'obligations-changed',
] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** How two decisions on the same facts differ; for simulation, and for a shadow version beside the live one. */
export function changesBetween(before: Decision, after: Decision): readonly ChangeKind[] {
  if (before.effect === 'deny') return after.effect === 'deny' ? [] : ['newly-permitted'];
  if (after.effect === 'deny') return ['newly-denied'];
  const changes: ChangeKind[] = [];
  if (hasBeyond(after, before)) changes.push('endpoints-added');
  if (hasBeyond(before, after)) changes.push('endpoints-removed');
  if (before.obligations === after.obligations) return changes;
  if (redactionsOf(after).some((key) => !redactionsOf(before).includes(key))) changes.push('redactions-added');
  if (redactionsOf(before).some((key) => !redactionsOf(after).includes(key))) changes.push('redactions-removed');
  if (besides(before) !== besides(after)) changes.push('obligations-changed');
  return changes;
}

function hasBeyond(one: Permit, other: Permit): boolean {
  return one.authorizedEndpoints.some((endpoint) => !other.authorizedEndpoints.includes(endpoint));
}

function redactionsOf({ obligations }: Permit): readonly string[] {
  return obligations.redactions.map(({ class: name, style }) => `${name} ${style}`);
}

/** The obligations without request redactions and without the names of rules. */
function besides({ obligations }: Permit): string {
  const { redactions, response, ...rest } = obligations;
  const asked = response.redactions.map(({ class: name, style }) => `${name} ${style}`);
  return JSON.stringify([rest, { ...response, redactions: asked }, redactions.length > 0]);
}
