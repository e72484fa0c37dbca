import { readFileSync } from 'node:fs';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { awsFormat, awsKms } from './aws-kms.js';
import { type Kms, localKms } from './kms.js';
import { vaultFormat, vaultKms } from './vault-kms.js';

const credentials = z.strictObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().optional(),
});

const aws = z.strictObject({
  driver: z.literal('aws'),
  /** The key's whole ARN: a blob of another key is refused, whatever its service says. */
  keyArn: z.string().regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/, 'the ARN of a KMS key'),
  /** Another address than the region's own, such as a VPC endpoint; a private one needs the operator's egress list too. */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  /** JSON with `accessKeyId`, `secretAccessKey` and, for credentials that end, `sessionToken`; read anew for every call. */
  credentialsFile: z.string().min(1),
});

const vault = z.strictObject({
  driver: z.literal('vault'),
  /** Where the server stands; a private address needs the operator's egress list too. */
  address: z.url({ protocol: /^https?$/ }),
  /** Where the transit engine is mounted. */
  mount: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/, 'the path of a mount')
    .default('transit'),
  /** A key of type aes256-gcm96. */
  key: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'the name of a transit key'),
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9_/-]+$/, 'a namespace')
    .optional(),
  /** The token alone, as an agent writes it; read anew for every call, so that it may be renewed. */
  tokenFile: z.string().min(1),
});

/** The file that `WRIT_KMS_FILE` names. Unknown keys and drivers are refused. */
const kmsFile = z.discriminatedUnion('driver', [aws, vault]);

/**
 * The key service of an app. Without a file it is the local master key. With one, that service wraps, and what the local key
 * wrapped before still opens, so that a deployment can move: every blob says which driver made it.
 */
export function openKms(
  masterKey: Uint8Array,
  file: string | undefined,
  dispatcher: Dispatcher,
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Kms {
  const local = localKms(masterKey);
  if (file === undefined) return local;
  const { format, service } = serviceOf(kmsFile.parse(JSON.parse(read(file))), dispatcher, read);
  return {
    wrap: (context, plain) => service.wrap(context, plain),
    unwrap: (context, blob) => (blob.startsWith(`${format}.`) ? service : local).unwrap(context, blob),
  };
}

function serviceOf(
  chosen: z.infer<typeof kmsFile>,
  dispatcher: Dispatcher,
  read: (path: string) => string,
): { readonly format: string; readonly service: Kms } {
  if (chosen.driver === 'aws') {
    const { keyArn, endpoint, credentialsFile } = chosen;
    const current = (): z.infer<typeof credentials> => credentials.parse(JSON.parse(read(credentialsFile)));
    return { format: awsFormat, service: awsKms({ keyArn, endpoint, dispatcher, credentials: current }) };
  }
  const { address, mount, key, namespace, tokenFile } = chosen;
  const token = (): string => read(tokenFile).trim();
  return { format: vaultFormat, service: vaultKms({ address, mount, key, namespace, token, dispatcher }) };
}
