/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type. */
// Which words are first names, surnames, places and ordinary words, out of faker's lists, Intl's regions and zones, and ours.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { allFakers } from '@faker-js/faker';
import { COMMON, FIRST_NAME, LAST_NAME, PLACE } from '../dist/ner/gazetteer.js';
import { hashOf } from '../dist/text/tokens.js';
import { lines } from './generate.mjs';

const latin = /^[\p{Script=Latin}\p{M}]+$/u;

function textsOf(value) {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (value && typeof value === 'object')
    return 'value' in value ? textsOf(value.value) : Object.values(value).flatMap(textsOf);
  return [];
}

function wordsOf(texts) {
  return texts.flatMap((text) => text.split(/[^\p{L}\p{M}]+/u)).filter((word) => word.length > 1 && latin.test(word));
}

const small = new Set(
  'de la le du di da do dos das del della van von der den el al los las san santa saint st and the of y e i am im in an auf bei sur les les port new bad old west east north south great upper lower fort mount lake city town island islands republic democratic federation kingdom united states arab emirates territory territories'.split(
    ' ',
  ),
);

/** Small-letter words of the packages' documents by how often they stand there. */
function ordinary(root) {
  const counts = new Map();
  let files = 0;
  const walk = (folder, depth) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth < 3 && entry.name !== '@faker-js' && !entry.name.startsWith('.'))
        walk(path, depth + 1);
      else if (/\.md$/i.test(entry.name) && files < 1_500 && statSync(path).size < 300_000) {
        files += 1;
        for (const [word] of readFileSync(path, 'utf8').matchAll(
          /(?<![\p{L}\d_'@./-])\p{Ll}{3,20}(?![\p{L}\d_@(/-])/gu,
        ))
          counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    }
  };
  walk(root, 0);
  return counts;
}

/** Every listed word's hash with its lists. */
export function wordLists(root) {
  const table = new Map();
  const add = (words, list) => {
    for (const word of words) {
      const lower = word.toLowerCase();
      if (small.has(lower)) continue;
      const hash = hashOf(lower);
      table.set(hash, (table.get(hash) ?? 0) | list);
    }
  };
  for (const faker of Object.values(allFakers)) {
    const { person, location } = faker.rawDefinitions;
    add(wordsOf(textsOf(person?.first_name)), FIRST_NAME);
    add(wordsOf(textsOf(person?.last_name)), LAST_NAME);
    add(wordsOf(textsOf([location?.city_name, location?.state])), PLACE);
  }
  const kinds = { first: FIRST_NAME, last: LAST_NAME, place: PLACE };
  for (const line of lines('people.txt')) {
    const [kind, ...words] = line.split(' ');
    add(words, kinds[kind]);
  }
  for (const language of ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'pl', 'sv', 'da']) {
    const names = new Intl.DisplayNames(language, { type: 'region', fallback: 'none' });
    for (let one = 65; one <= 90; one += 1)
      for (let two = 65; two <= 90; two += 1) add(wordsOf([names.of(String.fromCharCode(one, two)) ?? '']), PLACE);
  }
  for (const zone of Intl.supportedValuesOf('timeZone')) add(wordsOf([zone.split('/').at(-1)]), PLACE);
  const plain = [];
  for (const faker of Object.values(allFakers)) {
    const { word, food, commerce, science } = faker.rawDefinitions;
    plain.push(...wordsOf(textsOf([word, food, commerce, science?.chemical_element?.map(({ name }) => name)])));
  }
  for (const line of [...lines('negatives.txt'), ...lines('plain.txt')])
    plain.push(...(line.replaceAll('\\n', ' ').match(/(?<!\p{L})\p{Ll}{3,}(?!\p{L})/gu) ?? []));
  add(
    plain.filter((word) => word.length > 2 && !/\p{Lu}/u.test(word)),
    COMMON,
  );
  add(
    [...ordinary(root)].filter(([, count]) => count >= 3).map(([word]) => word),
    COMMON,
  );
  return table;
}
