/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type; what it writes is checked by the tests. */
// Trains the tagger of names and places: an averaged perceptron over hashed features. npm run train:ner
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { BUCKETS, FEATURES, featuresOf, isOpen, labels } from '../dist/ner/features.js';
import { packLists } from '../dist/ner/gazetteer.js';
import { tokenise } from '../dist/text/tokens.js';
import { generator, hardNegatives, lines, random } from './generate.mjs';
import { wordLists } from './lists.mjs';
import { capitalised, plainWords } from './plain-words.mjs';

const seed = 20261121;
const size = Number(process.env.EXAMPLES ?? 70_000);
const epochs = Number(process.env.EPOCHS ?? 6);
const templates = [...lines('templates.txt'), ...lines('more-templates.txt')];
const negatives = lines('negatives.txt').map((text) => ({ text: text.replaceAll('\\n', '\n'), spans: [] }));
const packages = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const lists = packLists(wordLists(packages));

function joined(parts, pick) {
  let text = '';
  const spans = [];
  for (const part of parts) {
    if (text !== '') text += pick(2) ? ' ' : '\n';
    for (const span of part.spans)
      spans.push({ ...span, start: span.start + text.length, end: span.end + text.length });
    text += part.text;
  }
  return { text, spans };
}

const words = plainWords(seed + 3, 24_000);

function drawOne(fill, of, pick, code) {
  const kind = pick(20);
  if (kind < 10) return fill(of(templates));
  if (kind < 13) return of(negatives);
  return kind < 16 ? of(words) : capitalised(of(code), pick);
}

function examples(count, from, held, code) {
  const { fill, pick, of } = generator(from, held);
  return Array.from({ length: count }, () => {
    const draw = () => drawOne(fill, of, pick, code);
    return encode(joined(Array.from({ length: 1 + pick(3) }, draw), pick));
  });
}

function encode({ text, spans }) {
  const tokens = tokenise(text);
  const gold = new Uint8Array(tokens.count);
  for (const span of spans) {
    let begun = false;
    for (let index = 0; index < tokens.count; index += 1) {
      if (tokens.start[index] < span.start || tokens.end[index] > span.end) continue;
      gold[index] = labels.indexOf(`${begun ? 'I' : 'B'}-${span.label}`);
      begun = true;
    }
  }
  return { tokens, gold };
}

const count = labels.length;
const weights = new Float32Array(BUCKETS * count);
const totals = new Float64Array(BUCKETS * count);
const touched = new Int32Array(BUCKETS * count);
let clock = 0;

function bump(at, by) {
  totals[at] += (clock - touched[at]) * weights[at];
  touched[at] = clock;
  weights[at] += by;
}

const sights = ['context', 'context', 'word', 'unlisted', 'unlisted', 'all', 'all', 'all', 'all', 'all'];
const features = new Int32Array(FEATURES);
const scores = new Float64Array(count);

function best(table) {
  scores.fill(0);
  for (let feature = 0; feature < FEATURES; feature += 1) {
    const base = features[feature] * count;
    for (let label = 0; label < count; label += 1) scores[label] += table[base + label];
  }
  let top = 0;
  for (let label = 1; label < count; label += 1) if (scores[label] > scores[top]) top = label;
  return top;
}

function tag(tokens, table, sight, learn) {
  const tags = new Uint8Array(tokens.count);
  let [last, beforeLast] = [0, 0];
  for (let index = 0; index < tokens.count; index += 1) {
    let label = 0;
    if (isOpen(tokens, index, last)) {
      featuresOf(tokens, index, last, beforeLast, sight(), features);
      label = best(table);
      if (learn) label = learn(index, label);
    }
    tags[index] = label;
    [beforeLast, last] = [last, label];
  }
  return tags;
}

function spansOf(tags) {
  const spans = [];
  for (let index = 0; index < tags.length; index += 1) {
    const name = labels[tags[index]];
    if (name === 'O') continue;
    const last = spans.at(-1);
    if (last && last.end === index && name === `I-${last.label}`) last.end = index + 1;
    else spans.push({ label: name.slice(2), start: index, end: index + 1 });
  }
  return spans;
}

function keys(spans) {
  return new Set(spans.map((span) => `${span.label}:${span.start}:${span.end}`));
}

function measure(set, table) {
  const tally = {};
  for (const { tokens, gold } of set) {
    const [want, got] = [spansOf(gold), spansOf(tag(tokens, table, () => 'all'))];
    const [wanted, given] = [keys(want), keys(got)];
    for (const key of new Set([...wanted, ...given])) {
      const entry = (tally[key.split(':')[0]] ??= { hit: 0, missed: 0, wrong: 0 });
      if (wanted.has(key) && given.has(key)) entry.hit += 1;
      else if (wanted.has(key)) entry.missed += 1;
      else entry.wrong += 1;
    }
  }
  return Object.fromEntries(
    Object.entries(tally).map(([label, { hit, missed, wrong }]) => [
      label,
      Math.round((2000 * hit) / (2 * hit + missed + wrong)) / 1000,
    ]),
  );
}

const code = hardNegatives(packages, Number(process.env.NEGATIVES ?? 16_000), seed);
const heldCode = code.splice(0, 1_500);
const training = examples(size, seed, false, code);
const held = examples(2_500, seed + 1, true, heldCode);
const shuffle = random(seed + 2);
for (let epoch = 0; epoch < epochs; epoch += 1) {
  for (let at = training.length - 1; at > 0; at -= 1) {
    const other = shuffle(at + 1);
    [training[at], training[other]] = [training[other], training[at]];
  }
  let wrong = 0;
  for (const { tokens, gold } of training) {
    tag(
      tokens,
      weights,
      () => sights[shuffle(10)],
      (index, guess) => {
        clock += 1;
        const truth = gold[index];
        if (guess !== truth) {
          wrong += 1;
          for (let feature = 0; feature < FEATURES; feature += 1) {
            bump(features[feature] * count + truth, 1);
            bump(features[feature] * count + guess, -1);
          }
        }
        return guess;
      },
    );
  }
  console.log(`epoch ${epoch + 1}: ${wrong} wrong`);
}
for (let at = 0; at < weights.length; at += 1) totals[at] = (totals[at] + (clock - touched[at]) * weights[at]) / clock;

let largest = 0;
for (const value of totals) largest = Math.max(largest, Math.abs(value));
const scale = Math.min(16, 127 / largest) || 1;
const packed = Int8Array.from(totals, (value) => Math.max(-127, Math.min(127, Math.round(value * scale))));
const f1 = measure(held, packed);
const alarms = heldCode.filter((each) =>
  tag(tokenise(each.text), packed, () => 'all').some((label) => label > 0),
).length;
const digest = createHash('sha256')
  .update(JSON.stringify([templates, negatives]))
  .digest('hex');
writeFileSync(new URL('../model/names.bin', import.meta.url), packed);
writeFileSync(new URL('../model/lists.bin', import.meta.url), lists);
const manifest = {
  seed,
  examples: size,
  epochs,
  buckets: BUCKETS,
  labels,
  scale: Math.round(scale * 1000) / 1000,
  dataSha256: digest,
  listsSha256: createHash('sha256').update(lists).digest('hex'),
  weightsSha256: createHash('sha256').update(packed).digest('hex'),
  heldOut: { f1, codeLinesWithAnyName: Math.round((1000 * alarms) / heldCode.length) / 1000 },
};
const text = await format(JSON.stringify(manifest), { parser: 'json', printWidth: 120 });
writeFileSync(new URL('../model/names.json', import.meta.url), text);
console.log(manifest.heldOut, `scale ${manifest.scale}`);
