import { err, ok, refuse, type Refusal, type Result, type Subject, type TenantId } from '@writ/domain';
import type { Directory } from './directory.js';
import { sha256Hex } from './token.js';

const appKey = /^writ_[A-Za-z0-9_-]{32,128}$/;

export function isAppKey(text: string): boolean {
  return text.startsWith('writ_');
}

/** An app's own key: 256 random bits or so, of which only the SHA-256 is kept, so a look-up by hash reveals nothing. */
export async function identifyAppKey(
  text: string,
  directory: Directory,
  nowMs: number,
): Promise<Result<{ readonly subject: Subject; readonly tenant: TenantId }, Refusal>> {
  if (!appKey.test(text)) return err(refuse('credential-invalid', { detail: 'key_malformed' }));
  const sha256 = sha256Hex(text);
  const found = await directory.findAppKey(sha256);
  if (!found || found.key.sha256 !== sha256) return err(refuse('credential-invalid', { detail: 'key_unknown' }));
  const { key, tenant } = found;
  if (key.expiresAt !== undefined && key.expiresAt <= nowMs)
    return err(refuse('credential-expired', { detail: 'key_expired' }));
  const subject: Subject = {
    id: key.id,
    kind: key.kind,
    issuer: 'writ',
    method: 'app-key',
    connection: key.app,
    credentialThumbprint: sha256,
    roles: key.roles.toSorted(),
    groups: [],
    scopes: [],
    clearance: 0,
    attributes: {},
    app: key.app,
    ...(key.expiresAt === undefined ? {} : { expiresAt: key.expiresAt }),
  };
  return ok({ subject, tenant });
}
