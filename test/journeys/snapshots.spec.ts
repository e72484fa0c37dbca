import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { limits, refuse, type Snapshot } from '@writ/domain';
import { createSnapshots } from '@writ/gateway';
import { createIdentity } from '@writ/identity';
import { createLog, localKms, systemClock, type Clock, type Kms } from '@writ/platform';
import { compile, type PolicyImage } from '@writ/policy';
import { aSnapshot, aTenantContext, hospitalPolicy, must, tenantA } from '../support/builders.js';

const log = createLog('test', 'silent');

async function aWrappedSnapshot(kms: Kms, more: Partial<Snapshot> = {}): Promise<Snapshot> {
  const { hash } = must(compile(hospitalPolicy, 1));
  const wrap = (purpose: string): Promise<string> => kms.wrap(`tenant/${tenantA}/${purpose}`, randomBytes(32));
  const wrappedKeys = { hmac: await wrap('hmac'), content: await wrap('content') };
  return aSnapshot({ policy: { source: hospitalPolicy, version: 1, hash }, wrappedKeys, ...more });
}

const snapshotsOf = (snapshot: Snapshot, kms: Kms, platform?: PolicyImage, clock: Clock = systemClock) =>
  createSnapshots({
    ...(platform === undefined ? {} : { platform }),
    source: {
      current: () => Promise.resolve({ ok: true, value: snapshot }),
      warm: () => Promise.resolve(0),
      ageMs: () => undefined,
      close: () => Promise.resolve(),
    },
    kms,
    clock,
    log,
    originOf: ({ tenant }) => `writ.test/${tenant}`,
  });

describe('a snapshot in the gateway', () => {
  it('is compiled once per version and then taken from memory', async () => {
    const kms = localKms(randomBytes(32));
    const snapshots = snapshotsOf(await aWrappedSnapshot(kms), kms);
    const first = must(await snapshots.current(aTenantContext()));
    expect(must(await snapshots.current(aTenantContext()))).toBe(first);
    expect(first.log.origin).toBe(`writ.test/${tenantA}`);
  });

  it('C7: whose policy does not compile to the hash that was published is refused as policy-invalid', async () => {
    const kms = localKms(randomBytes(32));
    const good = await aWrappedSnapshot(kms);
    for (const policy of [
      { ...good.policy, hash: 'sha256:00' },
      { ...good.policy, source: 'rules: nonsense' },
    ]) {
      const current = await snapshotsOf({ ...good, policy }, kms).current(aTenantContext());
      expect(current).toMatchObject({ ok: false, error: { refusal: { code: 'policy-invalid' } } });
    }
  });

  it("keeps the operators' own policy as a layer that no tenant can remove", async () => {
    const kms = localKms(randomBytes(32));
    const platform = must(compile('apiVersion: policy/v1\nname: platform\nrules: []\n', 1));
    const held = must(await snapshotsOf(await aWrappedSnapshot(kms), kms, platform).current(aTenantContext()));
    expect(held.policy.layers.map(({ name }) => name)).toEqual(['platform', 'tenant']);
  });

  it('F37: is not served without its keys, and is tried again when the key service is back', async () => {
    const kms = localKms(randomBytes(32));
    let isDown = true;
    const flaky: Kms = {
      wrap: (...call) => kms.wrap(...call),
      unwrap: (...call) => (isDown ? Promise.reject(new Error('down')) : kms.unwrap(...call)),
    };
    const snapshots = snapshotsOf(await aWrappedSnapshot(kms), flaky);
    await expect(snapshots.current(aTenantContext())).rejects.toThrow('down');
    isDown = false;
    expect((await snapshots.current(aTenantContext())).ok).toBe(true);
  });

  it('F37: serves for five minutes after its key was taken away, then refuses until the key is back', async () => {
    const kms = localKms(randomBytes(32));
    let isDisabled = false;
    let nowMs = systemClock.nowMs();
    const flaky: Kms = {
      wrap: (...call) => kms.wrap(...call),
      unwrap: (...call) => (isDisabled ? Promise.reject(new Error('disabled')) : kms.unwrap(...call)),
    };
    const clock = { ...systemClock, nowMs: () => nowMs };
    const snapshots = snapshotsOf(await aWrappedSnapshot(kms), flaky, undefined, clock);
    expect((await snapshots.current(aTenantContext())).ok).toBe(true);
    isDisabled = true;
    for (const later of [1, limits.dataKeyMs / 2, limits.dataKeyMs / 2 - 2]) {
      nowMs += later;
      expect((await snapshots.current(aTenantContext())).ok).toBe(true);
    }
    nowMs += 1;
    await expect(snapshots.current(aTenantContext())).rejects.toThrow('disabled');
    isDisabled = false;
    expect((await snapshots.current(aTenantContext())).ok).toBe(true);
  });
});

const down = (): Promise<never> => Promise.reject(new Error('the directory of connections is unavailable'));
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('identity in the gateway', () => {
  it('R6: answers an outage of the directory with identity-unavailable, never with 401', async () => {
    const identity = createIdentity({
      directory: { find: down, findAppKey: down },
      fetchDocument: () => Promise.resolve(undefined),
      clock: systemClock,
    });
    const token = `${part({ alg: 'RS256', typ: 'at+jwt' })}.${part({ iss: 'https://idp.example', aud: 'x', sub: 'nora' })}.c2ln`;
    const identified = await identity.identify({ scheme: 'bearer', token, method: 'POST', url: '/' });
    expect(identified).toMatchObject({ ok: false, error: { code: 'identity-unavailable' } });
  });

  it('answers no credential with credential-missing', async () => {
    const none = { find: () => Promise.resolve([]), findAppKey: () => Promise.resolve(undefined) };
    const identity = createIdentity({
      directory: none,
      fetchDocument: () => Promise.resolve(undefined),
      clock: systemClock,
    });
    const identified = await identity.identify({ scheme: 'none', token: '', method: 'POST', url: '/' });
    expect(identified).toEqual({ ok: false, error: refuse('credential-missing') });
  });
});
