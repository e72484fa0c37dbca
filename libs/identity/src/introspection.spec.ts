import { describe, expect, it } from '@jest/globals';
import type { IdentityConnection } from '@writ/domain';
import type { DocumentRequest } from './document.js';
import { aBearer, aConnection, aWorld, issuerUrl, someClaims, startMs, verdict, type World } from './issuer.fixture.js';

const active = { active: true, ...someClaims, client_id: 'app-1' };

interface Provider {
  readonly world: World;
  readonly asked: DocumentRequest[];
  answer: unknown;
}

/** A provider that answers `answer`: an object as JSON, a text as it is, undefined as an outage. */
function aProvider(answer: unknown, more: Partial<IdentityConnection> = {}): Provider {
  const asked: DocumentRequest[] = [];
  const provider = { asked, answer } as { asked: DocumentRequest[]; answer: unknown; world: World };
  const connection = aConnection({
    kind: 'introspection',
    introspectionUri: `${issuerUrl}/introspect`,
    ...more,
    settings: { clientId: 'gate way', ...more.settings },
  });
  provider.world = aWorld(
    [],
    {
      clientSecret: () => Promise.resolve('s:cret'),
      fetchDocument: (_url, how) => {
        asked.push(how!);
        const { answer: now } = provider;
        return Promise.resolve(now === undefined || typeof now === 'string' ? now : JSON.stringify(now));
      },
    },
    connection,
  );
  return provider;
}

const opaque = 'idp~0paque.t0ken';

describe('introspection', () => {
  it('an active token of this connection is its subject', async () => {
    const { world, asked } = aProvider(active);
    const result = await world.identity.identify(aBearer(opaque));
    expect(result).toMatchObject({
      ok: true,
      value: { subject: { id: 'ada', method: 'introspection', roles: ['clinician'], app: 'app-1' } },
    });
    expect(asked[0]).toMatchObject({ method: 'POST', body: 'token=0paque.t0ken&token_type_hint=access_token' });
    expect(asked[0]?.headers?.['authorization']).toBe(`Basic ${Buffer.from('gate%20way:s%3Acret').toString('base64')}`);
  });

  it.each([
    [{ active: false }, 'credential-invalid:token_inactive'],
    [{ ...active, iss: 'https://other.example.com' }, 'credential-invalid:issuer_unknown'],
    [{ ...active, aud: 'https://other.example.com' }, 'credential-invalid:audience'],
    [{ ...active, aud: undefined }, 'credential-invalid:audience'],
    [{ ...active, sub: undefined }, 'credential-invalid:token_subject'],
    [{ ...active, exp: startMs / 1_000 - 61 }, 'credential-expired:token_expired'],
    [{ ...active, nbf: startMs / 1_000 + 61 }, 'credential-invalid:token_nbf'],
    [{ ...active, active: 'true' }, 'identity-unavailable:introspection_unavailable'],
    [[active], 'identity-unavailable:introspection_unavailable'],
    ['{"active":false,"active":true}', 'identity-unavailable:introspection_unavailable'],
    ['<html>', 'identity-unavailable:introspection_unavailable'],
    [undefined, 'identity-unavailable:introspection_unavailable'],
  ])('T21: %j', async (answer, expected) => {
    expect(await verdict(aProvider(answer).world, opaque)).toBe(expected);
  });

  it('T21: another client than the bound one is refused; a bound client makes up for a missing audience', async () => {
    const boundClaims = { client_id: 'app-1' };
    expect(await verdict(aProvider({ ...active, client_id: 'app-2' }, { boundClaims }).world, opaque)).toBe(
      'credential-invalid:bound_claim',
    );
    expect(await verdict(aProvider({ ...active, aud: undefined }, { boundClaims }).world, opaque)).toBe('ok:ada@A');
  });

  it('an app without a subject is its client, but never where subjects are people', async () => {
    const app = { ...active, sub: undefined };
    expect(await verdict(aProvider(app, { subjectKind: 'agent' }).world, opaque)).toBe('ok:app-1@A');
    expect(await verdict(aProvider(app).world, opaque)).toBe('credential-invalid:token_subject');
  });

  it('T21: a yes is believed for 30 s or until the token expires, a no for 5 s', async () => {
    const provider = aProvider(active);
    const ask = (): Promise<string> => verdict(provider.world, opaque);
    await ask();
    provider.answer = { active: false };
    provider.world.nowMs += 29_000;
    expect(await ask()).toBe('ok:ada@A');
    provider.world.nowMs += 1_000;
    expect(await ask()).toBe('credential-invalid:token_inactive');
    provider.answer = active;
    provider.world.nowMs += 4_000;
    expect(await ask()).toBe('credential-invalid:token_inactive');
    provider.world.nowMs += 1_000;
    expect(await ask()).toBe('ok:ada@A');
    expect(provider.asked).toHaveLength(3);
  });

  it('T21: concurrent requests ask once, and another token gets its own answer', async () => {
    const provider = aProvider(active);
    await Promise.all(Array.from({ length: 20 }, () => verdict(provider.world, opaque)));
    expect(provider.asked).toHaveLength(1);
    provider.answer = { ...active, sub: 'eve' };
    expect(await verdict(provider.world, `${opaque}2`)).toBe('ok:eve@A');
    expect(await verdict(provider.world, opaque)).toBe('ok:ada@A');
  });

  it('F32: an outage is 503, unless the connection allows an older answer, which is then marked', async () => {
    const strict = aProvider(active);
    const lenient = aProvider(active, { settings: { staleAllowSeconds: '3600' } });
    for (const provider of [strict, lenient]) {
      await verdict(provider.world, opaque);
      provider.answer = undefined;
      provider.world.nowMs += 40_000;
    }
    expect(await verdict(strict.world, opaque)).toBe('identity-unavailable:introspection_unavailable');
    expect(await lenient.world.identity.identify(aBearer(opaque))).toMatchObject({
      ok: true,
      value: { subject: { attributes: { introspection: 'stale' } } },
    });
    lenient.world.nowMs += 50_000;
    expect(await verdict(lenient.world, opaque)).toBe('identity-unavailable:introspection_unavailable');
  });

  it('a connection without its client, or of another kind, reads nothing', async () => {
    const { world } = aProvider(active, { kind: 'oidc' });
    expect(await verdict(world, opaque)).toBe('credential-invalid:issuer_unknown');
    expect(await verdict(world, 'unheard-of~token')).toBe('credential-invalid:issuer_unknown');
    const secretless = aWorld([], {}, aConnection({ kind: 'introspection', introspectionUri: 'https://x.example' }));
    expect(await verdict(secretless, opaque)).toBe('identity-unavailable:introspection_unavailable');
  });
});
