/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type. */
// npm run bench:classification: speed by size and by pass, hostile inputs, lag of streams, memory of a tenant's bundle.
// With --evasion: what is still found of hidden values, and nothing else; --missed lists each that is not.
import { classify, loadTaxonomy, maskStream } from '../dist/index.js';
import { compose } from '../dist/composite.js';
import { passes, resolveAll, scan, sceneOf } from '../dist/engine.js';
import { soundsClinical } from '../dist/detect/clinical.js';
import { cueTable } from '../dist/detect/structured.js';
import { findInjections } from '../dist/injection/find-injections.js';
import { located } from '../dist/located.js';
import { bundleOf } from '../dist/taxonomy/taxonomy.js';
import { tokenise, Tokens } from '../dist/text/tokens.js';
import { viewsOf } from '../dist/views/find-through-views.js';
import { hostile, mixed } from './corpus.mjs';

if (process.argv.includes('--evasion')) {
  await import('./evasion.mjs');
  process.exit(0);
}

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

/**
 * Processor time, so that a neighbour on the machine does not count: of all threads, the compiler's and the collector's
 * among them, and of this thread alone, which is what a caller waits for.
 */
function timed(work, rounds) {
  const times = [];
  const own = [];
  for (let round = 0; round < rounds; round += 1) {
    const from = process.cpuUsage();
    const ownFrom = process.threadCpuUsage();
    work(round);
    times.push(sinceMs(process.cpuUsage(from)));
    own.push(sinceMs(process.threadCpuUsage(ownFrom)));
  }
  times.sort((a, b) => a - b);
  own.sort((a, b) => a - b);
  return {
    p50: times[rounds >> 1],
    p99: times[Math.floor(rounds * 0.99)],
    own99: own[Math.floor(rounds * 0.99)],
    all: times.reduce((sum, each) => sum + each, 0),
  };
}

function sinceMs({ user, system }) {
  return (user + system) / 1000;
}

function row(name, ...cells) {
  console.log(name.padEnd(22) + cells.map((cell) => String(cell).padStart(14)).join(''));
}

row('whole engine', 'MB/s', 'p50 ms', 'p99 ms', 'own p99 ms');
for (const [size, rounds] of [
  [1_000, 400],
  [10_000, 120],
  [100_000, 20],
]) {
  const texts = Array.from({ length: 20 }, (_, at) => mixed(size, at + 1));
  for (let warm = 0; warm < 10; warm += 1) run(texts[warm]);
  const { p50, p99, own99, all } = timed((round) => run(texts[round % 20]), rounds);
  const speed = ((size * rounds) / 1e3 / all).toFixed(1);
  row(`  ${size / 1000} KB`, speed, p50.toFixed(2), p99.toFixed(2), own99.toFixed(2));
}

// What a gateway asks most: a short prompt, a short answer and a stream of a word at a time, in a process that is warm.
const short = Array.from({ length: 200 }, (_, at) => mixed(1_000, at + 100));
const answers = short.map((text) => text.slice(0, 200));
row('warm', 'p50 ms', 'p99 ms', 'own p99 ms');
for (const [name, texts] of [
  ['1 KB', short],
  ['200 characters', answers],
]) {
  timed((round) => run(texts[round % 200]), 2_000);
  const { p50, p99, own99 } = timed((round) => run(texts[round % 200]), 1_000);
  row(`  ${String(name)}`, p50.toFixed(3), p99.toFixed(3), own99.toFixed(3));
}

// Every step of one scan, mean processor time: their sum explains the whole.
const ten = Array.from({ length: 20 }, (_, at) => mixed(10_000, at + 1));
const leaf = { path: '', role: 'user', text: '', start: 0, end: 0 };
const scenes = ten.map((text) => sceneOf(tokenise(text), []));
const room = new Tokens();
const scans = ten.map((text) => scan(text, { role: 'user', bundle: bundleOf(plain), expired: () => false }));
const steps = [
  ['words, grams', (at) => room.read(ten[at])],
  ['cues', (at) => cueTable.find(scenes[at].tokens)],
  ...passes.map((pass) => [pass.name, (at) => pass(scenes[at], () => {})]),
  ['findInjections', (at) => findInjections(scenes[at], 'user', () => {})],
  ['soundsClinical', (at) => soundsClinical(scenes[at])],
  ['views, made', (at) => viewsOf(scenes[at], 100_000)],
  ['views, read', (at) => readViews(at)],
  ['resolveAll', (at) => resolveAll(scans[at].candidates)],
  ['digests', (at) => scans[at].candidates.map((each) => located(each, options.digestKey))],
  ['compose', (at) => compose([{ leaf, found: scans[at].candidates, clinicalWords: 1 }])],
];

/** The views' texts read by every pass, as the engine does. */
function readViews(at) {
  for (const view of viewsOf(scenes[at], 100_000).views) {
    const scene = sceneOf(room.read(view.text), []);
    for (const pass of passes) pass(scene, () => {});
    findInjections(scene, 'user', () => {});
  }
}

const ROUNDS = 200;
row('step, 10 KB', 'mean ms');
let sum = 0;
for (const [name, work] of steps) {
  timed((round) => work(round % 20), ROUNDS / 2);
  const mean = timed((round) => work(round % 20), ROUNDS).all / ROUNDS;
  sum += mean;
  row(`  ${String(name)}`, mean.toFixed(3));
}
row('  sum of all', sum.toFixed(3));
row('  whole engine', (timed((round) => run(ten[round % 20]), ROUNDS).all / ROUNDS).toFixed(3));

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
