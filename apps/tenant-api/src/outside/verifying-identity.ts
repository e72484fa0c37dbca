import { createIdentity, documentFetcher, type Directory, type Explained, type Trust } from '@writ/identity';
import type { Control } from '@writ/postgres/control';
import type { Dispatcher } from 'undici';
import type { Explained as ExplainedToken, Explanation, IdentityPort } from '../ports.js';

interface Parts {
  readonly control: Control;
  readonly adminAudience: string;
  readonly dispatcher: Dispatcher;
  readonly nowMs: () => number;
  readonly failed: (cause: unknown) => void;
  /** Opens the sealed secret of an introspection client. */
  readonly clientSecret: (trust: Trust) => Promise<string | undefined>;
}

/** Administrators are verified like every caller of a gateway, but only tokens for this API's own audience count. */
export function verifyingIdentity(parts: Parts): IdentityPort {
  const identity = createIdentity({
    directory: administratorsOf(parts.control, parts.adminAudience),
    fetchDocument: documentFetcher(parts.dispatcher),
    clock: { nowMs: parts.nowMs },
    clientSecret: parts.clientSecret,
    failed: parts.failed,
  });
  return {
    identify: (credential) => identity.identify(credential),
    async explain(tenant, connection, token) {
      if (connection.kind === 'mtls' || connection.kind === 'introspection')
        return tried(parts, { tenant, connection }, token);
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

/**
 * A certificate or an opaque token has no claims to show check by check: it is verified whole, as a gateway would, against
 * the one connection under test.
 */
async function tried(parts: Parts, trust: Trust, text: string): Promise<ExplainedToken> {
  const identity = createIdentity({
    directory: {
      find: (issuer) => Promise.resolve(issuer === trust.connection.issuer ? [trust] : []),
      findAppKey: () => Promise.resolve(undefined),
      findConnection: (id) => Promise.resolve(id === trust.connection.id ? trust : undefined),
    },
    fetchDocument: documentFetcher(parts.dispatcher),
    clock: { nowMs: parts.nowMs },
    clientSecret: parts.clientSecret,
    failed: parts.failed,
  });
  const credential =
    trust.connection.kind === 'mtls'
      ? { scheme: 'none' as const, token: '', clientCertificate: certificateIn(text) }
      : { scheme: 'bearer' as const, token: `${trust.connection.id}~${text}` };
  const found = await identity.identify({ ...credential, method: 'POST', url: '/' });
  const label = trust.connection.kind === 'mtls' ? 'certificate' : 'token';
  if (!found.ok) {
    const because = `${found.error.detail ?? found.error.code}. ${found.error.message ?? ''}`.trim();
    return { tree: { label, outcome: 'fail', because, children: [] }, accepted: false, roles: [] };
  }
  const { roles } = found.value.subject;
  const tree = {
    label,
    outcome: 'pass' as const,
    because: 'Every check passed.',
    children: [rolesNode(roles, undefined)],
  };
  return { tree, accepted: true, roles };
}

function certificateIn(pem: string): Uint8Array {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem)?.[1] ?? '';
  return Buffer.from(body, 'base64');
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
