import { hash } from 'node:crypto';
import { parseTenantId, type TenantId } from '@writ/domain';

/**
 * The only maker of keys. The tenant's UUID is the hash tag, so one tenant's keys live on one shard and one script may
 * touch them together; whatever else names a key is hashed, so no rule or subject can spell another's key.
 */
export function keyOf(tenant: TenantId, kind: string, ...names: readonly string[]): string {
  const parsed = parseTenantId(tenant);
  if (!parsed.ok) throw new Error(parsed.error);
  const name = hash('sha256', JSON.stringify(names), 'base64url').slice(0, 22);
  return `{t:${parsed.value}}:${kind}:${name}`;
}
