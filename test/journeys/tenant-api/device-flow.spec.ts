import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, repository } from '@writ/local';
import { Authenticator } from './authenticator.js';
import { Browser, hiddenFields } from './browser.js';
import { type House, openHouse } from './house.js';

let house: House;
let api: string;
let passkey: Authenticator;
const folder = mkdtempSync(join(tmpdir(), 'writ-device-'));
beforeAll(async () => {
  const listenPort = await freePort();
  api = `http://127.0.0.1:${listenPort}`;
  house = await openHouse({ publicUrl: api, listenPort });
  passkey = new Authenticator(api);
});
afterAll(async () => {
  await house?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Running {
  /** The address that the command line shows, as soon as it does. */
  readonly address: Promise<string>;
  readonly ended: Promise<{ readonly status: number | null; readonly out: string; readonly err: string }>;
}

function writ(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [join(repository, 'apps/cli/dist/main.js'), ...args, '--api', api, '--json']);
  const text = { out: '', err: '' };
  const { promise: address, resolve } = Promise.withResolvers<string>();
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    text.err += chunk.toString();
    const found = /Open (\S+) on any device/.exec(text.err)?.[1];
    if (found !== undefined) resolve(found);
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<Awaited<Running['ended']>>();
  child.on('close', (status) => {
    resolve('');
    end({ status, ...text });
  });
  return { address, ended };
}

/** Confirms the code that the device shows, and comes to the sign-in page. */
async function confirmed(browser: Browser, address: string): Promise<string> {
  const shown = await browser.visit(address);
  const page = shown.text.includes('confirm') ? shown : await browser.visit(shown.url, hiddenFields(shown.text));
  const signIn = await browser.visit(new URL('/oidc/device', api).href, { ...hiddenFields(page.text), confirm: 'yes' });
  expect(signIn.url).toContain('/oidc/interaction/');
  return signIn.url;
}

describe('a command line without a browser', () => {
  it('gets a tenant from `writ init`, after somebody proved an e-mail address on another device', async () => {
    const save = join(folder, 'setup.token');
    const init = writ('init', '--name', 'Device hospital', '--region', 'eu-central-1', '--save', save);
    const browser = new Browser();
    const signIn = await confirmed(browser, await init.address);
    const code = await browser.visit(signIn, { email: 'ops@device.example' });
    const wrong = await browser.visit(signIn, { ...hiddenFields(code.text), code: '00000000x' });
    expect(wrong.text).toContain('The code is wrong');
    const done = await browser.visit(signIn, { ...hiddenFields(code.text), code: house.code('ops@device.example') });
    expect(done.status).toBe(200);
    const ended = await init.ended;
    expect([ended.status, ended.err.includes('Nobody signed in')]).toEqual([0, false]);
    expect(JSON.parse(ended.out)).toMatchObject({ state: 'PENDING_SETUP' });
    expect(statSync(save).mode & 0o777).toBe(0o600);
    const token = readFileSync(save, 'utf8');
    const seen = await house.ask<{ viewer: { kind: string; permissions: string[] } }>(
      '{ viewer { kind permissions } }',
      {},
      token,
    );
    expect(seen.data.viewer).toEqual({
      kind: 'setup',
      permissions: ['anyone', 'identity:read', 'identity:write', 'signed-in', 'tenant:create', 'tenant:read'],
    });
  }, 60_000);

  it('signs in with a passkey the next time, and goes on with the tenant that was begun', async () => {
    const token = readFileSync(join(folder, 'setup.token'), 'utf8');
    const send = (path: string, body: object): Promise<Response> =>
      fetch(`${api}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const options = (await (await send('/passkeys/options', {})).json()) as { challenge: string };
    const forged = new Authenticator('https://evil.example').create(options.challenge);
    expect((await send('/passkeys', forged)).status).toBe(400);
    const again = (await (await send('/passkeys/options', {})).json()) as { challenge: string };
    const made = passkey.create(again.challenge);
    expect((await send('/passkeys', made)).status).toBe(201);
    expect((await send('/passkeys', made)).status).toBe(400);

    const save = join(folder, 'passkey.token');
    const login = writ('login', '--save', save);
    const browser = new Browser();
    const signIn = await confirmed(browser, await login.address);
    const challenge = async (): Promise<string> =>
      (JSON.parse((await browser.visit(`${signIn}/passkey/options`, {})).text) as { challenge: string }).challenge;
    const stranger = new Authenticator(api).get(await challenge());
    expect((await browser.visit(signIn, { passkey: JSON.stringify(stranger) })).text).toContain('not known here');
    const stale = passkey.get(await challenge());
    await challenge();
    expect((await browser.visit(signIn, { passkey: JSON.stringify(stale) })).text).toContain('not known here');
    await browser.visit(signIn, { passkey: JSON.stringify(passkey.get(await challenge())) });
    expect((await login.ended).status).toBe(0);
    const seen = await house.ask<{ tenant: { name: string } }>('{ tenant { name } }', {}, readFileSync(save, 'utf8'));
    expect(seen.data.tenant.name).toBe('Device hospital');
  }, 60_000);

  it('refuses a passkey whose counter went back: it was copied', async () => {
    const login = writ('login', '--save', join(folder, 'copied.token'));
    const browser = new Browser();
    const signIn = await confirmed(browser, await login.address);
    const challenge = async (): Promise<string> =>
      (JSON.parse((await browser.visit(`${signIn}/passkey/options`, {})).text) as { challenge: string }).challenge;
    const { counter } = passkey;
    passkey.counter = 0;
    const copied = passkey.get(await challenge());
    expect((await browser.visit(signIn, { passkey: JSON.stringify(copied) })).text).toContain('not known here');
    passkey.counter = counter;
    await browser.visit(signIn, { passkey: JSON.stringify(passkey.get(await challenge())) });
    expect((await login.ended).status).toBe(0);
  }, 60_000);

  it('W2: gets nothing by another grant, another client or a code that was never shown', async () => {
    const token = (fields: Record<string, string>): Promise<Response> =>
      fetch(`${api}/oidc/token`, { method: 'POST', body: new URLSearchParams(fields) });
    const device = 'urn:ietf:params:oauth:grant-type:device_code';
    expect((await token({ grant_type: device, client_id: 'writ-cli', device_code: 'x'.repeat(43) })).status).toBe(400);
    expect((await token({ grant_type: device, client_id: 'other', device_code: 'x' })).status).toBe(401);
    expect((await token({ grant_type: 'client_credentials', client_id: 'writ-cli' })).status).toBe(400);
    expect((await fetch(`${api}/oidc/interaction/none`)).status).toBe(400);
  });
});
