import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { anEndpoint } from '../../support/index.js';
import { openPassage } from './passage.js';

it('F33 a provider that accepts the connection and never speaks TLS is a fault at the connect deadline', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const passage = await openPassage(anEndpoint('silent', { baseUrl: `https://${host}/v1` }), [host]);
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
  await fetch(`${passage.url}/v1/chat/completions`, { method: 'POST', body });
  expect(passage.last.fault).toMatchObject({ class: 'unavailable', detail: 'deadline-connect' });
  await passage.stop();
  for (const socket of sockets) socket.destroy();
  silent.close();
});
