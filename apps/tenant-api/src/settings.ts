import { type Read, environment, readSettings, keyFileSetting, listSetting } from '@writ/platform';
import { z } from 'zod';

/** Every setting of the tenant API, from `WRIT_…` variables. A secret has no default, and nothing turns a check off. */
export const tenantApiSettings = z.object({
  listenHost: z.string().default('127.0.0.1'),
  listenPort: z.coerce.number().int().min(0).max(65_535).default(0),
  /** Login `writ_tenant_api` of the control database. */
  databaseUrl: z.string().min(1),
  /** Login `writ_tenant_api` of the ledger's database; the same cluster unless set. */
  ledgerDatabaseUrl: z.string().optional(),
  /** Login `writ_exporter` of the ledger's database: it can only read. */
  exporterDatabaseUrl: z.string().min(1),
  /** Ed25519 private key (PEM) that signs the manifests of exports. */
  exportKeyFile: keyFileSetting,
  /** The deployment's keyset, signed by its root. */
  keysetFile: keyFileSetting,
  /** C2SP tlog-policy of the deployment; bundles carry it for information. */
  witnessPolicyFile: z.string().optional(),
  /** The cell of the directory that this API provisions in. */
  cell: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
    .default('main'),
  /** The public address of this API: the issuer of setup tokens. */
  publicUrl: z.url(),
  /** The `aud` that an administrator's access token must carry. */
  adminAudience: z.string().min(1),
  /** 32 bytes, base64, in a file that only the operator reads. */
  masterKeyFile: keyFileSetting,
  /** JSON that names a key of AWS KMS or of a transit engine, which wraps from now on; without it the master key does. */
  kmsFile: z.string().optional(),
  /** Ed25519 private key (PEM) that enrols this process's writer key. */
  writerAuthorityKeyFile: keyFileSetting,
  /** Ed25519 private key (PEM) that signs snapshots. */
  snapshotKeyFile: keyFileSetting,
  /** Stands in every record of this process. */
  environment: z.string().default('production'),
  /** Name of the deployment in the logs' origin lines, e.g. `writ.example`. */
  logName: z.string().regex(/^[a-z0-9.-]{1,64}$/, 'lower-case letters, digits, dots and hyphens'),
  /** `print` writes mail to standard output, one JSON line each; otherwise the address of a service that takes a JSON POST. */
  mail: z.union([z.literal('print'), z.url()]),
  /** `host:port` pairs with private addresses that providers and identity providers may have. */
  egressAllowHosts: listSetting,
  /** Name servers asked for TXT records; empty means those of the machine. */
  nameServers: listSetting,
  /** The operators' own policy (YAML), as the gateways have it: tests, replays and explanations are made under it. */
  platformPolicyFile: z.string().optional(),
  /** The folder where the workers keep finished exports, where this process can read it; else bundles are made when asked for. */
  exportFolder: z.string().optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type TenantApiSettings = Readonly<z.output<typeof tenantApiSettings>>;

export function readTenantApiSettings(): Read<TenantApiSettings> {
  return readSettings(tenantApiSettings, environment());
}
