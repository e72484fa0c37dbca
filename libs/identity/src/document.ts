import { limits } from '@writ/domain';
import { request, type Dispatcher } from 'undici';
import { decodeUtf8 } from './token.js';

export interface DocumentRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Fetches a small text from an identity provider. Undefined when there is none to be had, for whatever reason. */
export type FetchDocument = (url: string, how?: DocumentRequest) => Promise<string | undefined>;

const wholeExchangeMs = 5_000;

/**
 * Through the egress guard's dispatcher: no redirects, no content coding (so no bomb), 512 KB and five seconds at most for
 * the whole exchange.
 */
export function documentFetcher(dispatcher: Dispatcher, timeoutMs = wholeExchangeMs): FetchDocument {
  return async (url, how = { method: 'GET' }) => {
    try {
      const response = await request(url, {
        dispatcher,
        method: how.method,
        headers: { accept: 'application/json', 'accept-encoding': 'identity', ...how.headers },
        ...(how.body === undefined ? {} : { body: how.body }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      // What is cut off below ends as an error event, and one that nobody hears would end the process.
      response.body.on('error', () => undefined);
      const coding = response.headers['content-encoding'] ?? 'identity';
      if (response.statusCode !== 200 || coding !== 'identity') {
        response.body.destroy();
        return undefined;
      }
      return await readBounded(response.body);
    } catch {
      // Unreachable, cut, late, refused by the egress guard: each is an outage to the caller, and never an answer.
      return undefined;
    }
  };
}

async function readBounded(body: Dispatcher.ResponseData['body']): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > limits.jwksBytes) return undefined;
    chunks.push(chunk);
  }
  return decodeUtf8(Buffer.concat(chunks));
}
