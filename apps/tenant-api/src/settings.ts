import { z } from 'zod';

const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').map((item) => item.trim()).filter((item) => item !== ''));

/** Everything the tenant API is told at start, from `WRIT_…` variables. A secret has no default. */
export const tenantApiSettings = z.object({
  /** Login of the control schema and of the ledger's administration records. */
  databaseUrl: z.string().min(1),
  listenHost: z.string().default('127.0.0.1'),
  listenPort: z.coerce.number().int().min(0).max(65_535).default(0),
  /** The public address of this API: issuer of setup tokens, and part of every log's origin. */
  publicUrl: z.url(),
  /** The `aud` that an administrator's access token must carry. */
  adminAudience: z.string().min(1),
  /** 32 bytes, hex: wraps the tenants' keys. */
  masterKey: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits'),
  /** `print` writes mail to standard output as one JSON line each; otherwise an https address that takes a JSON POST. */
  mail: z.string().min(1),
  /** `host:port` pairs that may be dialled although their address is private. */
  allowHosts: list,
  /** Name servers asked for TXT records; empty means those of the machine. */
  nameServers: list,
  /** Path of the console's built files; empty serves none. */
  consolePath: z.string().default(''),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
});

export type TenantApiSettings = z.output<typeof tenantApiSettings>;
