import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../contract/eventually.js';
import { Authenticator } from './authenticator.js';
import { type House, adminAudience, openHouse } from './house.js';
import { withPage } from './pages.js';
import { type Federated, type Payload, change, done, federate, setupToken } from './steps.js';

const origin = 'https://admin.writ.test';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.close());

async function challenges(): Promise<{ readonly get: string; readonly create: string }> {
  const query = '{ breakGlassChallenge { requestOptions creationOptions } }';
  const { data } = await house.ask<{ breakGlassChallenge: Record<string, string> }>(query);
  const of = (name: string): { challenge: string; [field: string]: unknown } =>
    JSON.parse(data.breakGlassChallenge[name] ?? '') as { challenge: string };
  expect(of('requestOptions')).toMatchObject({ userVerification: 'required', rpId: 'admin.writ.test' });
  expect(of('requestOptions')['allowCredentials'] ?? []).toEqual([]);
  return { get: of('requestOptions').challenge, create: of('creationOptions').challenge };
}

async function use(tenantId: string, code: string, passkey: object | string): Promise<Payload> {
  const input = { tenantId, code, passkey: typeof passkey === 'string' ? passkey : JSON.stringify(passkey) };
  return change(house, 'useBreakGlass', input, 'recoveryToken expiresAt');
}

interface Standing {
  readonly state: string;
  readonly codesLeft: number;
  readonly passkeys: number;
  readonly holder: string;
}

async function standing(token: string): Promise<Standing> {
  const query = '{ tenant { breakGlass { state codesLeft passkeys holder armedUntil usedAt } } }';
  const { data } = await house.ask<{ tenant: { breakGlass: Standing } }>(query, {}, token);
  return data.tenant.breakGlass;
}

async function nextSteps(token: string): Promise<readonly { name: string; because: string }[]> {
  const query = '{ tenant { nextSteps { name because } } }';
  const { data } = await house.ask<{ tenant: { nextSteps: { name: string; because: string }[] } }>(query, {}, token);
  return data.tenant.nextSteps;
}

async function arm(owner: string, input: object = {}): Promise<readonly [string, string]> {
  const armed = await done(house, 'armBreakGlass', input, 'recoveryCodes breakGlass { state }', owner);
  return armed['recoveryCodes'] as [string, string];
}

const mailsTo = (to: string): readonly { subject: string; text: string }[] =>
  house.mails.filter((mail) => mail.to === to);
/** What stands behind the # of the last link that this address got. */
const linkTo = (to: string): string =>
  /#(\S+)/.exec(mailsTo(to).findLast(({ text }) => text.includes('#'))?.text ?? '')?.[1] ?? '';

const register = (link: string, passkey: object): Promise<Payload> =>
  change(house, 'registerBreakGlassPasskey', { link, passkey: JSON.stringify(passkey) }, 'state');

