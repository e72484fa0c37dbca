/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type; what it writes is checked by the tests. */
// Sentences with marked names and places, made from templates and faker's lists; everything from one seed.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { allFakers } from '@faker-js/faker';

const locales = {
  en: [
    'en',
    'en',
    'en_GB',
    'en_IN',
    'en_NG',
    'en_AU',
    'en',
    'en_ZA',
    'es_MX',
    'de',
    'fr',
    'it',
    'pl',
    'sv',
    'nl',
    'pt_BR',
    'tr',
    'id_ID',
    'vi',
    'cs_CZ',
    'hu',
  ],
  de: ['de', 'de', 'de_AT', 'de_CH', 'tr', 'pl'],
  fr: ['fr', 'fr', 'fr_BE', 'fr_CH', 'fr_CA'],
  es: ['es', 'es_MX'],
  it: ['it'],
  nl: ['nl', 'nl_BE'],
  pt: ['pt_PT', 'pt_BR'],
  pl: ['pl'],
  sv: ['sv', 'da', 'nb_NO', 'fi'],
};
const realCities =
  'London|Paris|Berlin|Madrid|Rome|Vienna|Zurich|Geneva|Brussels|Amsterdam|Rotterdam|Copenhagen|Oslo|Stockholm|Helsinki|Warsaw|Prague|Budapest|Athens|Lisbon|Porto|Dublin|Edinburgh|Glasgow|Manchester|Birmingham|Leeds|Liverpool|Bristol|Cardiff|Belfast|New York|New York City|Los Angeles|San Francisco|San Diego|San Jose|Seattle|Portland|Chicago|Boston|Houston|Dallas|Austin|Denver|Phoenix|Atlanta|Miami|Orlando|Philadelphia|Washington|Washington DC|Baltimore|Detroit|Minneapolis|Cleveland|Columbus|Nashville|Memphis|Charlotte|New Orleans|Las Vegas|Salt Lake City|Honolulu|Anchorage|Toronto|Montreal|Vancouver|Ottawa|Calgary|Mexico City|Guadalajara|Bogotá|Lima|Santiago|Buenos Aires|São Paulo|Rio de Janeiro|Tokyo|Osaka|Kyoto|Seoul|Beijing|Shanghai|Hong Kong|Taipei|Singapore|Bangkok|Hanoi|Jakarta|Manila|Kuala Lumpur|Mumbai|Delhi|New Delhi|Bangalore|Chennai|Kolkata|Karachi|Dubai|Abu Dhabi|Riyadh|Istanbul|Ankara|Tel Aviv|Jerusalem|Cairo|Lagos|Nairobi|Cape Town|Johannesburg|Casablanca|Sydney|Melbourne|Brisbane|Perth|Auckland|Wellington|Hamburg|Munich|München|Köln|Cologne|Frankfurt|Stuttgart|Düsseldorf|Leipzig|Dresden|Lyon|Marseille|Toulouse|Nice|Bordeaux|Lille|Barcelona|Valencia|Seville|Sevilla|Milan|Milano|Turin|Torino|Naples|Napoli|Florence|Firenze|Bologna|Venice|Kraków|Gdańsk|Göteborg|Malmö|Bergen|Aarhus|Utrecht|Antwerp|Basel|Bern|Salzburg|Graz|Moscow|Kyiv|Bucharest|Sofia|Belgrade|Zagreb|Springfield|Rochester|Cambridge|Oxford|Brooklyn|Manhattan|California|Texas|Florida|Ohio|Bavaria|Tuscany|Ontario|Quebec|Scotland|Wales|Europe|Asia|Africa'.split(
    '|',
  );
const realOrganisations =
  'Microsoft|Google|Amazon|Apple|Siemens|Deutsche Bank|Bank of America|Wells Fargo|Citibank|Goldman Sachs|JPMorgan Chase|Barclays|HSBC|Santander|Toyota|Volkswagen|BMW|Bosch|Philips|Unilever|Nestlé|Novartis|Roche|Pfizer|Walmart|Target|Costco|IKEA|Walgreens|CVS Pharmacy|United Nations|World Health Organization|European Commission|Red Cross|Harvard University|Stanford University|Lufthansa|Delta Airlines|Ryanair|Verizon|Vodafone|Deutsche Telekom|Orange|Telefónica|Accenture|Deloitte|KPMG|Reuters|Netflix|Spotify|Uber|FedEx|DHL'.split(
    '|',
  );
const months = 'January|February|March|April|May|June|July|August|September|October|November|December'.split('|');
const weekdays = 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday'.split('|');

export function random(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 4294967296) * limit);
  };
}

