import { createIdentity, documentFetcher, type Directory, type Identity, type Trust } from '@writ/identity';
import { systemClock, type Kms } from '@writ/platform';
import type { ConnectionDirectory, DirectoryConnection } from '@writ/postgres';
import { sharedReplays, type RedisConnection } from '@writ/redis';
import type { Dispatcher } from 'undici';

interface Parts {
  readonly directory: ConnectionDirectory;
  /** The audience of the tenant API: a token for it is not a token for the gateway. */
  readonly adminAudience: string;
  readonly egress: Dispatcher;
  readonly redis: RedisConnection;
  readonly kms: Kms;
  readonly problem: (what: string, cause?: unknown) => void;
}

/** Who calls the gateway, by the connections that tenants published. */
export function callersIdentity({ directory, adminAudience, egress, redis, kms, problem }: Parts): Identity {
  return createIdentity({
    directory: callersOf(directory, adminAudience),
    fetchDocument: documentFetcher(egress),
    clock: systemClock,
    replays: sharedReplays(redis),
    clientSecret: (trust) => openClientSecret(kms, trust),
    failed: (error) => problem('a credential could not be verified', error),
  });
}

/**
 * A token for the tenant API is not a token for the gateway: its audience is taken out of every connection here. An outage
 * of the directory is thrown, for which identity refuses as unavailable; it is never taken for "nobody".
 */
function callersOf(directory: ConnectionDirectory, adminAudience: string): Directory {
  // The directory gives the same list until a publish; so does this, and what was concluded from it holds as long.
  const known = new WeakMap<readonly DirectoryConnection[], readonly Trust[]>();
  return {
    async find(issuer) {
      const found = await directory.find(issuer);
      if (!found.ok) throw new Error('the directory of connections is unavailable');
      const trusts = known.get(found.value) ?? found.value.map((trust) => withoutAudience(trust, adminAudience));
      known.set(found.value, trusts);
      return trusts;
    },
    async findConnection(id) {
      const found = await directory.findConnection(id);
      if (!found.ok) throw new Error('the directory of connections is unavailable');
      return found.value && withoutAudience(found.value, adminAudience);
    },
    async findAppKey(sha256) {
      const found = await directory.findAppKey(sha256);
      if (!found.ok) throw new Error('the directory of app keys is unavailable');
      return found.value;
    },
  };
}

function withoutAudience({ tenant, connection }: Trust, adminAudience: string): Trust {
  const audiences = connection.audiences.filter((audience) => audience !== adminAudience);
  return { tenant, connection: { ...connection, audiences } };
}

/** The tenant API wrapped it in this context; whatever else unwraps to nothing is an error, for which identity refuses. */
async function openClientSecret(kms: Kms, { tenant, connection }: Trust): Promise<string | undefined> {
  const sealed = connection.settings['sealedClientSecret'];
  if (sealed === undefined) return undefined;
  const secret = await kms.unwrap(`tenant/${tenant}/identity-provider/${connection.id}`, sealed);
  return Buffer.from(secret).toString('utf8');
}
