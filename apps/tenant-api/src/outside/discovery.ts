import { type Result, err, ok } from '@writ/domain';
import type { Dispatcher } from 'undici';
import { request } from 'undici';
import { z } from 'zod';
import type { Discovery, DiscoveryPort } from '../ports.js';

const documentBytes = 64 * 1024;

const configuration = z.object({
  issuer: z.string(),
  jwks_uri: z.string(),
  id_token_signing_alg_values_supported: z.array(z.string()).optional(),
  introspection_endpoint: z.string().optional(),
});

/**
 * OpenID Connect Discovery 1.0. The document's `issuer` must equal what was asked for (section 4.3). A refusal tells what
 * kind of answer came, never what stood in it.
 */
export function oidcDiscovery(dispatcher: Dispatcher): DiscoveryPort {
  return {
    async discover(issuer) {
      const text = await fetched(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, dispatcher);
      if (!text.ok) return text;
      const parsed = configuration.safeParse(json(text.value));
      if (!parsed.success) return err('The issuer answered with something that is not a discovery document.');
      if (parsed.data.issuer !== issuer)
        return err('The discovery document names another issuer; write the issuer exactly as its tokens do.');
      return ok(discoveryOf(parsed.data));
    },
  };
}

function discoveryOf(document: z.output<typeof configuration>): Discovery {
  return {
    issuer: document.issuer,
    jwksUri: document.jwks_uri,
    algorithms: document.id_token_signing_alg_values_supported ?? ['RS256'],
    ...(document.introspection_endpoint !== undefined && { introspectionUri: document.introspection_endpoint }),
  };
}

async function fetched(url: string, dispatcher: Dispatcher): Promise<Result<string, string>> {
  try {
    const answer = await request(url, {
      dispatcher,
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(5_000),
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      return err(`The issuer answered ${answer.statusCode} instead of its discovery document.`);
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > documentBytes) return err('The discovery document is larger than 64 KiB.');
      chunks.push(chunk);
    }
    return ok(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    const refused = error instanceof Error && 'code' in error && error.code === 'EGRESS_REFUSED';
    return err(
      refused ? 'The address of the issuer may not be dialled from here.' : 'The issuer could not be reached.',
    );
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
