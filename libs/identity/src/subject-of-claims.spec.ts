import { beforeAll, describe, expect, it } from '@jest/globals';
import type { IdentityConnection, Result, Subject } from '@writ/domain';
import {
  aBearer,
  aConnection,
  aSigner,
  aWorld,
  sign,
  someClaims,
  tenantA,
  verdict,
  type Signer,
} from './issuer.fixture.js';

let signer: Signer;
beforeAll(async () => {
  signer = await aSigner();
});

async function subjectOf(more: object, connection: Partial<IdentityConnection> = {}): Promise<Result<Subject, string>> {
  const world = aWorld([signer.jwk], {}, aConnection(connection));
  const result = await world.identity.identify(aBearer(await sign(signer, { ...someClaims, ...more })));
  if (result.ok) return { ok: true, value: result.value.subject };
  return { ok: false, error: result.error.detail ?? '' };
}

const roles = [
  { claim: 'groups', equals: 'doctors', role: 'clinician' },
  { claim: 'realm_access.roles', equals: 'lead', role: 'lead' },
  { claim: 'scope', equals: 'chat', role: 'chatter' },
  { claim: 'email', equals: 'ada@example.com', role: 'ada' },
];

describe('roles from claims', () => {
  it('every mapping that matches adds its role', async () => {
    const more = { realm_access: { roles: ['lead'] }, scope: 'openid chat', email: 'ada@example.com' };
    expect(await subjectOf(more, { roleMappings: roles })).toMatchObject({
      value: { roles: ['ada', 'chatter', 'clinician', 'lead'], scopes: ['chat', 'openid'] },
    });
  });

  it.each([
    ['Entra could not list the groups', { _claim_names: { groups: 'src1' } }],
    ['Entra only says that there are groups', { hasgroups: true }],
    [
      'there are more groups than anyone has',
      { groups: ['doctors', ...Array.from({ length: 600 }, (_, index) => `g${index}`)] },
    ],
    ['groups is one text', { groups: 'doctors' }],
    ['groups holds objects', { groups: ['doctors', { id: 1 }] }],
    ['roles is a text', { realm_access: { roles: 'lead' } }],
  ])('T23: nobody gets a role when %s', async (_name, more) => {
    expect(await subjectOf(more, { roleMappings: roles })).toMatchObject({
      ok: true,
      value: { roles: [], groups: [] },
    });
  });

  it('T23: the explanation says why there are no roles', async () => {
    const world = aWorld([signer.jwk]);
    const token = await sign(signer, { ...someClaims, _claim_names: { groups: 'src1' } });
    expect(await world.identity.explainToken(token, tenantA, aConnection())).toMatchObject({
      ok: true,
      value: { accepted: true, roles: [], rolesWithheld: 'group_overflow' },
    });
  });

  it('clearance is a whole number from 0 to 9 or none, and attributes are only those that the mapping names', async () => {
    const claims = { groups: 'groups', department: 'dept', clearance: 'level', attributes: ['site', 'toString'] };
    const more = { dept: 'cardiology', level: 3, site: { ward: [1, 'b'] }, secret: 'x' };
    expect(await subjectOf(more, { claims })).toMatchObject({
      value: { department: 'cardiology', clearance: 3, attributes: { site: { ward: [1, 'b'] } } },
    });
    for (const level of ['3', 10, -1, 2.5, true, null])
      expect(await subjectOf({ level }, { claims })).toMatchObject({ value: { clearance: 0, attributes: {} } });
  });
});

describe('acting for someone', () => {
  const nested = (depth: number): object =>
    depth === 0 ? {} : { act: { sub: `agent-${depth}`, ...nested(depth - 1) } };

  it('T25: the current actor is the subject, and each acts for the one before it, down to the person', async () => {
    const result = await subjectOf({ ...nested(2) });
    expect(result).toMatchObject({
      value: {
        id: 'agent-2',
        kind: 'agent',
        roles: [],
        onBehalfOf: {
          id: 'agent-1',
          kind: 'agent',
          roles: [],
          onBehalfOf: { id: 'ada', kind: 'human', roles: ['clinician'] },
        },
      },
    });
  });

  it('T25: a chain of four is accepted, of five or twenty refused', async () => {
    expect((await subjectOf(nested(4))).ok).toBe(true);
    expect(await subjectOf(nested(5))).toEqual({ ok: false, error: 'actor_depth' });
    const world = aWorld([signer.jwk]);
    expect(await verdict(world, await sign(signer, { ...someClaims, ...nested(20) }))).toBe(
      'credential-invalid:token_json',
    );
  });

  it('T25: where the token says who may act, nobody else may', async () => {
    const act = { sub: 'agent-1', iss: 'https://agents.example.com' };
    expect(await subjectOf({ act, may_act: { sub: 'agent-2' } })).toEqual({ ok: false, error: 'actor_not_allowed' });
    expect(await subjectOf({ act, may_act: [] })).toEqual({ ok: false, error: 'actor_not_allowed' });
    expect((await subjectOf({ act, may_act: { sub: 'agent-1' } })).ok).toBe(true);
  });

  it.each(['agent', [], {}, { sub: 7 }, null])('a malformed actor (%j) is refused', async (act) => {
    expect(await subjectOf({ act })).toEqual({ ok: false, error: 'actor_malformed' });
  });
});

describe('explaining a token', () => {
  it('lists every check, also after one failed, with what the token said', async () => {
    const world = aWorld([signer.jwk]);
    const token = await sign(signer, { ...someClaims, aud: 'https://other.example.com', exp: 1 });
    const explained = await world.identity.explainToken(token, tenantA, aConnection());
    if (!explained.ok) throw new Error(explained.error);
    expect(explained.value.accepted).toBe(false);
    expect(explained.value.checks.filter(({ outcome }) => outcome === 'fail')).toEqual([
      { label: 'the audience is ours', outcome: 'fail', code: 'audience', seen: 'https://other.example.com' },
      { label: 'it has not expired', outcome: 'fail', code: 'token_expired', seen: 1 },
    ]);
    expect(explained.value.roles).toEqual(['clinician']);
    expect(explained.value.matchedMappings).toEqual([0]);
  });

  it('shows a signature that is not genuine, and skips it where there is no key', async () => {
    const world = aWorld([signer.jwk]);
    const other = await aSigner();
    const last = async (from: Signer, keyId?: string): Promise<unknown> => {
      const token = await sign(from, someClaims, keyId === undefined ? {} : { kid: keyId });
      const explained = await world.identity.explainToken(token, tenantA, aConnection());
      return explained.ok ? explained.value.checks.slice(-2).map(({ code, outcome }) => code ?? outcome) : explained;
    };
    expect(await last(signer)).toEqual(['pass', 'pass']);
    expect(await last(other)).toEqual(['pass', 'signature']);
    expect(await last(other, 'unknown')).toEqual(['key_unknown', 'skipped']);
  });
});
