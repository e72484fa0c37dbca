import type { AppKey, IdentityConnection, TenantId } from '@writ/domain';

/** A connection and the tenant that trusts it. */
export interface Trust {
  readonly tenant: TenantId;
  readonly connection: IdentityConnection;
}

/**
 * Which tenants trust which issuer, held in memory and current. Every request asks it, so what is removed from it is
 * refused at once, whatever was verified before.
 */
export interface Directory {
  /** Every connection of every tenant with exactly this issuer. */
  find(issuer: string): Promise<readonly Trust[]>;
  findAppKey(sha256: string): Promise<{ readonly tenant: TenantId; readonly key: AppKey } | undefined>;
  /** By connection id; only opaque tokens need it, because they name no issuer. */
  findConnection?(id: string): Promise<Trust | undefined>;
}
