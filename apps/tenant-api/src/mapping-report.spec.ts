import { describe, expect, it } from '@jest/globals';
import type { IdentityConnection } from '@writ/domain';
import type { Facts } from '@writ/policy';
import { mappingReport } from './mapping-report.js';

const connection: IdentityConnection = {
  id: 'workforce',
  kind: 'oidc',
  issuer: 'https://idp.example',
  audiences: ['https://ai.example'],
  algorithms: ['ES256'],
  boundClaims: {},
  acceptIdTokens: false,
  maxLifetimeSeconds: 3600,
  skewSeconds: 60,
  subjectKind: 'human',
  roleMappings: [
    { claim: 'groups', equals: 'nurses', role: 'caller' },
    { claim: 'amr', equals: 'mfa', role: 'owner' },
  ],
  claims: { groups: 'groups', department: 'dept', attributes: ['cost_centre'] },
  settings: {},
};

function called(id: string, more: Partial<Facts['subject']> = {}): Facts {
  const subject = {
    id,
    kind: 'human',
    issuer: connection.issuer,
    roles: [],
    groups: [],
    scopes: [],
    clearance: 0,
    attributes: {},
    ...more,
  } as const;
  return { subject } as unknown as Facts;
}

const recorded = [
  called('ada', { groups: ['nurses'] }),
  called('ada', { groups: ['nurses'] }),
  called('bob', { department: 'radiology' }),
  called('cy', { attributes: { cost_centre: '42' } }),
  called('ada', { issuer: 'https://another.example', groups: ['nurses'] }),
];

describe('the report of a mapping', () => {
  it('counts people, not requests, and only those of this issuer', () => {
    expect(mappingReport(recorded, connection, [])).toMatchObject({
      requests: 4,
      people: 3,
      gained: [],
      lost: [{ role: 'caller', people: 1 }],
    });
  });

  it('maps by whatever a record keeps of a token: groups, department, named attributes, scopes, subject', () => {
    const { gained, lost } = mappingReport(recorded, connection, [
      { claim: 'groups', equals: 'nurses', role: 'caller' },
      { claim: 'dept', equals: 'radiology', role: 'caller' },
      { claim: 'cost_centre', equals: '42', role: 'billing' },
      { claim: 'sub', equals: 'cy', role: 'caller' },
    ]);
    expect([gained, lost]).toEqual([
      [
        { role: 'billing', people: 1 },
        { role: 'caller', people: 2 },
      ],
      [],
    ]);
  });

  it('says which claims no record holds, and leaves their rules out of both sides', () => {
    const report = mappingReport(recorded, connection, [{ claim: 'hd', equals: 'mercy.example', role: 'owner' }]);
    expect(report.unknownClaims).toEqual(['amr', 'hd']);
    expect(report.gained).toEqual([]);
  });

  it('looks at the person whom an agent acts for', () => {
    const agent = called('agent-7', { kind: 'agent', onBehalfOf: called('ada', { groups: ['nurses'] }).subject });
    expect(mappingReport([agent], connection, [])).toMatchObject({ people: 1, lost: [{ role: 'caller', people: 1 }] });
  });
});
