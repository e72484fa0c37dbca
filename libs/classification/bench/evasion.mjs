/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type. */
// npm run bench:classification -- --evasion: of the golden values of structured types and credentials that are found as they
// stand, the share that is still found once hidden in each of the design's ways; and what views make of plain texts.
import { readFileSync } from 'node:fs';
import { classify, loadTaxonomy } from '../dist/index.js';
import { evasions, leads } from './evasions.mjs';

const options = { digestKey: new Uint8Array(32), attachments: [], expired: () => false };
const taxonomy = loadTaxonomy({ version: 'bench', terms: [], patterns: [], thresholds: {} }).value;
const isVerbose = process.argv.includes('--missed');

function findingsIn(text) {
  return classify([{ path: '', role: 'user', text, start: 0, end: text.length }], taxonomy, options).findings;
}

function golden(name) {
  return readFileSync(new URL(`../golden/${name}.txt`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t').map((cell) => cell.replaceAll('\\n', '\n').replaceAll('\\t', '\t')));
}

/** The text around one bracketed value; undefined for a row with several. */
function caseOf(marked) {
  const [before, value, after, ...more] = marked.split(/[[\]]/);
  return after === undefined || more.length > 0 ? undefined : { before, value, after };
}

/** The class by which the value is found where it stands in `text`, or undefined. */
function classAt({ before, after }, value) {
  const text = before + value + after;
  const [from, to] = [before.length, before.length + value.length];
  return findingsIn(text)
    .filter(({ start, end }) => Math.min(end, to) - Math.max(start, from) >= (to - from) * 0.5)
    .map((found) => found.class);
}

/** Types whose golden cases are elsewhere, because no rule of a country finds them. */
const everywhere = [
  'Write to [maria.lopez@example.org] soon.',
  "mail me: [o'brien+tag@sub.example.co.uk]",
  'my card is [4111 1111 1111 1111] thanks',
  'charge [5555555555554444] please',
  'call me on [+1 415 555 2671] today',
  'my phone: [020 7946 0958]',
  'pay to [DE89 3704 0044 0532 0130 00] now',
  'the host [192.168.14.201] is down',
  'key [AKIAQ3EGVWLZ7JTBN4XM] of the bucket',
  'use [ghp_16C7e42F292c6912E7710c838347Ae178B4a] to push',
  'the token [xoxb-263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1] leaks',
];

const cases = [...golden('identifiers'), ...golden('secrets'), ...everywhere.map((marked) => ['', marked])]
  .map(([, marked]) => caseOf(marked))
  .filter((one) => one !== undefined)
  .map((one) => ({ ...one, classes: classAt(one, one.value) }))
  .filter(({ classes }) => classes.length > 0);

console.log(`${cases.length} golden values that are found as they stand`);
console.log('way of hiding'.padEnd(24) + 'hidden'.padStart(8) + 'found'.padStart(8) + 'share'.padStart(9));
let [hiddenInAll, foundInAll] = [0, 0];
for (const [name, hide] of Object.entries(evasions)) {
  const lead = leads[name] ?? '';
  const hidden = cases
    .map((one) => ({ ...one, before: one.before + lead, hidden: hide(one.value) }))
    .filter((one) => one.hidden !== one.value);
  if (hidden.length === 0) continue;
  const missed = hidden.filter((one) => !classAt(one, one.hidden).some((found) => one.classes.includes(found)));
  const found = hidden.length - missed.length;
  hiddenInAll += hidden.length;
  foundInAll += found;
  const share = `${((100 * found) / hidden.length).toFixed(1)} %`;
  console.log(name.padEnd(24) + String(hidden.length).padStart(8) + String(found).padStart(8) + share.padStart(9));
  if (isVerbose) for (const one of missed) console.log(`    ${JSON.stringify(one.before + one.hidden + one.after)}`);
}
console.log(`in all: ${foundInAll} of ${hiddenInAll}, ${((100 * foundInAll) / hiddenInAll).toFixed(2)} %`);

// A view must never make a finding of what holds none.
const alarms = golden('plain').flatMap(([className, , text]) =>
  findingsIn(text).filter((one) => one.via.length > 0 && (className === 'any' || one.class === className)),
);
console.log(`findings that a view adds to golden plain texts: ${alarms.length}`);
