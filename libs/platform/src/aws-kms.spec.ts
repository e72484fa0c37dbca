import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { awsKms } from './aws-kms.js';
import { type KmsTwin, kmsTwin } from './aws-kms.fixture.js';
import { guardedDispatcher } from './egress.js';
import { kmsContract } from './kms.contract.js';
import { localKms } from './kms.js';
import { openKms } from './open-kms.js';

const keyArn = 'arn:aws:kms:eu-central-1:123456789012:key/0f3a-77';
const credentials = {
  accessKeyId: 'AKIAEXAMPLE',
  secretAccessKey: 'secret/of+the=operator',
  sessionToken: 'ends-soon',
};
const master = Buffer.alloc(32, 7);
let twin: KmsTwin;
let dispatcher: ReturnType<typeof guardedDispatcher>;
beforeAll(async () => {
  twin = await kmsTwin({ keyArn, ...credentials });
  dispatcher = guardedDispatcher({ allowHosts: [new URL(twin.url).host], connectMs: 1_000 });
});
afterAll(async () => {
  await dispatcher.close();
  await twin.close();
});

const kmsWith = (more: Partial<Parameters<typeof awsKms>[0]> = {}): ReturnType<typeof awsKms> =>
  awsKms({ keyArn, endpoint: twin.url, credentials: () => credentials, dispatcher, ...more });
const secret = Buffer.from('a key of 32 bytes, more or less.');

describe('AWS KMS', () => {
  kmsContract(kmsWith, () => localKms(master).wrap('a', secret));

  it('unwraps what it wrapped, in the same context alone, by requests that the service itself checks', async () => {
    const kms = kmsWith();
    const blob = await kms.wrap('tenant/a/hmac', secret);
    expect(blob).toMatch(/^a1\.[A-Za-z0-9_-]+$/);
    expect(Buffer.from(await kms.unwrap('tenant/a/hmac', blob))).toEqual(secret);
    await expect(kms.unwrap('tenant/b/hmac', blob)).rejects.toThrow('InvalidCiphertextException');
    expect(twin.calls).toContain('Decrypt writ=tenant/b/hmac');
  });

  it.each([
    ['another secret', { ...credentials, secretAccessKey: 'wrong' }],
    ['no session token', { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey }],
  ])('is refused with %s', async (_, wrong) => {
    await expect(kmsWith({ credentials: () => wrong }).wrap('a', secret)).rejects.toThrow('InvalidSignatureException');
  });

  it('says why it was refused by the code alone: the words of the service may quote what was sent', async () => {
    const kms = kmsWith();
    const blob = await kms.wrap('a', secret);
    twin.fail('AccessDeniedException');
    await expect(kms.unwrap('a', blob)).rejects.toThrow(/^the key service refused Decrypt: AccessDeniedException$/);
    twin.fail(undefined);
    expect(Buffer.from(await kms.unwrap('a', blob))).toEqual(secret);
  });

  it('is not dialled where the operator did not allow a private address', async () => {
    const strict = guardedDispatcher({ allowHosts: [], connectMs: 1_000 });
    await expect(kmsWith({ dispatcher: strict }).wrap('a', secret)).rejects.toThrow('egress refused');
    await strict.close();
  });

  it('takes no blob of the local key for its own', async () => {
    await expect(kmsWith().unwrap('a', await localKms(master).wrap('a', secret))).rejects.toThrow('not wrapped by AWS');
  });
});

const aws = (): object => ({ driver: 'aws', keyArn, endpoint: twin.url, credentialsFile: 'credentials.json' });

describe('the key service of an app', () => {
  const files = new Map<string, string>();
  const open = (file?: object): ReturnType<typeof openKms> => {
    if (file) files.set('kms.json', JSON.stringify(file));
    files.set('credentials.json', JSON.stringify(credentials));
    return openKms(master, file && 'kms.json', dispatcher, (path) => files.get(path) ?? '');
  };

  it('is the master key unless a file names another, and opens what the master key wrapped before', async () => {
    const old = await open().wrap('a', secret);
    const kms = open(aws());
    expect(Buffer.from(await kms.unwrap('a', old))).toEqual(secret);
    const blob = await kms.wrap('a', secret);
    expect([old.slice(0, 3), blob.slice(0, 3)]).toEqual(['w1.', 'a1.']);
    await expect(open().unwrap('a', blob)).rejects.toThrow();
  });

  it('reads its credentials anew for every call, so that they may be renewed under it', async () => {
    const kms = open(aws());
    files.set('credentials.json', JSON.stringify({ ...credentials, sessionToken: 'ended' }));
    await expect(kms.wrap('a', secret)).rejects.toThrow('InvalidSignatureException');
    files.set('credentials.json', JSON.stringify(credentials));
    expect(await kms.wrap('a', secret)).toMatch(/^a1\./);
  });

  it.each([
    ['an unknown driver', { driver: 'azure' }],
    ['an alias instead of a key', { keyArn: 'alias/writ' }],
    ['a key that nobody knows', { hsm: true }],
  ])('does not start with %s', (_, wrong) => {
    expect(() => open({ ...aws(), ...wrong })).toThrow();
  });
});
