import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { recordedDecision } from '@writ/local';
import { eventually } from '../contract/eventually.js';
import { asProxyHeader, certificateAuthority, keyOf, leaf, pemOf, serverCertificate } from './certificates.js';
import { type IdentityHouse, bearer, openIdentityHouse } from './identity-house.js';

/** Loaded into the gateway's processes before anything else: the machine's clock, as far off as a file says. */
const shiftedClock = `
import { readFileSync } from 'node:fs';
const right = Date.now.bind(Date);
let off = 0;
let read = -Infinity;
Date.now = () => {
  if (performance.now() - read > 20) {
    read = performance.now();
    off = Number(readFileSync(process.env.CLOCK_FILE, 'utf8'));
  }
  return right() + off;
};
`;

let house: IdentityHouse;
beforeAll(async () => {
  house = await openIdentityHouse((folder) => {
    const clock = join(folder, 'clock.mjs');
    writeFileSync(clock, shiftedClock);
    writeFileSync(join(folder, 'clock'), '0');
    serverCertificate(folder, 'gateway');
    return {
      WRIT_TLS_CERTIFICATE_FILE: join(folder, 'gateway.pem'),
      WRIT_TLS_KEY_FILE: join(folder, 'gateway.key'),
      WRIT_CLIENT_CERTIFICATE_PROXIES: '',
      NODE_OPTIONS: `--import=${pathToFileURL(clock).href}`,
      CLOCK_FILE: join(folder, 'clock'),
    };
  });
  for (const name of ['ca', 'impostor']) certificateAuthority(house.folder, name);
  for (const [name, authority] of [
    ['own', 'ca'],
    ['other', 'ca'],
    ['foreign', 'impostor'],
  ] as const)
    leaf(house.folder, authority, name);
}, 120_000);
afterAll(() => house?.close(), 60_000);

interface Answered {
  readonly status: number;
  readonly code: string | undefined;
  readonly decision: string | undefined;
  readonly content: string | undefined;
}

/** A model request over the gateway's own TLS listener; with `certificate`, by a client that proves possession of its key. */
function chat(certificate?: string, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const { port } = new URL(house.stack.urls.gateway);
  const shown =
    certificate === undefined ? {} : { cert: pemOf(house.folder, certificate), key: keyOf(house.folder, certificate) };
  const about = { host: '127.0.0.1', port, path: '/v1/chat/completions', method: 'POST', agent: false, ...shown };
  const trusted = { ca: pemOf(house.folder, 'gateway') };
  request({ ...about, ...trusted, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
    const pieces: Buffer[] = [];
    response.on('data', (piece: Buffer) => void pieces.push(piece));
    response.on('end', () => {
      const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as {
        readonly error?: { readonly code: string };
        readonly choices?: readonly { readonly message: { readonly content: string } }[];
      };
      const decision = response.headers['x-writ-decision'];
      resolve({
        status: response.statusCode ?? 0,
        code: body.error?.code,
        decision: typeof decision === 'string' ? decision : undefined,
        content: body.choices?.[0]?.message.content,
      });
    });
  })
    .on('error', reject)
    .end(JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'Hello' }] }));
  return promise;
}

describe("the gateway's own TLS listener", () => {
  it('P6: carries a model request of a workload by its certificate alone, and records who it was', async () => {
    const id = await house.trust(
      { name: 'mtls', kind: 'mtls', trustRoots: pemOf(house.folder, 'ca'), audiences: [], roles: [] },
      pemOf(house.folder, 'own'),
    );
    const mappings = [{ claim: 'sub', equals: 'spiffe://mercy.example/own', role: 'caller' }];
    await house.tenant.client.mutate(
      'setClaimMappings',
      { id, expectedVersion: 3, mappings },
      'identityProvider { version }',
    );
    await eventually(async () => expect((await chat('own')).status).toBe(200), 5_000);
    const answered = await chat('own');
    expect([answered.status, answered.content]).toEqual([200, expect.stringMatching(/./)]);
    const decision = await recordedDecision(house.tenant.client, answered.decision ?? '');
    expect(decision).toMatchObject({ effect: 'permit' });
    expect((await chat('other')).code).toBe('policy-denied');
  });

  it('P1, P6: takes no certificate of another authority, none from a header, and none at all for one', async () => {
    expect((await chat('foreign')).status).toBe(401);
    const header = asProxyHeader(leaf(house.folder, 'ca', 'headed'));
    expect((await chat(undefined, header)).status).toBe(401);
    expect((await chat('foreign', header)).status).toBe(401);
    expect((await chat()).code).toBe('credential-missing');
  });

  it('T15: takes a token that is bound to a certificate (RFC 8705) from whoever shows that certificate, and from nobody else', async () => {
    await house.map([
      { claim: 'groups', equals: 'admins', role: 'owner' },
      { claim: 'groups', equals: 'nurses', role: 'caller' },
    ]);
    const certificate = leaf(house.folder, 'ca', 'bound');
    const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
    const claims = { groups: ['nurses'], cnf: { 'x5t#S256': thumbprint } };
    const token = bearer(await house.personToken('nora', claims));
    await eventually(async () => expect((await chat('bound', token)).status).toBe(200), 5_000);
    expect(await chat(undefined, token)).toMatchObject({ status: 401, code: 'credential-invalid' });
    expect(await chat('other', token)).toMatchObject({ status: 401, code: 'credential-invalid' });
    expect((await chat('other', { ...token, ...asProxyHeader(certificate) })).status).toBe(401);
    // An unbound token is as good with a certificate as without one.
    const plain = bearer(await house.personToken('nora', { groups: ['nurses'] }));
    expect((await chat('other', plain)).status).toBe(200);
  });
});

describe('a gateway whose clock goes wrong', () => {
  it.each([
    ['an hour ahead', 3_600_000],
    ['six seconds behind', -6_000],
  ])(
    'F36: %s, takes itself out: it is not ready, judges no token, says why; and comes back when it is right',
    async (_, offMs) => {
      const management = `http://127.0.0.1:${String(house.stack.gateway.ready['managementPort'])}/readyz`;
      const nora = bearer(await house.personToken('nora', { groups: ['nurses'] }));
      const plain = (): Promise<Answered> => chat(undefined, nora);
      expect((await plain()).status).toBe(200);
      writeFileSync(join(house.folder, 'clock'), String(offMs));
      await eventually(async () => {
        const ready = await fetch(management);
        expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('clock')]);
        for (let asked = 0; asked < 6; asked += 1)
          expect(await plain()).toMatchObject({ status: 503, code: 'clock-off' });
      }, 15_000);
      expect((await chat()).code).toBe('clock-off');
      writeFileSync(join(house.folder, 'clock'), '0');
      await eventually(async () => {
        expect((await fetch(management)).status).toBe(200);
        for (let asked = 0; asked < 6; asked += 1) expect((await plain()).status).toBe(200);
      }, 15_000);
    },
    60_000,
  );
});
