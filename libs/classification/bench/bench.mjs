/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type. */
// npm run bench:classification: speed by size and by pass, hostile inputs, lag of streams, memory of a tenant's bundle.
import { classify, loadTaxonomy, maskStream } from '../dist/index.js';
import { passes } from '../dist/engine.js';
import { cueTable } from '../dist/detect/structured.js';
import { tokenise } from '../dist/text/tokens.js';
import { hostile, mixed } from './corpus.mjs';

const options = { digestKey: new Uint8Array(32), attachments: [], expired: () => false };

function taxonomy(terms) {
  const loaded = loadTaxonomy({ version: 'bench', terms, patterns: [], thresholds: {} });
  if (!loaded.ok) throw new Error(loaded.error.join('; '));
  return loaded.value;
}

const plain = taxonomy([]);

function run(text, bundle = plain) {
  return classify([{ path: '', role: 'user', text, start: 0, end: text.length }], bundle, options);
}

/** Processor time, so that a neighbour on the machine does not count. */
function timed(work, rounds) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const from = process.cpuUsage();
    work(round);
    const { user, system } = process.cpuUsage(from);
    times.push((user + system) / 1000);
  }
  times.sort((a, b) => a - b);
  return {
    p50: times[rounds >> 1],
    p99: times[Math.floor(rounds * 0.99)],
    all: times.reduce((sum, each) => sum + each, 0),
  };
}

function row(name, ...cells) {
  console.log(name.padEnd(22) + cells.map((cell) => String(cell).padStart(14)).join(''));
}

row('whole engine', 'MB/s', 'p50 ms', 'p99 ms');
for (const [size, rounds] of [
  [1_000, 400],
  [10_000, 120],
  [100_000, 20],
]) {
  const texts = Array.from({ length: 20 }, (_, at) => mixed(size, at + 1));
  for (let warm = 0; warm < 10; warm += 1) run(texts[warm]);
  const { p50, p99, all } = timed((round) => run(texts[round % 20]), rounds);
  row(`  ${size / 1000} KB`, ((size * rounds) / 1e3 / all).toFixed(1), p50.toFixed(2), p99.toFixed(2));
}

const ten = Array.from({ length: 20 }, (_, at) => mixed(10_000, at + 1));
row('pass, 10 KB', 'MB/s', 'p50 ms');
const word = timed((round) => cueTable.find(tokenise(ten[round % 20])), 100);
row('  words and cues', (1_000_000 / 1e3 / word.all).toFixed(1), word.p50.toFixed(3));
const scenes = ten.map((text) => {
  const tokens = tokenise(text);
  return { text, tokens, cues: cueTable.find(tokens), outer: [] };
});
for (const pass of passes) {
  const { p50, all } = timed((round) => pass(scenes[round % 20], () => {}), 100);
  row(`  ${pass.name}`, (1_000_000 / 1e3 / all).toFixed(1), p50.toFixed(3));
}

const worst = hostile(100_000)
  .map(([name, text]) => [name, timed(() => run(text), 2).p50])
  .toSorted((a, b) => b[1] - a[1]);
row('hostile 100 KB', 'ms');
for (const [name, ms] of worst.slice(0, 10)) row(`  ${JSON.stringify(name).slice(0, 18)}`, ms.toFixed(0));

const lags = [];
for (const text of ten.slice(0, 4)) {
  const stream = maskStream(plain, 'assistant');
  let held = 0;
  for (let at = 0; at < 4_000; at += 4) {
    const out = stream.push(text.slice(at, at + 4));
    held = out === '' ? held + 4 : 4;
    lags.push(held);
  }
}
lags.sort((a, b) => a - b);
row('stream lag', 'p50 chars', 'p99 chars');
row('  4 at a time', lags[lags.length >> 1], lags[Math.floor(lags.length * 0.99)]);

const terms = Array.from({ length: 100_000 }, (_, at) => ({
  class: 'INTERNAL',
  term: `codename ${at.toString(36)} falcon`,
}));
const before = process.memoryUsage().arrayBuffers;
const from = performance.now();
const bundle = taxonomy(terms);
row('100,000 terms', 'build ms', 'MB');
row('', (performance.now() - from).toFixed(0), ((process.memoryUsage().arrayBuffers - before) / 1e6).toFixed(1));
const { p50 } = timed((round) => run(ten[round % 20], bundle), 40);
row('  10 KB with them', `${p50.toFixed(2)} ms`);