export function lines(name) {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** `held` chooses the fifth of the names that training never sees. */
export function generator(seed, held) {
  const pick = random(seed);
  const of = (list) => list[pick(list.length)];
  const visible = (text) => held === undefined || (hash(text) % 5 === 0) === held;
  const fakers = Object.values(allFakers);
  for (const faker of fakers) faker.seed(seed);
  const drawn = (draw) => {
    for (let tries = 0; tries < 40; tries += 1) {
      const value = draw();
      if (typeof value === 'string' && visible(value) && /^[\p{L}\p{M}' .-]+$/u.test(value)) return value;
    }
    return 'Miller';
  };
  const person = {
    first: (faker) => drawn(() => faker.person.firstName()),
    last: (faker) => drawn(() => faker.person.lastName()),
  };
  const values = {
    first: (f) => [person.first(f), 'PERSON'],
    last: (f) => [person.last(f), 'PERSON'],
    person: (f) => {
      const middle =
        pick(12) === 0 ? ` ${String.fromCharCode(65 + pick(26))}.` : pick(20) === 0 ? ` ${person.first(f)}` : '';
      const double = pick(25) === 0 ? `-${person.last(f)}` : '';
      return [`${person.first(f)}${middle} ${person.last(f)}${double}`, 'PERSON'];
    },
    lfirst: (f) => [person.first(f).toLowerCase(), 'PERSON'],
    lperson: (f) => [`${person.first(f)} ${person.last(f)}`.toLowerCase(), 'PERSON'],
    initial: () => [String.fromCharCode(65 + pick(26)), 'PERSON'],
    city: (f) => [pick(2) ? of(realCities) : drawn(() => f.location.city()), 'LOCATION'],
    lcity: () => [of(realCities).toLowerCase(), 'LOCATION'],
    country: (f) => [pick(3) ? allFakers.en.location.country() : f.location.country(), 'LOCATION'],
    state: () => [
      pick(2) ? allFakers.en.location.state() : allFakers.en.location.state({ abbreviated: true }),
      'LOCATION',
    ],
    street: (f) => [street(f, person.last(f), pick), 'LOCATION'],
    zip: () => [pick(2) ? String(10000 + pick(89999)) : `${pick(90000) + 10000}`, 'LOCATION'],
    org: (f) => [pick(2) ? of(realOrganisations) : f.company.name(), 'ORGANISATION'],
    hospital: (f) => [hospital(f, person, of(realCities), pick), 'ORGANISATION'],
    title: () => [of(['Mr', 'Mr.', 'Mrs', 'Mrs.', 'Ms.', 'Ms', 'Dr.', 'Dr', 'Prof.', 'Miss']), 'O'],
    date: () => [date(pick, of), 'O'],
    age: () => [String(18 + pick(80)), 'O'],
    number: () => [String(10000 + pick(9_000_000)), 'O'],
    phone: (f) => [f.phone.number(), 'O'],
    email: (f) => [f.internet.email(), 'O'],
    weekday: () => [of(weekdays), 'O'],
    month: () => [of(months), 'O'],
  };
  const fill = (template) => filled(template, values, pick, of);
  return { fill, pick, of };
}

function filled(template, values, pick, of) {
  const [language, body] = [template.slice(0, 2), template.slice(3).replaceAll('\\n', '\n')];
  const faker = allFakers[of(locales[language])];
  let text = '';
  const spans = [];
  let from = 0;
  for (const match of body.matchAll(/\{(\w+)\}/g)) {
    text += body.slice(from, match.index);
    const [value, label] = values[match[1]](faker);
    const last = spans.at(-1);
    const joins =
      last &&
      last.label === label &&
      label === 'PERSON' &&
      / ?\.? ?$/.test(text.slice(last.end)) &&
      text.length - last.end <= 2;
    if (label !== 'O' && joins) last.end = text.length + value.length;
    else if (label !== 'O') spans.push({ start: text.length, end: text.length + value.length, label });
    text += value;
    from = match.index + match[0].length;
  }
  text += body.slice(from);
  return varied({ text, spans }, pick);
}

/** Some people write in capitals. */
function varied(example, pick) {
  if (pick(40) === 0 && example.text.toUpperCase().length === example.text.length)
    return { ...example, text: example.text.toUpperCase() };
  return example;
}

function hash(text) {
  let value = 7;
  for (const sign of text.toLowerCase()) value = (Math.imul(value, 31) + sign.codePointAt(0)) >>> 0;
  return value;
}

function street(faker, last, pick) {
  const style = pick(4);
  if (style === 0) return faker.location.streetAddress();
  const kinds = ['Street', 'Avenue', 'Road', 'Lane', 'Drive', 'St', 'Ave', 'Rd', 'Blvd', 'Court', 'Way', 'Place'];
  return `${1 + pick(9999)} ${last} ${kinds[pick(kinds.length)]}`;
}

function hospital(faker, person, city, pick) {
  const last = person.last(faker);
  return [
    `${last} Memorial Hospital`,
    `St. ${person.first(faker)}'s Hospital`,
    `${city} General Hospital`,
    `${last} Clinic`,
    `Mount ${last} Medical Center`,
    `Universitätsklinikum ${city}`,
    `Hospital ${last}`,
  ][pick(7)];
}

function two(value) {
  return String(value).padStart(2, '0');
}

function date(pick, of) {
  const [year, month, day] = [1930 + pick(95), 1 + pick(12), 1 + pick(28)];
  return [
    `${two(month)}/${two(day)}/${year}`,
    `${year}-${two(month)}-${two(day)}`,
    `${of(months)} ${day}, ${year}`,
    `${day}.${month}.${year}`,
    `${day} ${of(months)} ${year}`,
  ][pick(5)];
}

/** Lines of code and of documents in the installed packages, without those that may name an author. */
export function hardNegatives(root, limit, seed) {
  const files = [];
  const walk = (folder, depth) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth < 4 && entry.name !== '@faker-js' && !entry.name.startsWith('.'))
        walk(path, depth + 1);
      else if (/\.(?:md|js|ts|mjs|json|yml)$/.test(entry.name) && statSync(path).size < 200_000) files.push(path);
    }
  };
  walk(root, 0);
  const pick = random(seed);
  const found = [];
  const named =
    /author|copyright|©|\(c\)|thank|credit|contribut|maintain|created by|written by|\bby \[?[A-Z]|@|sponsor|github\.com\/[\w-]+\)?$/i;
  while (found.length < limit) {
    const text = readFileSync(files[pick(files.length)], 'utf8').split('\n');
    const at = pick(text.length);
    const part = text.slice(at, at + 1 + pick(4)).filter((line) => line.length < 300 && !named.test(line));
    const joined = part.join('\n').trim();
    if (/[A-Z]/.test(joined) && joined.length > 8) found.push({ text: joined, spans: [] });
  }
  return found;
}
