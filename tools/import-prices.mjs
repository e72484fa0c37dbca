// Writes the price book from the package @pydantic/genai-prices, one model a line, so that its diff can be reviewed.
//   npm run prices:import            shows what would change, and changes nothing
//   npm run prices:import -- --write writes apps/tenant-api/prices/book.json
import { readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { findProvider } from '@pydantic/genai-prices';

const file = new URL('../apps/tenant-api/prices/book.json', import.meta.url);
const manifest = new URL('../node_modules/@pydantic/genai-prices/package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
const providers = ['anthropic', 'aws', 'azure', 'cohere', 'google', 'mistral', 'openai'];

/** Dollars a million tokens, as whole micro-units: rounded up, so that no price is ever below the vendor's. */
function micros(dollars) {
  if (typeof dollars !== 'number' || !(dollars >= 0) || dollars > 1e6) throw new Error(`not a price: ${dollars}`);
  return String(Math.ceil(Math.round(dollars * 1e9) / 1e3));
}

const base = (price) => (typeof price === 'object' ? price.base : price);

/** Several tiers become one: from where the first begins, at what the last costs. */
function longContextOf(prices) {
  const tiered = Object.values(prices).filter((price) => typeof price === 'object' && price.tiers?.length > 0);
  if (tiered.length === 0) return undefined;
  const most = (price) =>
    typeof price === 'object' ? Math.max(price.base, ...price.tiers.map((tier) => tier.price)) : price;
  return {
    aboveTokens: Math.min(...tiered.flatMap(({ tiers }) => tiers.map(({ start }) => start))),
    ...ratesOf(prices, most),
  };
}

function ratesOf(prices, pick) {
  return {
    inputMicrosPerMillion: micros(pick(prices.input_mtok ?? 0)),
    outputMicrosPerMillion: micros(pick(prices.output_mtok ?? 0)),
    ...(prices.cache_read_mtok === undefined
      ? {}
      : { cacheReadMicrosPerMillion: micros(pick(prices.cache_read_mtok)) }),
    ...(prices.cache_write_mtok === undefined
      ? {}
      : { cacheWriteMicrosPerMillion: micros(pick(prices.cache_write_mtok)) }),
  };
}

/** Rates by the hour of the day are left out: what holds at every hour is the dearer one. */
function datedPrices(prices) {
  const list = Array.isArray(prices) ? prices : [{ prices }];
  return list
    .filter(({ constraint, prices: rates }) => constraint?.type !== 'time_of_date' && rates.input_mtok !== undefined)
    .map(({ constraint, prices: rates }) => {
      const longContext = longContextOf(rates);
      return {
        ...(constraint?.start_date === undefined ? {} : { validFrom: constraint.start_date }),
        ...ratesOf(rates, base),
        ...(longContext === undefined ? {} : { longContext }),
      };
    })
    .toSorted((a, b) => (a.validFrom ?? '').localeCompare(b.validFrom ?? ''));
}

function bookOf() {
  return Object.fromEntries(
    providers.map((id) => [
      id,
      findProvider({ providerId: id })
        .models.map(({ id: model, match, context_window: contextLength, prices }) => ({
          model,
          match,
          ...(contextLength === undefined ? {} : { contextLength }),
          prices: datedPrices(prices),
        }))
        .filter(({ prices }) => prices.length > 0)
        .toSorted((a, b) => (a.model < b.model ? -1 : 1)),
    ]),
  );
}

function textOf(book) {
  const models = Object.entries(book).map(
    ([id, list]) =>
      `    ${JSON.stringify(id)}: [\n${list.map((one) => `      ${JSON.stringify(one)}`).join(',\n')}\n    ]`,
  );
  const body = `{\n${models.join(',\n')}\n  }`;
  const name = `genai-prices-${version}-${createHash('sha256').update(body).digest('hex').slice(0, 8)}`;
  return `{\n  "version": ${JSON.stringify(name)},\n  "source": "@pydantic/genai-prices ${version} (MIT)",\n  "providers": ${body}\n}\n`;
}

function flat(text) {
  const { providers: book } = JSON.parse(text);
  return new Map(
    Object.entries(book).flatMap(([id, list]) => list.map((one) => [`${id}/${one.model}`, JSON.stringify(one.prices)])),
  );
}

function read() {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause.code === 'ENOENT') return '{"providers":{}}';
    throw cause;
  }
}

const text = textOf(bookOf());
const [before, after] = [flat(read()), flat(text)];
const changes = [...new Set([...before.keys(), ...after.keys()])]
  .toSorted()
  .filter((name) => before.get(name) !== after.get(name))
  .map((name) => `${!before.has(name) ? 'new' : !after.has(name) ? 'gone' : 'changed'}  ${name}`);
console.log([...changes, `${after.size} models, ${changes.length} of them new, gone or changed`].join('\n'));
if (process.argv.includes('--write')) {
  writeFileSync(file, text);
  console.log(`written: ${JSON.parse(text).version}; review its diff before you commit it`);
}
