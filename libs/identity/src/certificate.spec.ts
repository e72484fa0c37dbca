import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { IdentityConnection } from '@writ/domain';
import { certificates } from './certificates.fixture.js';
import { forwardedCertificate, issuerOfAuthority } from './index.js';
import { aBearer, aConnection, aWorld, tenantA, tenantB, verdict, type World } from './issuer.fixture.js';

const der = (name: keyof typeof certificates): Uint8Array => new X509Certificate(certificates[name]).raw;
const issuer = issuerOfAuthority(certificates.acme);

function trusting(authority: 'acme' | 'impostor', more: Partial<IdentityConnection> = {}): IdentityConnection {
  const settings = { trustRoots: certificates[authority], ...more.settings };
  return aConnection({ id: authority, kind: 'mtls', issuer, subjectKind: 'workload', ...more, settings });
}

function aMutualWorld(connection = trusting('acme')): World {
  const world = aWorld([], {}, connection);
  world.nowMs = Date.UTC(2027, 5, 1);
  return world;
}

const present = (world: World, name: keyof typeof certificates): Promise<string> =>
  verdict(world, aBearer('', { scheme: 'none', clientCertificate: der(name) }));

describe('a TLS client certificate', () => {
  it('names its workload by the name its authority vouches for', async () => {
    const mappings = [{ claim: 'san_dns', equals: 'batch.acme.example', role: 'batch' }];
    const world = aMutualWorld(trusting('acme', { roleMappings: mappings }));
    const result = await world.identity.identify(aBearer('', { scheme: 'none', clientCertificate: der('good') }));
    expect(result).toMatchObject({
      ok: true,
      value: {
        tenant: { tenant: tenantA },
        subject: { id: 'spiffe://acme.example/batch', kind: 'workload', method: 'mtls', roles: ['batch'] },
      },
    });
  });

  it.each([
    ['server', 'certificate_usage'],
    ['anyUsage', 'certificate_usage'],
    ['expired', 'certificate_expired'],
    ['other', 'certificate_untrusted'],
    ['acme', 'certificate_is_authority'],
  ] as const)('P6: %s is refused', async (name, code) => {
    expect(await present(aMutualWorld(), name)).toBe(`credential-invalid:${code}`);
  });

  it('P6: one that expires while its connection lives is refused from then on', async () => {
    const world = aMutualWorld();
    world.nowMs = new X509Certificate(certificates.expired).validToDate.getTime() - 1;
    expect(await present(world, 'expired')).toBe('ok:spiffe://acme.example/batch@A');
    world.nowMs += 1;
    expect(await present(world, 'expired')).toBe('credential-invalid:certificate_expired');
  });

  it('P6: of two authorities with the same name, the signature tells whose tenant it is', async () => {
    const world = aMutualWorld();
    world.trusts = [...world.trusts, { tenant: tenantB, connection: trusting('impostor') }];
    expect(await present(world, 'good')).toBe('ok:spiffe://acme.example/batch@A');
    expect(await present(world, 'other')).toBe('ok:spiffe://acme.example/batch@B');
    world.trusts = [world.trusts[0]!, { tenant: tenantB, connection: trusting('acme') }];
    expect(await present(world, 'good')).toBe('credential-invalid:connection_ambiguous');
  });

  it('P6: a revoked one is refused by fingerprint and by serial number', async () => {
    for (const revoked of [new X509Certificate(certificates.good).fingerprint256, `ffff, 1001`])
      expect(await present(aMutualWorld(trusting('acme', { settings: { revoked } })), 'good')).toBe(
        'credential-invalid:certificate_revoked',
      );
  });

  it('a common name is nobody, and a name cannot pretend to be two', async () => {
    expect(await present(aMutualWorld(), 'nameless')).toMatch(/^ok:spki:[0-9a-f]{64}@A$/);
    expect(await present(aMutualWorld(), 'sneaky')).toBe('ok:https://x.example/, URI:spiffe://acme.example/admin@A');
    const bound = trusting('acme', { boundClaims: { sub: 'spiffe://acme.example/admin' } });
    expect(await present(aMutualWorld(bound), 'sneaky')).toBe('credential-invalid:bound_claim');
  });

  it('garbage is refused', async () => {
    const credential = aBearer('', { scheme: 'none', clientCertificate: Buffer.from('garbage') });
    expect(await verdict(aMutualWorld(), credential)).toBe('credential-invalid:certificate_malformed');
  });
});

describe('P1: a certificate in a header', () => {
  const bytes = Buffer.from(der('good'));
  const percent = encodeURIComponent(certificates.good);
  const rfc9440 = { proxies: ['10.0.0.1'], header: 'client-cert' };
  const envoy = { proxies: ['10.0.0.1'], header: 'x-forwarded-client-cert' };
  const nginx = { proxies: ['10.0.0.1'], header: 'x-ssl-client-cert' };

  it('counts only from a listed proxy, and only in the one configured header', () => {
    const headers = { 'client-cert': `:${bytes.toString('base64')}:` };
    expect(forwardedCertificate(headers, '10.0.0.1', rfc9440)).toEqual(bytes);
    expect(forwardedCertificate(headers, '10.0.0.2', rfc9440)).toBeUndefined();
    expect(forwardedCertificate(headers, '10.0.0.1', envoy)).toBeUndefined();
  });

  it('is read as Envoy and nginx write it', () => {
    const xfcc = { 'x-forwarded-client-cert': `Hash=ab;Cert="${percent}";URI=spiffe://acme.example/batch` };
    expect(forwardedCertificate(xfcc, '10.0.0.1', envoy)).toEqual(bytes);
    expect(forwardedCertificate({ 'x-ssl-client-cert': percent }, '10.0.0.1', nginx)).toEqual(bytes);
  });

  it.each([
    [['a', 'b'], rfc9440],
    [':not base64!:', rfc9440],
    ['', rfc9440],
    [`Cert="${percent}",Cert="${percent}"`, envoy],
    ['%', nginx],
    ['x'.repeat(20_000), nginx],
  ])('is nothing when it is sent twice or cannot be read', (value, from) => {
    expect(forwardedCertificate({ [from.header]: value }, '10.0.0.1', from)).toBeUndefined();
  });
});
