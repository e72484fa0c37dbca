/**
 * One change inside every tenant's schema. The statements go through `format()`: `%1$I` is the schema, and the name of the
 * tenant's role; `%2$L` the tenant's id, for the constant check; `%3$I` the role that only reads; a percent sign is `%%`.
 * They run as the owner, in one transaction for each tenant, and may take a lock for 500 ms at most to get it.
 */
export interface TenantMigration {
  /** A timestamp like that of any other migration; versions are applied in this order. */
  readonly version: number;
  readonly name: string;
  readonly statements: string;
}

/**
 * Every version, in order. One that was released is never edited, which `migrate` refuses; what follows is a new one at
 * the end. A new table needs `tenant_id uuid NOT NULL CHECK (tenant_id = %2$L)` without a default, and explicit grants.
 */
export const tenantMigrations: readonly TenantMigration[] = [
  {
    // A leaf of two or three kilobytes beside its row: apart, it costs three more rows and index entries.
    version: 1_792_000_000_700,
    name: 'leaves-beside-their-rows',
    statements: 'ALTER TABLE %1$I.record SET (toast_tuple_target = 8160)',
  },
  {
    version: 1_792_000_000_771,
    name: 'find-events-and-classes',
    // Orders are events, few among many records. A class that is rare, or gone, must not cost a look at every record; block
    // ranges cost an append nothing.
    statements: `CREATE INDEX record_event ON %1$I.record (record_id) WHERE kind = 'event';
      CREATE INDEX record_keep ON %1$I.record USING brin (keep_class) WITH (autosummarize = on)`,
  },
];
