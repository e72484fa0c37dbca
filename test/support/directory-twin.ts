import { createHash } from 'node:crypto';
import type { AppKey, IdentityConnection, TenantId } from '@writ/domain';
import type { Directory, Trust } from '@writ/identity';

/** The directory of tenants' identity connections and app keys, in memory; what is changed is effective at once. */
export class DirectoryTwin implements Directory {
  readonly #trusts: Trust[] = [];
  readonly #keys = new Map<string, { readonly tenant: TenantId; readonly key: AppKey }>();

  /** Publishing a connection again replaces it. */
  trust(tenant: TenantId, connection: IdentityConnection): void {
    this.distrust(tenant, connection.id);
    this.#trusts.push({ tenant, connection });
  }

  distrust(tenant: TenantId, connection: string): void {
    const at = this.#trusts.findIndex((one) => one.tenant === tenant && one.connection.id === connection);
    if (at >= 0) this.#trusts.splice(at, 1);
  }

  /** `secret` is the whole key as its app would send it, `writ_` included; only its hash is kept. */
  issueKey(tenant: TenantId, secret: string, key: Omit<AppKey, 'sha256'>): void {
    const sha256 = createHash('sha256').update(secret).digest('hex');
    this.#keys.set(sha256, { tenant, key: { ...key, sha256 } });
  }

  /** As a snapshot holds it: by its hash. */
  keep(tenant: TenantId, key: AppKey): void {
    this.#keys.set(key.sha256, { tenant, key });
  }

  revokeKey(id: string): void {
    for (const [sha256, { key }] of this.#keys) if (key.id === id) this.#keys.delete(sha256);
  }

  find(issuer: string): Promise<readonly Trust[]> {
    return Promise.resolve(this.#trusts.filter(({ connection }) => connection.issuer === issuer));
  }

  findConnection(id: string): Promise<Trust | undefined> {
    return Promise.resolve(this.#trusts.find(({ connection }) => connection.id === id));
  }

  findAppKey(sha256: string): Promise<{ readonly tenant: TenantId; readonly key: AppKey } | undefined> {
    return Promise.resolve(this.#keys.get(sha256));
  }
}
