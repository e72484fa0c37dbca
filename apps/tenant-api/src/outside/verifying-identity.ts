import { createIdentity, documentFetcher, type Directory, type Explained } from '@writ/identity';
import type { Control } from '@writ/postgres/control';
import type { Dispatcher } from 'undici';
import type { Explanation, IdentityPort } from '../ports.js';

/** Administrators are verified like every caller of a gateway, but only tokens for this API's own audience count. */
export function verifyingIdentity(parts: {
  readonly control: Control;
  readonly adminAudience: string;
  readonly dispatcher: Dispatcher;
  readonly nowMs: () => number;
  readonly failed: (cause: unknown) => void;
}): IdentityPort {
  const identity = createIdentity({
    directory: administratorsOf(parts.control, parts.adminAudience),
    fetchDocument: documentFetcher(parts.dispatcher),
    clock: { nowMs: parts.nowMs },
    failed: parts.failed,
  });
  return {
    identify: (credential) => identity.identify(credential),
    async explain(tenant, connection, token) {
      const explained = await identity.explainToken(token, tenant, connection);
      if (!explained.ok) {
        const because = `This is not a token that can be read (${explained.error}); paste the whole access token.`;
        return { tree: { label: 'token', outcome: 'fail', because, children: [] }, accepted: false, roles: [] };
      }
      const { accepted, checks, roles, rolesWithheld } = explained.value;
      const children = [...checks.map(explanationOf), rolesNode(roles, rolesWithheld)];
      const because = accepted ? 'Every check passed.' : 'At least one check failed; mend what is marked.';
      return { tree: { label: 'token', outcome: accepted ? 'pass' : 'fail', because, children }, accepted, roles };
    },
  };
}

function explanationOf({ label, outcome, code, seen }: Explained): Explanation {
  const said = seen === undefined ? '' : `The token says ${JSON.stringify(seen)}.`;
  const because = code === undefined ? said : `${code}. ${said}`.trim();
  return { label, outcome, because, children: [] };
}

function rolesNode(roles: readonly string[], withheld: string | undefined): Explanation {
  if (withheld !== undefined) return { label: 'roles', outcome: 'fail', because: withheld, children: [] };
  const because =
    roles.length === 0 ? 'No claim mapping matches this token.' : `The mapping gives ${roles.join(', ')}.`;
  return { label: 'roles', outcome: 'info', because, children: [] };
}

/** Apps do not administer: their keys are unknown here. An outage is thrown, and identity refuses as unavailable. */
function administratorsOf(control: Control, adminAudience: string): Directory {
  return {
    async find(issuer) {
      return (await control.trustsOf(issuer))
        .filter(({ connection }) => connection.audiences.includes(adminAudience))
        .map(({ tenant, connection }) => ({ tenant, connection: { ...connection, audiences: [adminAudience] } }));
    },
    findAppKey: () => Promise.resolve(undefined),
  };
}
