import { environment, readSettings, type Read, keyFileSetting, listSetting } from '@writ/platform';
import { z } from 'zod';

/** Every setting of the gateway. None of them turns off authentication, policy or the ledger; a secret has no default. */
export const gatewaySettings = z.object({
  listenHost: z.string().default('127.0.0.1'),
  listenPort: z.coerce.number().int().min(0).max(65_535),
  /** Where callers find the gateway, e.g. `https://ai.example.com`; DPoP proofs are made for it, and refused without it. */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Addresses of TLS-terminating proxies, exactly as the socket reports them; only they may name a client certificate. */
  clientCertificateProxies: listSetting,
  /** The one header in which they do. */
  clientCertificateHeader: z
    .enum(['client-cert', 'x-forwarded-client-cert', 'x-ssl-client-cert'])
    .default('client-cert'),
  /** PEM of the certificate and its key. With both the gateway speaks TLS itself and asks clients for certificates. */
  tlsCertificateFile: z.string().optional(),
  tlsKeyFile: keyFileSetting.optional(),
  managementPort: z.coerce.number().int().min(0).max(65_535).default(0),
  processes: z.coerce.number().int().min(1).max(64).default(1),
  /** Login `writ_gateway` of the control database. */
  databaseUrl: z.string().min(1),
  /** Login `writ_gateway` of the ledger's database; the same cluster unless set. */
  ledgerDatabaseUrl: z.string().optional(),
  redisUrl: z.string().min(1),
  /** 32 bytes, base64, in a file that only the operator reads. */
  masterKeyFile: keyFileSetting,
  /** JSON that names a key of AWS KMS or of a transit engine, which wraps from now on; without it the master key does. */
  kmsFile: z.string().optional(),
  /** Ed25519 private key (PEM) that enrols this process's writer key. */
  writerAuthorityKeyFile: keyFileSetting,
  /** Ed25519 public key (PEM) of the tenant API; snapshots of anyone else are refused. */
  snapshotPublicKeyFile: keyFileSetting,
  /** Ed25519 public key (PEM) of the sequencer; needed where a tenant asks for the level `receipted`. */
  logPublicKeyFile: z.string().optional(),
  /** A folder of this machine for outcomes that were due while the ledger was out, encrypted; without it they wait in memory. */
  spoolFolder: z.string().optional(),
  /** C2SP tlog-policy: who must have cosigned where a tenant asks for the level `witnessed`; without it that level is refused. */
  witnessPolicyFile: z.string().optional(),
  /** The audience of the tenant API: a token for it is not a token for the gateway. */
  adminAudience: z.string().min(1),
  /** What records say of where they were made, e.g. `production`. */
  environment: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default('production'),
  /** Name of the deployment in the logs' origin lines, e.g. `writ.example`. */
  logName: z.string().regex(/^[a-z0-9.-]{1,64}$/, 'lower-case letters, digits, dots and hyphens'),
  /** `host:port` pairs with private addresses that providers and identity providers may have. */
  egressAllowHosts: listSetting,
  /** The operators' own policy (YAML): a second layer that no tenant can remove. */
  platformPolicyFile: z.string().optional(),
  /** An OTLP/HTTP collector's address for traces, such as `http://127.0.0.1:4318/v1/traces`; without it nothing is traced. */
  otlpTracesUrl: z.url({ protocol: /^https?$/ }).optional(),
  drainSeconds: z.coerce.number().int().min(1).max(600).default(30),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type GatewaySettings = Readonly<z.output<typeof gatewaySettings>>;

export function readGatewaySettings(): Read<GatewaySettings> {
  return readSettings(gatewaySettings, environment());
}
