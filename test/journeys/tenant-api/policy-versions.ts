import { type TenantId, parseTenantId } from '@writ/domain';
import type { House } from './house.js';
import { type Payload, done } from './steps.js';

/** A small policy with a test and an invariant; the threshold is what versions differ in. */
export const source = (threshold: string): string => `apiVersion: policy/v1
name: north
classes: [PHI]
rules:
  - { id: staff, effect: permit, when: 'subject.kind == "human"', reason: Staff may chat. }
  - { id: phi, effect: restrict, when: 'class("PHI") >= ${threshold}', endpoints: '"HIPAA-BAA" in endpoint.certs', reason: PHI stays covered. }
tests:
  - { name: PHI stays, given: { conf: { PHI: 980 } }, expect: { decision: permit, authorized: [azure-eu-baa, vllm-onprem] } }
invariants:
  - { name: PHI never leaves BAA cover, assume: 'class("PHI") >= 0.9', never: '!("HIPAA-BAA" in endpoint.certs)' }
`;

export interface Version {
  readonly id: string;
  readonly hash: string;
  readonly number: number;
  readonly version: number;
  readonly state: string;
}

export const shown = 'policy { id hash number version state approver rollbackOf shadow parentHash }';
export const versionIn = (payload: Payload): Version => payload['policy'] as Version;
export const at = ({ id, version }: Version): { readonly id: string; readonly expectedVersion: number } => ({
  id,
  expectedVersion: version,
});
export const codes = (payload: Payload): readonly string[] => payload.userErrors.map(({ code }) => code);

export async function draftOf(house: House, text: string, token: string): Promise<Version> {
  return versionIn(await done(house, 'draftPolicy', { source: text }, shown, token));
}

export async function tenantIdOf(house: House, name: string): Promise<TenantId> {
  const text = 'SELECT tenant_id FROM control.tenant WHERE name = $1';
  const { rows } = await house.admin.query<{ tenant_id: string }>(text, [`${name} hospital`]);
  const parsed = parseTenantId(rows[0]?.tenant_id ?? '');
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
