import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { classify, isCleared } from '@writ/classification';
import {
  type Credential,
  type RequestId,
  type Result,
  type Snapshot,
  type Subject,
  type TenantContext,
  err,
  limits,
  ok,
  parseRequestId,
  tenantOfJob,
} from '@writ/domain';
import {
  type Enforced,
  type Held,
  Neighbours,
  type Ports,
  Undecided,
  enforceOrRefuse,
  holdSnapshot,
  undecidedBounds,
} from '@writ/enforcement';
import { isReceipt } from '@writ/ledger';
import { compile, type PolicyImage } from '@writ/policy';
import { type Compiler, startCompiler } from '@writ/policy/prove';
import { type Clock, guardedDispatcher, openText, uuidv7 } from '@writ/platform';
import { type PlanePool, type SnapshotSource, budgetStore, originOf } from '@writ/postgres';
import { createProviders, dialects, parseOpenAiChat } from '@writ/providers';
import { connectRedis, createLimits, noRedis } from '@writ/redis';
import { isAuthorizedBy, localHealth } from '@writ/routing';
import { kmsIn } from '../keys.js';
import { newRecordId } from '../record-id.js';
import type { WorkerSettings } from '../settings.js';
import type { WritingGround } from '../writing-ground.js';
import { questionOf } from './question.js';
import type { ReviewerParts } from './reviewer.js';

export interface OwnPath extends Pick<ReviewerParts, 'held' | 'ask'> {
  close(): Promise<void>;
}

/** In no credential of any caller: the worker vouches for its own reviewer, in its own process, and nothing else takes it. */
const ownCredential: Credential = { scheme: 'none', token: '', method: 'POST', url: '/internal/review' };

/**
 * The worker's own way to a model: `enforce`, like everyone's. Its subject is a workload with the role `reviewer`; the
 * tenant's policy must permit it for what the text still holds, the record of the decision is durable before the call, and
 * the answer comes under the receipt of its outcome.
 */
export function ownPath(
  settings: WorkerSettings,
  ground: WritingGround & { readonly source: SnapshotSource },
  clock: Clock,
): OwnPath {
  const { plane, ledger, onProblem } = ground;
  const problem = (what: string, cause?: unknown): void =>
    onProblem(cause instanceof Error ? `${what}: ${cause.message}` : what);
  const report = (error: unknown): void => problem('a review failed on its way', error);
  // Without Redis rates are counted here, by this process's share of them; money is leased from the database either way.
  const redis =
    settings.redisUrl === undefined ? noRedis() : connectRedis({ url: settings.redisUrl, onProblem: problem });
  const instances = settings.processes;
  const spending = createLimits({ redis, leases: budgetStore(plane), clock, instances, onProblem: problem });
  const egress = guardedDispatcher({
    allowHosts: settings.egressAllowHosts,
    connectMs: limits.upstreamConnectMs,
    headersMs: limits.upstreamHeadersMs,
    bodyIdleMs: limits.upstreamIdleMs,
  });
  const compiler = startCompiler();
  const held = holding(settings, plane, ground.source, clock, compiler);
  const shared: Omit<Ports, 'identity' | 'snapshots'> = {
    undecided: undecidedOf(clock),
    classifier: {
      classify({ leaves, attachments }, { taxonomy, digestKey }) {
        const until = clock.monotonicMs() + limits.classificationMs;
        const expired = (): boolean => clock.monotonicMs() > until;
        return Promise.resolve(classify(leaves, taxonomy, { digestKey, attachments, expired }));
      },
    },
    limits: spending,
    ledger,
    providers: createProviders({
      proofs: { isReceipt, isAuthorizedBy, isCleared },
      dispatcherFor: () => egress,
      openKey: ({ tenant, contentKey }, { id, sealed }) =>
        Promise.resolve(openText(contentKey, `${tenant.tenant}|provider_credential|${id}`, sealed)),
    }),
    dialects,
    health: localHealth(),
    // A review of a review would wait for itself.
    reviews: {
      of: () => Promise.resolve(ok({ state: 'none', classes: {} })),
      ask: () => Promise.resolve(err('policy-denied')),
      verdict: () => Promise.resolve(undefined),
    },
    clock,
    ids: { recordId: () => newRecordId(clock.nowMs()), random: () => Math.random() },
    security: { refused: ({ code }) => onProblem(`the reviewer was turned away: ${code}`) },
  };
  return {
    held,
    async ask(tenant, { model, classes, text }, signal) {
      const ports: Ports = {
        ...shared,
        identity: { identify: (credential) => Promise.resolve(identified(credential, tenant)) },
        snapshots: { current: async () => ok(await held(tenant)) },
      };
      const body = questionOf(model, classes, text, randomBytes(8).toString('hex'));
      const ask = parseOpenAiChat(body, metaOf(clock));
      if (!ask.ok) return err(ask.error.code);
      return await readWhole(await enforceOrRefuse(ask.value, ownCredential, ports, signal, report));
    },
    async close() {
      await Promise.allSettled([spending.close(), redis.close(), egress.close(), compiler.close()]);
    },
  };
}

