import { randomUUID } from 'node:crypto';
import { keyRequired } from '@writ/tenant-api';
import type { House } from './house.js';
import { adminAudience } from './house.js';

const errors = 'userErrors { field code message currentVersion differences { field stands sent } }';
const audited = `${errors} auditRecord { id proofUrl }`;

export interface UserError {
  readonly field: readonly string[];
  readonly code: string;
  readonly message: string;
  readonly currentVersion: number | null;
  readonly differences:
    readonly { readonly field: string; readonly stands: string | null; readonly sent: string | null }[] | null;
}

export type Payload = Readonly<Record<string, unknown>> & {
  readonly userErrors: readonly UserError[];
  readonly auditRecord: { readonly id: string; readonly proofUrl: string } | null;
};

export const keyed = (field: string): string => (keyRequired.has(field) ? ` @idempotent(key: "${randomUUID()}")` : '');

/** How often a caller follows the answer `try again shortly`, which a busy ledger gives and which promises that nothing changed. */
const mostTries = 5;

/** Runs one mutation with an input, and gives its payload; fails on a top-level error. Where a key is asked for, it sends a new one. */
export async function change(
  house: House,
  field: string,
  input: object,
  selection: string,
  token?: string,
  directive = keyed(field),
): Promise<Payload> {
  const type = `${field[0]?.toUpperCase()}${field.slice(1)}Input!`;
  const query = `mutation ($input: ${type}) { ${field}(input: $input)${directive} { ${selection} ${field === 'signUp' || field === 'verifyEmail' ? errors : audited} } }`;
  let answer = await house.ask<Record<string, Payload>>(query, { input }, token);
  for (
    let tries = 1;
    tries < mostTries && JSON.stringify(answer.errors ?? []).includes('LEDGER_UNAVAILABLE');
    tries += 1
  )
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    answer = await house.ask<Record<string, Payload>>(query, { input }, token);
  const payload = answer.data?.[field];
  if (answer.errors || !payload) throw new Error(`${field}: ${JSON.stringify(answer.errors)}`);
  return payload;
}

/** The same, for a change that is expected to succeed. */
export async function done(
  house: House,
  field: string,
  input: object,
  selection: string,
  token?: string,
  directive = keyed(field),
): Promise<Payload> {
  const payload = await change(house, field, input, selection, token, directive);
  if (payload.userErrors.length > 0) throw new Error(`${field}: ${JSON.stringify(payload.userErrors)}`);
  return payload;
}

export async function setupToken(house: House, email: string): Promise<string> {
  const { signUpId } = await done(house, 'signUp', { email }, 'signUpId');
  const { setupToken: token } = await done(
    house,
    'verifyEmail',
    { signUpId, code: house.code(email) },
    'setupToken expiresAt',
  );
  return String(token);
}

export interface Federated {
  readonly tenantId: string;
  readonly owner: string;
  readonly setup: string;
  readonly providerId: string;
}

/**
 * From nothing to a federated owner, as a new customer does it. `org` is bound, so that tenants share the test's issuer.
 * `atSetup` is what the setup subject does besides.
 */
export async function federate(
  house: House,
  org: string,
  atSetup: (setup: string) => Promise<void> = () => Promise.resolve(),
): Promise<Federated> {
  const setup = await setupToken(house, `ops@${org}.example`);
  await atSetup(setup);
  const created = await done(
    house,
    'createTenant',
    { name: `${org} hospital`, region: 'eu-central-1' },
    'tenant { id state }',
    setup,
  );
  const boundClaims = [{ name: 'org_id', value: org }];
  const registered = await done(
    house,
    'createIdentityProvider',
    { name: 'main', issuer: house.issuer.url, audiences: [adminAudience, 'https://llm.writ.test'], boundClaims },
    'identityProvider { id version enabled algorithms }',
    setup,
  );
  const provider = registered['identityProvider'] as { id: string; version: number };
  const mappings = [
    { claim: 'groups', equals: 'it-admins', role: 'owner' },
    { claim: 'groups', equals: 'auditors', role: 'auditor' },
  ];
  await done(
    house,
    'setClaimMappings',
    { id: provider.id, expectedVersion: provider.version, mappings },
    'identityProvider { version }',
    setup,
  );
  const owner = await house.issuer.token({ sub: `ada-${org}`, org_id: org, groups: ['it-admins'] });
  const tested = await done(
    house,
    'testIdentityProvider',
    { id: provider.id, token: owner },
    'passed roles explanation { label outcome because children { label } }',
    setup,
  );
  if (tested['passed'] !== true) throw new Error(JSON.stringify(tested));
  await done(
    house,
    'enableIdentityProvider',
    { id: provider.id, expectedVersion: provider.version + 2 },
    'identityProvider { enabled }',
    setup,
  );
  const finished = await house.ask<{ completeSetup: Payload }>(
    'mutation { completeSetup { tenant { state } userErrors { code } } }',
    {},
    owner,
  );
  if (finished.errors) throw new Error(JSON.stringify(finished.errors));
  return { tenantId: (created['tenant'] as { id: string }).id, owner, setup, providerId: provider.id };
}
