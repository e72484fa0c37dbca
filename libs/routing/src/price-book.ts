import type { EndpointId, Price, Provider } from '@writ/domain';

/** How a vendor's model names are recognised; one of the members is there. */
export interface ModelMatch {
  readonly equals?: string;
  readonly starts_with?: string;
  readonly ends_with?: string;
  readonly contains?: string;
  readonly regex?: string;
  readonly or?: readonly ModelMatch[];
  readonly and?: readonly ModelMatch[];
}

type BookRates = Pick<
  Price,
  'inputMicrosPerMillion' | 'outputMicrosPerMillion' | 'cacheReadMicrosPerMillion' | 'cacheWriteMicrosPerMillion'
>;

/** The reviewed file of what vendors ask for, as `npm run prices:import` writes it. */
export interface PriceBook {
  readonly version: string;
  readonly source: string;
  readonly providers: Readonly<
    Record<
      string,
      readonly {
        readonly model: string;
        readonly match: ModelMatch;
        readonly contextLength?: number;
        readonly prices: readonly (BookRates & {
          /** A day in UTC, from its begin. */
          readonly validFrom?: string;
          readonly longContext?: NonNullable<Price['longContext']>;
        })[];
      }[]
    >
  >;
}

/** Whose prices an endpoint's are. Who runs models alone sets prices alone. */
const vendors: Readonly<Record<Provider, readonly string[]>> = {
  openai: ['openai'],
  'azure.openai': ['azure', 'openai'],
  anthropic: ['anthropic'],
  'aws.bedrock': ['aws'],
  'google.vertex': ['google', 'anthropic'],
  'google.gemini': ['google'],
  cohere: ['cohere'],
  mistral: ['mistral'],
  ollama: [],
  vllm: [],
  'openai-compatible': [],
};

/**
 * The prices that hold for a model at an endpoint, of the tenant and of the book. The tenant's own come first; the book
 * fills the time before the first of them, and tells how much the model holds where the tenant's row does not.
 */
export function pricesAt(
  { id, provider }: { readonly id: EndpointId; readonly provider: Provider },
  model: string,
  own: readonly Price[],
  book: PriceBook,
): readonly Price[] {
  const ofModel = own.filter((price) => price.model === model);
  const ofEndpoint = ofModel.filter((price) => price.endpoint === id);
  const tenants = ofEndpoint.length > 0 ? ofEndpoint : ofModel.filter((price) => price.endpoint === undefined);
  const found = entryOf(provider, model, book);
  const holds = found?.contextLength === undefined ? {} : { contextLength: found.contextLength };
  const here = tenants.map((price) => ({ ...holds, ...price, endpoint: id }));
  if (!found || tenants.some(({ validFrom = 0 }) => validFrom <= 0)) return here;
  const listed = found.prices.map(({ validFrom, ...rates }) => ({
    endpoint: id,
    model,
    ...rates,
    ...holds,
    ...(validFrom === undefined ? {} : { validFrom: Date.parse(`${validFrom}T00:00:00Z`) }),
    version: book.version,
  }));
  const first = Math.min(...tenants.map(({ validFrom = 0 }) => validFrom));
  // From then on the tenant's own price holds, whatever the book announces for later.
  return [...listed.filter(({ validFrom = 0 }) => validFrom < first), ...here];
}

function entryOf(provider: Provider, model: string, { providers }: PriceBook) {
  for (const vendor of vendors[provider]) {
    const list = providers[vendor] ?? [];
    const found = list.find((entry) => entry.model === model) ?? list.find(({ match }) => matches(model, match));
    if (found) return found;
  }
  return undefined;
}

function matches(model: string, match: ModelMatch): boolean {
  if (match.or) return match.or.some((one) => matches(model, one));
  if (match.and) return match.and.every((one) => matches(model, one));
  const { equals, starts_with: start, ends_with: end, contains, regex } = match;
  if (equals !== undefined) return model === equals;
  if (start !== undefined) return model.startsWith(start);
  if (end !== undefined) return model.endsWith(end);
  if (contains !== undefined) return model.includes(contains);
  // The book's expressions are reviewed with it, and a model's name is short.
  return regex !== undefined && new RegExp(regex).test(model);
}
