import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Snapshot, Subject } from '@writ/domain';
import { standingOf } from './standing.js';

const subject = (id: string, more: Partial<Subject> = {}): Subject => ({
  id,
  kind: 'human',
  issuer: 'https://login.example',
  method: 'jwt',
  connection: 'main',
  credentialThumbprint: '',
  roles: ['clinician'],
  groups: [],
  scopes: [],
  clearance: 0,
  attributes: {},
  ...more,
});
const snapshot = (...listed: readonly { id: string; connection?: string; withdrawn?: boolean; roles?: string[] }[]) =>
  ({
    standings: listed.map(({ id, connection = 'main', withdrawn = false, roles = [] }) => ({
      connection,
      subject: createHash('sha256').update(id).digest('hex'),
      withdrawn,
      roles,
    })),
  }) as unknown as Snapshot;

describe('the standing of a subject', () => {
  it('is what the token says when the directory says nothing of it', () => {
    const ada = subject('ada');
    expect(standingOf(ada, snapshot())).toEqual({ subject: ada, isWithdrawn: false });
    expect(standingOf(ada, {} as Snapshot)).toEqual({ subject: ada, isWithdrawn: false });
    expect(standingOf(ada, snapshot({ id: 'grace', withdrawn: true }))).toEqual({ subject: ada, isWithdrawn: false });
  });

  it('is withdrawn by the connection that it comes by, and by no other', () => {
    expect(standingOf(subject('ada'), snapshot({ id: 'ada', withdrawn: true })).isWithdrawn).toBe(true);
    const elsewhere = snapshot({ id: 'ada', connection: 'other', withdrawn: true });
    expect(standingOf(subject('ada'), elsewhere).isWithdrawn).toBe(false);
  });

  it('T25: is withdrawn when anyone in the chain is, the agent or the person it acts for', () => {
    const agent = subject('agent', { kind: 'agent', onBehalfOf: subject('ada') });
    expect(standingOf(agent, snapshot({ id: 'ada', withdrawn: true })).isWithdrawn).toBe(true);
    expect(standingOf(agent, snapshot({ id: 'agent', withdrawn: true })).isWithdrawn).toBe(true);
    expect(standingOf(agent, snapshot({ id: 'grace', withdrawn: true })).isWithdrawn).toBe(false);
  });

  it("adds the directory's roles to each in the chain, once", () => {
    const agent = subject('agent', { kind: 'agent', roles: [], onBehalfOf: subject('ada') });
    const given = snapshot({ id: 'ada', roles: ['analyst', 'clinician'] }, { id: 'agent', roles: ['bot'] });
    const { subject: seen } = standingOf(agent, given);
    expect([seen.roles, seen.onBehalfOf?.roles]).toEqual([['bot'], ['analyst', 'clinician']]);
  });
});
