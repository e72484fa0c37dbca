import { environment, listSetting, readSettings } from '@writ/platform';
import { z } from 'zod';

export const roles = ['sequencer', 'sweeper', 'auditor', 'retention', 'usage', 'jobs'] as const;
/** Named points of a job at which the fault tests end a worker. */
export const killPoints = [
  'begun',
  'worked',
  'finished',
  'export-part',
  'export-written',
  'export-sent',
  'export-stored',
] as const;
export type Role = (typeof roles)[number];

const url = z.string().min(1, 'a database address with login and password');
const keyFile = z.string().min(1, 'the path of a key file');

/** Every setting of the worker. What a role needs is demanded only when the process has that role. */
function schemaOf(chosen: ReadonlySet<Role>, backend: string | undefined) {
  const forRoles = <T extends z.ZodType>(of: readonly Role[], type: T): T | z.ZodOptional<T> =>
    of.some((role) => chosen.has(role)) ? type : type.optional();
  const hasQueues = chosen.has('jobs') || chosen.has('retention');
  return z.object({
    /** Login `writ_sequencer`. */
    sequencerDatabaseUrl: forRoles(['sequencer'], url),
    /** Ed25519 private key (PEM) that signs checkpoints. */
    logKeyFile: forRoles(['sequencer'], keyFile),
    /** Where heads are kept outside the database. */
    anchorFolder: z.string().min(1, 'a folder that a restore of the database does not touch').optional(),
    /** The same in an S3-compatible bucket with object lock; one of the two is needed, both may be given. */
    anchorBucket: z.string().optional(),
    anchorEndpoint: z.string().optional(),
    anchorRegion: z.string().default('us-east-1'),
    anchorPrefix: z.string().default(''),
    anchorAccessKeyId: z.string().optional(),
    /** The secret access key, in a file that only the operator reads. */
    anchorSecretFile: z.string().optional(),
    /** How long nobody can delete an anchored epoch: not longer than the shortest retention class. */
    anchorLockDays: z.coerce.number().int().min(1).max(3_653).default(180),
    /**
     * How often an epoch ties the heads of all logs together. Each is anchored, so 86,400 divided by this many locked objects a day
     * stay in the bucket; what was written since the newest epoch is what a rewind of the database could hide from the anchor.
     * Without a value: 5, and 1 where witnesses cosign, for a request may wait for the next epoch.
     */
    epochSeconds: z.coerce.number().int().min(1).max(300).optional(),
    /** C2SP tlog-policy with the witnesses' addresses: who is asked to cosign each epoch. */
    witnessPolicyFile: z.string().optional(),
    /** RFC 3161 authority that stamps epochs, and the certificate (PEM) that its tokens must verify under. */
    timestampUrl: z.string().optional(),
    timestampCertificateFile: z.string().optional(),
    timestampSeconds: z.coerce.number().int().min(1).max(86_400).default(60),
    /** `host:port` pairs with private addresses that bucket, witnesses and timestamp authority may have. */
    egressAllowHosts: listSetting,
    shard: z.coerce.number().int().min(0).max(32_767).default(0),
    /** Login `writ_worker`. */
    databaseUrl: forRoles(['sweeper', 'auditor', 'retention', 'usage', 'jobs'], url),
    /** 32 bytes, base64, in a file that only the operator reads. */
    masterKeyFile: forRoles(['sweeper', 'auditor', 'retention', 'jobs'], keyFile),
    /** JSON that names a key of AWS KMS, which wraps from now on; without it the master key does. */
    kmsFile: z.string().optional(),
    /** Ed25519 private key (PEM) that enrols this process's writer key. */
    writerAuthorityKeyFile: forRoles(['sweeper', 'auditor', 'retention', 'jobs'], keyFile),
    /** Ed25519 public key (PEM) of the tenant API. */
    snapshotPublicKeyFile: forRoles(['sweeper', 'auditor', 'retention', 'jobs'], keyFile),
    /** Login `writ_exporter`. */
    exporterDatabaseUrl: forRoles(['auditor', 'retention', 'jobs'], url),
    /** Login `writ_retention`. */
    retentionDatabaseUrl: forRoles(['retention'], url),
    /** Ed25519 public key (PEM) that checkpoints are verified with. */
    logPublicKeyFile: forRoles(['auditor'], keyFile),
    /** Where the queues of jobs are; the jobs themselves are in the database whatever this says. */
    queueBackend: z.enum(['redis', 'postgres']).default('redis'),
    redisUrl: hasQueues && backend !== 'postgres' ? url : url.optional(),
    /** Login `writ_queue`: owns the schema of BullMQ and may touch nothing else. */
    queueDatabaseUrl: hasQueues && backend === 'postgres' ? url : url.optional(),
    /** Processes with the role `jobs`. Where there is no Redis to count in, each grants its share of a reviewer's limits. */
    processes: z.coerce.number().int().min(1).max(64).default(1),
    /** The operators' listener with the measures of the jobs; none without it. */
    managementPort: z.coerce.number().int().min(0).max(65_535).optional(),
    /** Name servers asked for TXT records; empty means those of the machine. */
    nameServers: listSetting,
    /** Where finished exports lie; a folder that the processes of this role share, or one process. */
    exportFolder: z.string().optional(),
    /** Ed25519 private key (PEM) that signs the manifests of exports. */
    exportKeyFile: z.string().optional(),
    /** The deployment's keyset, signed by its root. */
    keysetFile: z.string().optional(),
    /** Where finished exports go besides: an S3-compatible bucket. */
    exportBucket: z.string().optional(),
    exportEndpoint: z.string().optional(),
    exportRegion: z.string().default('us-east-1'),
    exportAccessKeyId: z.string().optional(),
    /** The secret access key, in a file that only the operator reads. */
    exportSecretFile: z.string().optional(),
    /** The operators' own policy (YAML): the layer that no tenant can remove binds the worker's reviewer too. */
    platformPolicyFile: z.string().optional(),
    /** Ends the process with SIGKILL at this point of a job: for fault tests, never elsewhere. */
    killAt: z.enum(killPoints).optional(),
    /** Name of the deployment in the logs' origin lines. */
    logName: z.string().regex(/^[a-z0-9.-]{1,64}$/, 'lower-case letters, digits, dots and hyphens'),
    environment: z.string().default('local'),
    logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  });
}

