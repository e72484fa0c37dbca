// What the gateway adds to streams: time to the first byte and to the end, simulated provider straight and through the whole
// gateway (real Postgres, real Redis, real sockets), at 1, 50 and 500 streams at once.
//   npm run bench:streams [-- <streams at once>…]
import { mkdtempSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessToken, onboard, startStack } from '@writ/local';

const levels = process.argv
  .slice(2)
  .map(Number)
  .filter((level) => level > 0);
const body = (model) =>
  JSON.stringify({
    model,
    stream: true,
    messages: [{ role: 'user', content: 'Tell me about the weather, at some length.' }],
  });
const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });

/** One stream: ms to its first byte of content and to its end. */
function stream(url, key, model) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const from = performance.now();
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const sent = request(`${url}/chat/completions`, { method: 'POST', headers, agent }, (answer) => {
    let first = 0;
    let text = '';
    answer.setEncoding('utf8').on('data', (part) => {
      first ||= performance.now() - from;
      text += part;
    });
    answer.on('error', reject);
    answer.on('end', () =>
      answer.statusCode === 200 && text.includes('[DONE]')
        ? resolve({ first, total: performance.now() - from })
        : reject(new Error(`${answer.statusCode}: ${text.slice(0, 300)}`)),
    );
  });
  sent.on('error', reject);
  sent.end(body(model));
  return promise;
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const ms = (value) => `${value.toFixed(1).padStart(8)}`;

async function measure(url, key, model, atOnce, rounds) {
  const all = [];
  let failed = 0;
  for (let round = 0; round < rounds; round += 1)
    for (const one of await Promise.allSettled(Array.from({ length: atOnce }, () => stream(url, key, model))))
      if (one.status === 'fulfilled') all.push(one.value);
      else {
        failed += 1;
        if (failed === 1) console.error(`  a stream failed: ${one.reason.message}`);
      }
  const firsts = all.map(({ first }) => first).toSorted((a, b) => a - b);
  const totals = all.map(({ total }) => total).toSorted((a, b) => a - b);
  return { failed, first: [at(firsts, 0.5), at(firsts, 0.99)], total: [at(totals, 0.5), at(totals, 0.99)] };
}

const stack = await startStack({ folder: mkdtempSync(join(tmpdir(), 'writ-bench-')), log: () => undefined });
try {
  await onboard(stack, 'bench', () => undefined);
  const token = await accessToken(stack, 'nora', stack.audiences.gateway);
  const straight = `${stack.urls.models}/at/general-us/v1`;
  const through = `${stack.urls.gateway}/v1`;
  console.log('streams at once | p50 and p99 in ms: to the first byte                | to the end');
  console.log(
    '                | straight          through           added      | straight          through           added',
  );
  for (const atOnce of levels.length > 0 ? levels : [1, 50, 500]) {
    const rounds = atOnce === 1 ? 100 : atOnce < 100 ? 10 : 3;
    await measure(through, token, 'fast', Math.min(atOnce, 50), 2);
    const a = await measure(straight, 'sk-x', 'gpt-sim', atOnce, rounds);
    const b = await measure(through, token, 'fast', atOnce, rounds);
    const show = (name) =>
      `${a[name].map(ms).join('')} ${b[name].map(ms).join('')} ${b[name].map((value, i) => ms(value - a[name][i])).join('')}`;
    console.log(
      `${String(atOnce).padStart(15)} | ${show('first')} | ${show('total')}   failed ${a.failed}, ${b.failed}`,
    );
  }
  const cpu = process.cpuUsage();
  console.log(
    `CPU of this process (simulator apart, callers included): ${((cpu.user + cpu.system) / 1e6).toFixed(1)} s`,
  );
} finally {
  agent.destroy();
  await stack.stop();
}
process.exit(0);
