import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { checkUrl, guardedDispatcher, isPublicAddress } from './egress.js';

describe('the egress guard', () => {
  const refused = [
    'http://127.0.0.1',
    'https://127.0.0.1',
    'https://[::1]',
    'https://0.0.0.0',
    'https://2130706433',
    'https://0x7f.1',
    'https://localhost',
    'https://169.254.169.254',
    'https://[fd00:ec2::254]',
    'https://metadata.google.internal',
    'https://[::ffff:10.0.0.1]',
    'https://[64:ff9b::a00:1]',
    'https://api.openai.com@evil.example',
    'https://xn--pple-43d.com',
    'https://10.1.2.3',
    'ftp://example.com',
    'http://example.com',
    'not a url',
  ];
  it.each(refused)('S1 refuses %s when it is written', (url) => {
    expect(checkUrl(url, []).ok).toBe(false);
  });

  it('S4 allows nothing private when the list is empty, and only the exact host and port when it is not', () => {
    expect(checkUrl('http://127.0.0.1:4000', ['127.0.0.1:4000']).ok).toBe(true);
    expect(checkUrl('http://127.0.0.1:4001', ['127.0.0.1:4000']).ok).toBe(false);
    expect(checkUrl('https://api.openai.com/v1', []).ok).toBe(true);
  });

  it('knows that documentation, shared and mapped ranges are not public', () => {
    expect(['8.8.8.8', '2606:4700::1111'].every(isPublicAddress)).toBe(true);
    expect(['192.0.2.1', '100.64.0.1', '::ffff:8.8.8.8', 'example.com'].some(isPublicAddress)).toBe(false);
  });

  it('S2 refuses to connect where a name resolves to a private address, and dials an allowed host', async () => {
    const server = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const port = (server.address() as AddressInfo).port;
    const open = guardedDispatcher({ allowHosts: [`127.0.0.1:${port}`], connectMs: 1_000 });
    const closed = guardedDispatcher({ allowHosts: [], connectMs: 1_000 });
    const answer = await request(`http://127.0.0.1:${port}/`, { dispatcher: open });
    expect(await answer.body.text()).toBe('here');
    await expect(request(`http://127.0.0.1:${port}/`, { dispatcher: closed })).rejects.toThrow(/egress refused/);
    await Promise.all([open.close(), closed.close()]);
    await new Promise((resolve) => server.close(resolve));
  });
});