export interface WorkerSettings extends Readonly<z.output<ReturnType<typeof schemaOf>>> {
  readonly roles: ReadonlySet<Role>;
}

/** The whole list of what is missing, or frozen values. */
export function readWorkerSettings(
  args: readonly string[],
): { readonly ok: true; readonly value: WorkerSettings } | { readonly ok: false; readonly error: readonly string[] } {
  const chosen = new Set<Role>();
  const at = args.indexOf('--roles');
  const names = at < 0 ? roles : (args[at + 1] ?? '').split(',');
  const unknown: string[] = [];
  for (const name of names) {
    const role = roles.find((each) => each === name);
    if (role === undefined)
      unknown.push(`--roles: ${name === '' ? 'names no role' : `${name} is unknown`}; choose from ${roles.join(', ')}`);
    else chosen.add(role);
  }
  const given = environment();
  const read = readSettings(schemaOf(chosen, given['WRIT_QUEUE_BACKEND']), given);
  if (read.ok) unknown.push(...incomplete(read.value, chosen));
  if (unknown.length > 0) return { ok: false, error: [...unknown, ...(read.ok ? [] : read.error)] };
  return read.ok ? { ok: true, value: { ...read.value, roles: chosen } } : read;
}

const longestWitnessedEpochSeconds = 10;

/** Settings that only make sense together. */
function incomplete(settings: z.output<ReturnType<typeof schemaOf>>, chosen: ReadonlySet<Role>): readonly string[] {
  const { anchorFolder, anchorBucket, anchorEndpoint, anchorAccessKeyId, anchorSecretFile } = settings;
  const problems: string[] = [];
  if (chosen.has('sequencer') && anchorFolder === undefined && anchorBucket === undefined)
    problems.push('WRIT_ANCHOR_FOLDER or WRIT_ANCHOR_BUCKET: where heads are kept outside the database');
  const parts = [anchorEndpoint, anchorAccessKeyId, anchorSecretFile];
  if (anchorBucket !== undefined && parts.includes(undefined))
    problems.push(
      'WRIT_ANCHOR_BUCKET: needs WRIT_ANCHOR_ENDPOINT, WRIT_ANCHOR_ACCESS_KEY_ID and WRIT_ANCHOR_SECRET_FILE',
    );
  if ((settings.timestampUrl === undefined) !== (settings.timestampCertificateFile === undefined))
    problems.push(
      'WRIT_TIMESTAMP_URL: goes with WRIT_TIMESTAMP_CERTIFICATE_FILE, whose certificate its tokens must verify under',
    );
  if (settings.witnessPolicyFile !== undefined && (settings.epochSeconds ?? 0) > longestWitnessedEpochSeconds)
    problems.push(
      `WRIT_EPOCH_SECONDS: at most ${longestWitnessedEpochSeconds} where witnesses cosign, for requests may wait for the next epoch`,
    );
  return problems;
}
