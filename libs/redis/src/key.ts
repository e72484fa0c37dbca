import { hash } from 'node:crypto';
import { parseTenantId, type TenantId } from '@writ/domain';

/**
 * What every key of a tenant begins with, and nothing else makes keys. The tenant's UUID is the hash tag, so one tenant's keys
 * live on one shard and one script may touch them together.
 */
export function tagOf(tenant: TenantId): string {
  const parsed = parseTenantId(tenant);
  if (!parsed.ok) throw new Error(parsed.error);
  return `{t:${parsed.value}}:`;
}

/** Whatever else names a key is hashed, so no rule or subject can spell another's key. 22 characters of base64url. */
export function nameOf(...names: readonly string[]): string {
  return hash('sha256', JSON.stringify(names), 'base64url').slice(0, 22);
}

export function keyOf(tenant: TenantId, kind: string, ...names: readonly string[]): string {
  return `${tagOf(tenant)}${kind}:${nameOf(...names)}`;
}
