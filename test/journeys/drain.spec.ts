import { expect, it } from '@jest/globals';
import { request, type IncomingMessage } from 'node:http';
import { tenantA } from '../support/builders.js';
import { House } from '../support/house.js';
import { brokenChains, closings } from '../support/invariants.js';
import { goodHeaders, openDoorOf } from './open-door.js';

const streams = 500;

it('F40: a gateway told to end during 500 streams finishes every one of them, and leaves no broken record', async () => {
  const gate = Promise.withResolvers<void>();
  const house = new House({ realTime: true, script: () => ({ pieces: ['Hello ', 'there ', 'caller.'] }) });
  const { providers } = house.ports;
  Object.assign(house.ports, {
    providers: {
      // Each answer begins, and goes on only when the gateway was told to end.
      call: async (...call: Parameters<typeof providers.call>) => {
        const called = await providers.call(...call);
        if (!called.ok) return called;
        const { events } = called.value;
        async function* held(): AsyncGenerator {
          let at = 0;
          for await (const event of events) {
            if ((at += 1) === 3) await gate.promise;
            yield event;
          }
        }
        return { ok: true, value: { ...called.value, events: held() } };
      },
    },
  });
  const door = await openDoorOf(house);
  const body = JSON.stringify({ model: 'fast', stream: true, messages: [{ role: 'user', content: 'Hello' }] });
  const begun: Promise<IncomingMessage>[] = [];
  for (let at = 0; at < streams; at += 1)
    begun.push(
      new Promise((resolve, reject) => {
        const sent = request(
          { host: '127.0.0.1', port: door.port, path: '/v1/chat/completions', method: 'POST', headers: goodHeaders },
          resolve,
        );
        sent.on('error', reject);
        sent.end(body);
      }),
    );
  const answers = await Promise.all(begun);
  const closed = door.close();
  gate.resolve();
  const texts = await Promise.all(
    answers.map(async (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('error', () => undefined);
      await new Promise((resolve) => answer.once('close', resolve));
      return { text, whole: answer.complete };
    }),
  );
  await closed;
  expect(texts.filter(({ text, whole }) => !whole || !text.includes('[end]'))).toEqual([]);
  const leaves = house.store.leaves.get(tenantA) ?? [];
  expect(brokenChains(leaves, house.publicKey)).toEqual([]);
  const counts = Array.from(closings(leaves, Date.now()).values());
  expect([counts.length, counts.filter((count) => count !== 1)]).toEqual([streams, []]);
  await expect(door.send('/v1/chat/completions', { body })).rejects.toThrow();
}, 60_000);