/** The passkey of the setup subject, registered with the setup token as a person does it, before an owner takes over. */
async function registerAtSetup(setup: string, passkey: Authenticator): Promise<void> {
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${house.api.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${setup}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const { challenge } = (await (await post('/passkeys/options', {})).json()) as { challenge: string };
  expect((await post('/passkeys', passkey.create(challenge))).status).toBe(201);
}

async function events(token: string): Promise<readonly string[]> {
  const query = '{ changeLog(first: 50) { edges { node { event } } } }';
  const { data } = await house.ask<{ changeLog: { edges: { node: { event: string } }[] } }>(query, {}, token);
  return data.changeLog.edges.map(({ node }) => node.event);
}

const payload = (leaf: Buffer): string =>
  Buffer.from(leaf.toString('latin1').split('.')[1] ?? '', 'base64url').toString();

/** Records of the ledger itself, by their name; some leave no line in the change log. */
async function recorded(name: string): Promise<number> {
  const { rows } = await house.admin.query<{ schema: string }>(
    `SELECT nspname AS schema FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'`,
  );
  const found = await Promise.all(
    rows.map(({ schema }) =>
      house.admin.query<{ leaf: Buffer }>(`SELECT leaf FROM ${schema}.record WHERE kind = 'event'`),
    ),
  );
  return found.flatMap((each) => each.rows).filter(({ leaf }) => payload(leaf).includes(`"name":"${name}"`)).length;
}

const code = (answer: Payload): string | undefined => answer.userErrors[0]?.code;

describe('break-glass of a tenant whose founder has a passkey', () => {
  const passkey = new Authenticator(origin);
  let own: Federated;
  let codes: readonly [string, string];
  beforeAll(async () => {
    own = await federate(house, 'glass', (setup) => registerAtSetup(setup, passkey));
  });
  beforeEach(async () => {
    codes = await arm(own.owner);
  });

  it('is armed by an owner, with the passkey of the setup subject as it was when the owner took over', async () => {
    expect(await standing(own.owner)).toMatchObject({
      state: 'ARMED',
      codesLeft: 2,
      passkeys: 1,
      holder: 'ops@glass.example',
      usedAt: null,
    });
    expect((await nextSteps(own.owner)).map(({ name }) => name)).not.toContain('arm-break-glass');
    // Whoever has the mailbox today registers a passkey for it; it is none of this tenant's.
    const later = new Authenticator(origin);
    await registerAtSetup(await setupToken(house, 'ops@glass.example'), later);
    const refused = await use(own.tenantId, codes[0], later.get((await challenges()).get));
    expect(refused.userErrors[0]?.code).toBe('CODE_REFUSED');
  });

  it('opens by a code and a passkey, once, mends the federation and nothing else, and everybody hears of it', async () => {
    await arm(own.owner, { alarmTo: ['ciso@glass.example', 'unreachable@glass.example'] });
    codes = await arm(own.owner);
    // An owner whom the directory announced with an address.
    await house.admin.query(
      `UPDATE control.member SET email = 'Ada@glass.example', roles = '["owner"]' WHERE subject = 'ada-glass'`,
    );
    const before = house.mails.length;
    const used = await use(own.tenantId, codes[0], passkey.get((await challenges()).get));
    expect(used.userErrors).toEqual([]);
    const token = String(used['recoveryToken']);
    const viewer = await house.ask<{ viewer: object }>('{ viewer { kind permissions } }', {}, token);
    expect(viewer.data.viewer).toEqual({
      kind: 'recovery',
      permissions: ['anyone', 'identity:read', 'identity:write', 'signed-in', 'tenant:read'],
    });
    const secret = await house.ask('{ providerCredentials(first: 1) { edges { cursor } } }', {}, token);
    expect(secret.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const alarms = house.mails.slice(before).filter(({ subject }) => subject === 'Break-glass was used');
    expect(alarms.map(({ to }) => to).toSorted()).toEqual([
      'ada@glass.example',
      'ciso@glass.example',
      'ops@glass.example',
    ]);
    expect(house.reported.some((line) => line.includes('break-glass alarm'))).toBe(true);
    expect(await events(own.owner)).toContain('admin.break-glass-used');
    expect((await nextSteps(own.owner)).map(({ name }) => name)).toContain('review-break-glass');
    expect(await standing(own.owner)).toMatchObject({ state: 'ARMED', codesLeft: 1 });
    const again = await use(own.tenantId, codes[0], passkey.get((await challenges()).get));
    expect(again.userErrors[0]?.code).toBe('CODE_REFUSED');
  });

  it('ends a recovery that still runs when an owner arms it anew', async () => {
    const used = await use(own.tenantId, codes[1], passkey.get((await challenges()).get));
    const token = String(used['recoveryToken']);
    await arm(own.owner);
    expect((await house.ask('{ viewer { kind } }', {}, token)).status).toBe(401);
    expect((await nextSteps(own.owner)).map(({ name }) => name)).not.toContain('review-break-glass');
  });

  it('refuses a wrong code and a wrong passkey in the same words, and tells everybody of half a key', async () => {
    const before = house.mails.length;
    const wrongCode = await use(own.tenantId, 'AAAAA-AAAAA-AAAAA-AAAAA', passkey.get((await challenges()).get));
    const stranger = new Authenticator(origin).get((await challenges()).get);
    const answers = [
      wrongCode,
      await use(own.tenantId, codes[0], stranger),
      await use(own.tenantId, 'AAAAA-AAAAA-AAAAA-AAAAA', stranger),
      await use(own.tenantId, codes[0], 'no JSON'),
      await use(own.tenantId, codes[0], '{"id":7}'),
      await use(`ten_${'a'.repeat(26)}`, codes[0], stranger),
      await use(own.providerId, codes[0], passkey.get((await challenges()).get)),
    ];
    for (const answer of answers) expect(answer).toEqual(wrongCode);
    expect(wrongCode).toMatchObject({ recoveryToken: null, auditRecord: null });
    const alarms = () => house.mails.slice(before).filter(({ subject }) => subject === 'Break-glass was tried');
    await eventually(() => Promise.resolve(expect(alarms().length).toBeGreaterThanOrEqual(4)));
    expect(alarms().some(({ text }) => text.includes('right passkey but no right code'))).toBe(true);
    expect(await recorded('admin.break-glass-refused')).toBeGreaterThanOrEqual(2);
    // A code that was tried with a wrong passkey is not used up.
    expect((await use(own.tenantId, codes[0], passkey.get((await challenges()).get))).userErrors).toEqual([]);
  });

  it('refuses an assertion that was used, of an old challenge, of another origin, without a verified person, or of a copied key', async () => {
    const signed = passkey.get((await challenges()).get);
    expect(code(await use(own.tenantId, 'AAAAA-AAAAA-AAAAA-AAAAA', signed))).toBe('CODE_REFUSED');
    expect(code(await use(own.tenantId, codes[0], signed))).toBe('CODE_REFUSED');
    expect(code(await use(own.tenantId, codes[0], passkey.get(randomUUID())))).toBe('CODE_REFUSED');
    expect(code(await use(own.tenantId, codes[0], passkey.get((await challenges()).get, false)))).toBe('CODE_REFUSED');
    const { counter } = passkey;
    passkey.counter = 0;
    expect(code(await use(own.tenantId, codes[0], passkey.get((await challenges()).get)))).toBe('CODE_REFUSED');
    passkey.counter = counter;
    expect(code(await use(own.tenantId, codes[0], passkey.get((await challenges()).get)))).toBeUndefined();
  });

  it('lets nobody try a passkey more than ten times an hour, and stops nobody else by that', async () => {
    await house.admin.query('UPDATE control.break_glass_passkey SET tries = 0');
    const stranger = new Authenticator(origin);
    for (let tries = 0; tries < 12; tries += 1)
      await use(own.tenantId, 'AAAAA-AAAAA-AAAAA-AAAAA', stranger.get((await challenges()).get));
    for (let tries = 0; tries < 10; tries += 1) await use(own.tenantId, 'wrong', passkey.get((await challenges()).get));
    const late = await use(own.tenantId, codes[0], passkey.get((await challenges()).get));
    expect(late.userErrors[0]?.code).toBe('CODE_REFUSED');
    await house.admin.query(`UPDATE control.break_glass_passkey SET tries_since = tries_since - interval '1 hour'`);
    expect((await use(own.tenantId, codes[0], passkey.get((await challenges()).get))).userErrors).toEqual([]);
  });

  it('opens once for two at the same moment with one code', async () => {
    const twice = await Promise.all(
      [passkey.get((await challenges()).get), passkey.get((await challenges()).get)].map((signed) =>
        use(own.tenantId, codes[0], signed),
      ),
    );
    expect(twice.filter(({ userErrors }) => userErrors.length === 0)).toHaveLength(1);
  });

  it('expires after a year, says so, and is armed anew', async () => {
    await house.admin.query(`UPDATE control.recovery_code SET expires_at = now() + interval '20 days'`);
    expect((await nextSteps(own.owner)).find(({ name }) => name === 'arm-break-glass')?.because).toMatch(/expires on/);
    await house.admin.query(`UPDATE control.recovery_code SET expires_at = now() - interval '1 second'`);
    expect((await standing(own.owner)).state).toBe('EXPIRED');
    const expired = await use(own.tenantId, codes[0], passkey.get((await challenges()).get));
    expect(expired.userErrors[0]?.code).toBe('CODE_REFUSED');
    codes = await arm(own.owner);
    expect((await standing(own.owner)).state).toBe('ARMED');
    expect((await use(own.tenantId, codes[0], passkey.get((await challenges()).get))).userErrors).toEqual([]);
  });

  it('is served as a page that a browser can use, with one script that the policy of its content names', async () => {
    const page = await withPage(house.api.url, '/break-glass', passkey);
    expect(await page.run({ tenant: own.tenantId, code: 'AAAAA-AAAAA-AAAAA-AAAAA' })).toMatch(/wrong, used or expired/);
    expect(await page.run({ tenant: own.tenantId, code: codes[0] })).toMatch(/--token-file: ey/);
  });
});

describe('break-glass of a tenant without a passkey', () => {
  let own: Federated;
  let codes: readonly [string, string];
  beforeAll(async () => {
    own = await federate(house, 'bare');
  });

  it('says in the next steps that it is not armed, and opens by no code alone', async () => {
    expect(await standing(own.owner)).toMatchObject({ state: 'UNARMED', passkeys: 0, holder: 'ops@bare.example' });
    expect((await nextSteps(own.owner)).map(({ name }) => name)).toContain('arm-break-glass');
    codes = await arm(own.owner);
    expect((await standing(own.owner)).state).toBe('NEEDS_PASSKEY');
    expect((await nextSteps(own.owner)).find(({ name }) => name === 'arm-break-glass')?.because).toMatch(/not armed/);
    const stranger = new Authenticator(origin);
    const alone = await use(own.tenantId, codes[0], stranger.get((await challenges()).get));
    expect(alone.userErrors[0]?.code).toBe('CODE_REFUSED');
  });

  it('is armed once the holder has registered a passkey by the link, which works once', async () => {
    const link = linkTo('ops@bare.example');
    const passkey = new Authenticator(origin);
    const forged = new Authenticator('https://evil.example').create((await challenges()).create);
    expect((await register(link, forged)).userErrors[0]?.code).toBe('CODE_REFUSED');
    const wrong = `${own.tenantId}.${'a'.repeat(43)}`;
    expect((await register(wrong, passkey.create((await challenges()).create))).userErrors[0]?.code).toBe(
      'CODE_REFUSED',
    );
    const registered = await register(link, passkey.create((await challenges()).create));
    expect(registered['state']).toBe('ARMED');
    const again = await register(link, new Authenticator(origin).create((await challenges()).create));
    expect(again.userErrors[0]?.code).toBe('CODE_REFUSED');
    expect(mailsTo('ops@bare.example').some(({ subject }) => subject.includes('passkey was registered'))).toBe(true);
    expect(await events(own.owner)).toContain('admin.break-glass-passkey-registered');
    expect((await use(own.tenantId, codes[0], passkey.get((await challenges()).get))).userErrors).toEqual([]);
  });

  it('takes a new passkey for a lost one, whose own ends at once', async () => {
    const lost = new Authenticator(origin);
    codes = await arm(own.owner, { newPasskey: true });
    await register(linkTo('ops@bare.example'), lost.create((await challenges()).create));
    codes = await arm(own.owner, { newPasskey: true });
    const refused = await use(own.tenantId, codes[0], lost.get((await challenges()).get));
    expect(refused.userErrors[0]?.code).toBe('CODE_REFUSED');
    const page = await withPage(house.api.url, '/break-glass/passkey', new Authenticator(origin));
    expect(await page.run({}, linkTo('ops@bare.example'))).toBe('Registered. Break-glass is ARMED.');
  });

  it('goes to another holder only with a second owner, and changes nothing in a dry run', async () => {
    const before = [await standing(own.owner), house.mails.length];
    await change(house, 'armBreakGlass', { dryRun: true, newPasskey: true }, 'breakGlass { state }', own.owner, '');
    const input = { holder: 'Eve@bare.example' };
    const alone = await change(house, 'armBreakGlass', input, 'recoveryCodes', own.owner);
    expect(alone.userErrors[0]?.code).toBe('APPROVAL_REQUIRED');
    expect([await standing(own.owner), house.mails.length]).toEqual(before);
    const second = await house.issuer.token({ sub: 'bob', org_id: 'bare', groups: ['it-admins'] });
    const query = '{ approvals(first: 1) { edges { node { id version } } } }';
    const { data } = await house.ask<{ approvals: { edges: { node: { id: string; version: number } }[] } }>(
      query,
      {},
      second,
    );
    const [approval] = data.approvals.edges;
    const decided = { id: approval?.node.id, expectedVersion: approval?.node.version };
    await done(house, 'approveChange', decided, 'approval { state }', second);
    await arm(own.owner, input);
    expect(await standing(own.owner)).toMatchObject({ state: 'NEEDS_PASSKEY', holder: 'eve@bare.example' });
    expect(linkTo('eve@bare.example')).toContain(own.tenantId);
  });

  it('cannot be armed by an admin, and shows its holder only to who may read members', async () => {
    const claims = { org_id: 'bare', groups: ['auditors'], aud: adminAudience };
    const auditor = await house.issuer.token({ sub: 'aud', ...claims });
    const armed = await house.ask(
      `mutation { armBreakGlass(input: {}) @idempotent(key: "${randomUUID()}") { recoveryCodes } }`,
      {},
      auditor,
    );
    expect(armed.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