/** The reviewer's requests are bounded like everyone's. */
function undecidedOf(clock: Clock): Undecided {
  const neighbours = new Neighbours(() => clock.monotonicMs());
  return new Undecided({
    bounds: undecidedBounds,
    clock,
    neighbours,
    later: (then) => void setImmediate(then),
    random: () => Math.random(),
  });
}

function identified(credential: Credential, tenant: TenantContext) {
  // The one object of this module: an equal one from elsewhere is not it.
  return credential === ownCredential
    ? ok({ subject: reviewerSubject, tenant: tenantOfJob(tenant.tenant) })
    : err({ code: 'credential-invalid' } as const);
}

const reviewerSubject: Subject = {
  id: 'reviewer',
  kind: 'workload',
  issuer: 'urn:writ:worker',
  method: 'app-key',
  connection: 'worker',
  credentialThumbprint: createHash('sha256').update('urn:writ:worker/reviewer').digest('hex'),
  roles: ['reviewer'],
  groups: [],
  scopes: [],
  clearance: 0,
  attributes: {},
};

function metaOf(clock: Clock) {
  const request: Result<RequestId, string> = parseRequestId(uuidv7(clock.nowMs()));
  if (!request.ok) throw new Error(request.error);
  const from = { clientAddress: '127.0.0.1', userAgent: 'writ-worker' };
  return { request: request.value, route: '/internal/review', receivedAt: clock.nowMs(), ...from };
}

/** Reads the answer to its end; bytes come only under their records' receipts. */
async function readWhole(
  enforced: Enforced,
): Promise<Result<{ readonly answer: string; readonly decision: string }, string>> {
  if (enforced.kind === 'refused') return err(enforced.refusal.detail ?? enforced.refusal.code);
  if (enforced.kind === 'decided') return err('nothing was asked');
  const pieces: Uint8Array[] = [];
  try {
    for (let step = enforced.first; ;) {
      if (step.kind === 'failure') return err(step.refusal.code);
      pieces.push(step.released.bytes);
      if (step.last) return ok({ answer: Buffer.concat(pieces).toString(), decision: enforced.about.decisionId ?? '' });
      // oxlint-disable-next-line no-await-in-loop -- window after window
      const next = await enforced.rest.next();
      if (next.done === true) return err('the answer ended before its end');
      step = next.value;
    }
  } finally {
    await enforced.rest.return();
  }
}

function holding(
  settings: WorkerSettings,
  plane: PlanePool,
  source: SnapshotSource,
  clock: Clock,
  compiler: Compiler,
): OwnPath['held'] {
  const kms = kmsIn(settings);
  const platform = platformLayer(settings.platformPolicyFile);
  const known = new WeakMap<Snapshot, Held>();
  return async (tenant) => {
    const current = await source.current(tenant);
    if (!current.ok) throw new Error(`the snapshot of ${tenant.tenant} is not current`);
    const snapshot = current.value;
    const before = known.get(snapshot);
    if (before !== undefined && clock.nowMs() < before.policy.validUntilMs) return before;
    const origin = await originOf(plane, snapshot.tenant);
    if (origin === undefined) throw new Error(`${snapshot.tenant} has no log`);
    const { wrappedKeys, evidence } = snapshot;
    const log = {
      tenant,
      origin,
      hmacKey: await kms.unwrap(`tenant/${snapshot.tenant}/hmac`, wrappedKeys.hmac),
      contentKey: await kms.unwrap(`tenant/${snapshot.tenant}/content`, wrappedKeys.content),
      keep: evidence.keep,
    };
    const made = await holdSnapshot(snapshot, {
      log,
      nowMs: clock.nowMs(),
      compile: (...asked) => compiler.compile(...asked),
      ...(platform === undefined ? {} : { platform }),
    });
    if (!made.ok) throw new Error(`the snapshot of ${snapshot.tenant} is not what it claims`);
    known.set(snapshot, made.value.held);
    return made.value.held;
  };
}

/** The operators' own layer binds the reviewer too. */
function platformLayer(file: string | undefined): PolicyImage | undefined {
  if (file === undefined) return undefined;
  const image = compile(readFileSync(file, 'utf8'), 1);
  if (image.ok) return image.value;
  throw new Error(`the platform policy ${file} does not compile: ${JSON.stringify(image.error)}`);
}
