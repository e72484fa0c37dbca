import { type IdentityConnection, parseTenantId } from '@writ/domain';
import { type Directory, createIdentity, documentFetcher } from '@writ/identity';
import { guardedDispatcher, systemClock, type Log } from '@writ/platform';
import { type ConnectionDirectory, type PlanePool, connectionDirectory } from '@writ/postgres';
import type { Explained, IdentityPort } from '../ports.js';
import type { TenantApiSettings } from '../settings.js';

/** A connection under test belongs to nobody yet: its keys are cached under its own id. */
const nobody = parseTenantId('00000000-0000-0000-0000-000000000000');

/** Identity as the gateway verifies it, except that only a token for this API's own audience is one for this API. */
export function verifiedIdentity(parts: {
  readonly plane: PlanePool;
  readonly settings: TenantApiSettings;
  readonly log: Log;
}): IdentityPort {
  const { plane, settings, log } = parts;
  const onProblem = (problem: string): void => log.warn(problem);
  const { adminAudience, egressAllowHosts } = settings;
  const identity = createIdentity({
    directory: administratorsOf(connectionDirectory(plane, { onProblem }), adminAudience),
    fetchDocument: documentFetcher(guardedDispatcher({ allowHosts: egressAllowHosts, connectMs: 3_000 })),
    clock: systemClock,
    failed: (error) => log.warn({ err: error }, 'a credential could not be verified'),
  });
  return {
    identify: (credential) => identity.identify(credential),
    async explain(connection, token): Promise<Explained> {
      if (!nobody.ok) throw new Error(nobody.error);
      const explained = await identity.explainToken(token, nobody.value, connection);
      if (!explained.ok) {
        return { tree: { label: 'the token can be read', outcome: 'fail', because: explained.error, children: [] } };
      }
      const { accepted, checks, roles, rolesWithheld } = explained.value;
      const children = checks.map(({ label, outcome, code, seen }) => ({
        label,
        outcome,
        because: code ?? (seen === undefined ? '' : `saw ${JSON.stringify(seen)}`),
        children: [],
      }));
      const because = rolesWithheld ?? (roles.length > 0 ? `maps to ${roles.join(', ')}` : 'maps to no role');
      const outcome = accepted ? 'pass' : 'fail';
      return { tree: { label: 'the token is accepted', outcome, because, children }, ...(accepted ? { roles } : {}) };
    },
  };
}

function administratorsOf(directory: ConnectionDirectory, adminAudience: string): Directory {
  const forAdministrators = (connection: IdentityConnection): IdentityConnection => ({
    ...connection,
    audiences: connection.audiences.filter((audience) => audience === adminAudience),
  });
  return {
    async find(issuer) {
      const found = await directory.find(issuer);
      if (!found.ok) throw new Error('the directory of connections is unavailable');
      return found.value.map(({ tenant, connection }) => ({ tenant, connection: forAdministrators(connection) }));
    },
    findAppKey: () => Promise.resolve(undefined),
  };
}
