import { beforeAll, describe, expect, it } from '@jest/globals';
import type { IdentityConnection } from '@writ/domain';
import { trustComplaints } from './index.js';
import { aConnection, aSigner, aWorld, sign, someClaims, verdict, type Signer } from './issuer.fixture.js';

let cluster: Signer;
let otherCluster: Signer;
beforeAll(async () => {
  [cluster, otherCluster] = await Promise.all([aSigner('RS256', 'c'), aSigner('RS256', 'c')]);
});

const local = 'https://kubernetes.default.svc.cluster.local';
const account = 'system:serviceaccount:batch:runner';

function aTrust(more: Partial<IdentityConnection>): IdentityConnection {
  return aConnection({ kind: 'workload', subjectKind: 'workload', roleMappings: [], ...more });
}

function uploaded(boundClaims: Record<string, string> = { sub: account }): IdentityConnection {
  return aTrust({ issuer: local, boundClaims, settings: { jwks: JSON.stringify({ keys: [cluster.jwk] }) } });
}

describe('workload identity', () => {
  const claims = { ...someClaims, iss: local, sub: account, 'kubernetes.io': { namespace: 'batch' } };

  it('T24: a service account of the uploaded cluster is known, without a fetch', async () => {
    const world = aWorld([], {}, uploaded());
    expect(await verdict(world, await sign(cluster, claims, { typ: undefined }))).toBe(`ok:${account}@A`);
    expect(world.fetched).toEqual([]);
  });

  it('T24: a service account of another cluster with the same issuer text is refused', async () => {
    expect(await verdict(aWorld([], {}, uploaded()), await sign(otherCluster, claims))).toBe(
      'credential-invalid:signature',
    );
  });

  it('T24: another account of the same cluster is refused', async () => {
    const token = await sign(cluster, { ...claims, sub: 'system:serviceaccount:batch:other' });
    expect(await verdict(aWorld([], {}, uploaded()), token)).toBe('credential-invalid:bound_claim');
  });

  it('T24: a job of a fork or of a pull request is not the repository', async () => {
    const github = 'https://token.actions.githubusercontent.com';
    const trust = aTrust({
      issuer: github,
      boundClaims: { repository_id: '42', environment: 'production' },
      settings: { jwks: JSON.stringify({ keys: [cluster.jwk] }) },
    });
    const job = {
      ...someClaims,
      iss: github,
      sub: 'repo:acme/app:environment:production',
      repository_id: '42',
      environment: 'production',
    };
    const world = aWorld([], {}, trust);
    expect(await verdict(world, await sign(cluster, job, { typ: 'JWT' }))).toMatch(/^ok:repo:acme/);
    expect(await verdict(world, await sign(cluster, { ...job, repository_id: '43' }))).toBe(
      'credential-invalid:bound_claim',
    );
    const pullRequest = { ...job, sub: 'repo:acme/app:pull_request', environment: undefined };
    expect(await verdict(world, await sign(cluster, pullRequest))).toBe('credential-invalid:bound_claim');
  });

  it('T24: a trust that is not exact is refused at run time too, whatever was published', async () => {
    const wide = uploaded({ '/kubernetes.io/namespace': 'batch' });
    expect(await verdict(aWorld([], {}, wide), await sign(cluster, claims))).toBe('credential-invalid:trust_too_wide');
  });

  it('T24: the API is told what is too wide about a trust', () => {
    expect(trustComplaints(aTrust({ boundClaims: { sub: account } }))).toEqual([]);
    expect(trustComplaints(aTrust({ boundClaims: { repository_id: '42', ref: 'refs/heads/main' } }))).toEqual([]);
    const wide: readonly Readonly<Record<string, string>>[] = [
      {},
      { sub: 'system:serviceaccount:batch:*', repository_id: '42', ref: 'refs/heads/main' },
      { repository_id: '42' },
      { repository: 'acme/app' },
    ];
    for (const boundClaims of wide) expect(trustComplaints(aTrust({ boundClaims }))).toHaveLength(1);
    expect(trustComplaints(aTrust({ audiences: [], boundClaims: { sub: account } }))).toHaveLength(1);
  });

  it('a SPIFFE JWT-SVID needs no issuer: its trust domain is in its subject', async () => {
    const sub = 'spiffe://acme.example/ns/batch/sa/runner';
    const bundle = { keys: [{ ...cluster.jwk, use: 'jwt-svid' }] };
    const trust = aTrust({
      issuer: 'spiffe://acme.example',
      boundClaims: { sub },
      settings: { jwks: JSON.stringify(bundle) },
    });
    const world = aWorld([], {}, trust);
    const { iss: _iss, groups: _groups, ...svid } = { ...someClaims, sub };
    expect(await verdict(world, await sign(cluster, svid, { typ: 'JWT' }))).toBe(`ok:${sub}@A`);
    const elsewhere = { ...svid, sub: 'spiffe://acme.example.evil.example/ns/batch/sa/runner' };
    expect(await verdict(world, await sign(cluster, elsewhere))).toBe('credential-invalid:issuer_unknown');
  });
});
