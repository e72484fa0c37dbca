import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { guardedDispatcher } from './egress.js';
import { kmsContract } from './kms.contract.js';
import { localKms } from './kms.js';
import { openKms } from './open-kms.js';
import { type VaultTwin, vaultTwin } from './vault-kms.fixture.js';
import { vaultKms } from './vault-kms.js';

const token = 'hvs.of-the-operator';
const master = Buffer.alloc(32, 7);
const secret = Buffer.from('a key of 32 bytes, more or less.');
let twin: VaultTwin;
let dispatcher: ReturnType<typeof guardedDispatcher>;
beforeAll(async () => {
  twin = await vaultTwin({ token, key: 'writ', namespace: 'hospital/eu' });
  dispatcher = guardedDispatcher({ allowHosts: [new URL(twin.url).host], connectMs: 1_000 });
});
afterAll(async () => {
  await dispatcher.close();
  await twin.close();
});

const kmsWith = (more: Partial<Parameters<typeof vaultKms>[0]> = {}): ReturnType<typeof vaultKms> =>
  vaultKms({
    address: twin.url,
    mount: 'transit',
    key: 'writ',
    namespace: 'hospital/eu',
    token: () => token,
    dispatcher,
    ...more,
  });

describe('a transit engine', () => {
  kmsContract(kmsWith, () => localKms(master).wrap('a', secret));

  it('hears for which tenant and purpose a key is opened', async () => {
    const kms = kmsWith();
    await kms.unwrap('tenant/a/hmac', await kms.wrap('tenant/a/hmac', secret));
    expect(twin.calls.slice(-2)).toEqual(['encrypt writ:tenant/a/hmac', 'decrypt writ:tenant/a/hmac']);
  });

  it('refuses a blob in another context even where the server does not', async () => {
    const kms = kmsWith();
    twin.ignoreAssociatedData(true);
    const blob = await kms.wrap('tenant/a/hmac', secret);
    expect(Buffer.from(await kms.unwrap('tenant/a/hmac', blob))).toEqual(secret);
    await expect(kms.unwrap('tenant/b/hmac', blob)).rejects.toThrow('a text of another context');
    twin.ignoreAssociatedData(false);
  });

  it('opens after a rotation what older versions made, until the server says no', async () => {
    const kms = kmsWith();
    const old = await kms.wrap('a', secret);
    twin.rotate();
    const next = await kms.wrap('a', secret);
    expect(Buffer.from(await kms.unwrap('a', old))).toEqual(secret);
    twin.retireBefore(2);
    await expect(kms.unwrap('a', old)).rejects.toThrow('the key service refused decrypt: HTTP 400');
    expect(Buffer.from(await kms.unwrap('a', next))).toEqual(secret);
    twin.retireBefore(1);
  });

  it.each([
    ['another token', { token: () => 'hvs.wrong' }],
    ['no namespace', { namespace: undefined }],
  ])('is refused with %s', async (_, wrong) => {
    await expect(kmsWith(wrong).wrap('a', secret)).rejects.toThrow('the key service refused encrypt: HTTP 403');
  });

  it('opens nothing while it is sealed or away, and says so without the words of the server', async () => {
    const kms = kmsWith();
    const blob = await kms.wrap('a', secret);
    twin.fail(503);
    await expect(kms.unwrap('a', blob)).rejects.toThrow(/^the key service refused decrypt: HTTP 503$/);
    await expect(kms.wrap('a', secret)).rejects.toThrow(/^the key service refused encrypt: HTTP 503$/);
    twin.fail(undefined);
    expect(Buffer.from(await kms.unwrap('a', blob))).toEqual(secret);
    const gone = await vaultTwin({ token, key: 'writ' });
    await gone.close();
    const allowed = guardedDispatcher({ allowHosts: [new URL(gone.url).host], connectMs: 1_000 });
    await expect(kmsWith({ address: gone.url, dispatcher: allowed }).unwrap('a', blob)).rejects.toThrow();
    await allowed.close();
  });

  it('is not dialled where the operator did not allow a private address', async () => {
    const strict = guardedDispatcher({ allowHosts: [], connectMs: 1_000 });
    await expect(kmsWith({ dispatcher: strict }).wrap('a', secret)).rejects.toThrow('egress refused');
    await strict.close();
  });
});

const vault = (): object => ({
  driver: 'vault',
  address: twin.url,
  key: 'writ',
  namespace: 'hospital/eu',
  tokenFile: 'token',
});

describe('an app with a transit engine', () => {
  const files = new Map<string, string>();
  const open = (file: object): ReturnType<typeof openKms> => {
    files.set('kms.json', JSON.stringify(file));
    files.set('token', `${token}\n`);
    return openKms(master, 'kms.json', dispatcher, (path) => files.get(path) ?? '');
  };

  it('opens what the master key wrapped before, and reads a token that was renewed', async () => {
    const kms = open(vault());
    const old = await localKms(master).wrap('a', secret);
    expect(Buffer.from(await kms.unwrap('a', old))).toEqual(secret);
    files.set('token', 'hvs.ended');
    await expect(kms.wrap('a', secret)).rejects.toThrow('HTTP 403');
    files.set('token', token);
    expect(await kms.wrap('a', secret)).toMatch(/^v1\./);
  });

  it.each([
    ['a key that leaves its path', { key: '../sys/seal' }],
    ['a mount that leaves its path', { mount: 'transit/../sys' }],
    ['an address that is none', { address: 'vault.internal' }],
    ['a key that nobody knows', { roleId: 'x' }],
    ['a token in the file itself', { token }],
  ])('does not start with %s', (_, wrong) => {
    expect(() => open({ ...vault(), ...wrong })).toThrow();
  });
});
