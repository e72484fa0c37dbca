import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type S3Bucket, type S3Settings, s3Bucket } from '@writ/s3';
import { type SimulatedObjectStore, startObjectStore } from '@writ/simulator';
import { must } from '../support/index.js';
import { objectStoreContract } from './object-store.contract.js';

const settingsOf = (store: SimulatedObjectStore): S3Settings => ({
  endpoint: store.url,
  region: 'eu-central-1',
  bucket: 'evidence',
  accessKeyId: store.accessKeyId,
  secretAccessKey: store.secretAccessKey,
  allowHosts: [new URL(store.url).host],
});

objectStoreContract('on S3 over HTTP', async () => {
  let laterMs = 0;
  const nowMs = (): number => Date.now() + laterMs;
  const simulated = await startObjectStore({ nowMs });
  const bucket = must(s3Bucket(settingsOf(simulated)));
  return {
    store: bucket,
    nowMs,
    passTime: (untilMs) => void (laterMs += Math.max(0, untilMs - nowMs())),
    close: async () => {
      await bucket.close();
      await simulated.stop();
    },
  };
});

describe('the S3 adapter', () => {
  let simulated: SimulatedObjectStore;
  const opened: S3Bucket[] = [];
  const open = (change: Partial<S3Settings> = {}): S3Bucket => {
    const bucket = must(s3Bucket({ ...settingsOf(simulated), ...change }));
    opened.push(bucket);
    return bucket;
  };
  beforeAll(async () => {
    simulated = await startObjectStore();
  });
  afterAll(async () => {
    await Promise.all(opened.map((each) => each.close()));
    await simulated.stop();
  });

  it('is denied with a wrong secret or an unknown key, and says so without either', async () => {
    const wrong = await open({ secretAccessKey: 'guessed-secret' }).put('one', Buffer.from('x'));
    expect(wrong).toMatchObject({ ok: false, error: { kind: 'denied' } });
    expect(JSON.stringify(wrong)).toContain('SignatureDoesNotMatch');
    expect(JSON.stringify(wrong)).not.toContain('guessed');
    const unknown = await open({ accessKeyId: 'AKIAOTHER' }).list('');
    expect(unknown).toMatchObject({ ok: false, error: { kind: 'denied' } });
  });

  it('tells an answer that may change from one that will not', async () => {
    simulated.failNext(503);
    expect(await open().list('')).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
    expect(await open({ bucket: 'elsewhere' }).list('')).toMatchObject({ ok: false, error: { kind: 'refused' } });
    const closed = open();
    const dead = await startObjectStore();
    await dead.stop();
    const gone = open({ endpoint: dead.url, allowHosts: [new URL(dead.url).host] });
    expect(await gone.list('')).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
    expect(await closed.list('')).toMatchObject({ ok: true });
  });

  it('dials no private address that the operator has not allowed, and takes no redirect', async () => {
    expect(s3Bucket({ ...settingsOf(simulated), allowHosts: [] })).toMatchObject({ ok: false });
    expect(s3Bucket({ ...settingsOf(simulated), bucket: '../other' })).toMatchObject({ ok: false });
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(307, { location: `${simulated.url}/evidence/one` }).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const turned = open({ endpoint: `http://${host}`, allowHosts: [host, new URL(simulated.url).host] });
    expect(await turned.get('one', 100)).toMatchObject({ ok: false, error: { kind: 'refused' } });
    expect(asked).toHaveLength(1);
    server.closeAllConnections();
    server.close();
  });
});
