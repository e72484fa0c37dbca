import {
  type EndpointId,
  type RecordId,
  type RequestId,
  type TenantId,
  noObligations,
  tenantOfJob,
} from '@writ/domain';
import { createHash, createPrivateKey } from 'node:crypto';
import { createLedger } from '../create-ledger.js';
import { type Keyset, enrolment, keysetKey, signEnrolment, signKeyset } from '../keyset.js';
import type { AppendOutcome, LedgerStore, LogContext, StoredLeaf } from '../ledger.js';
import { CompactRange, coverRange, rootOf } from '../merkle.js';
import type {
  DecisionRecord,
  DispatchRecord,
  EventRecord,
  LedgerRecord,
  OutcomeRecord,
  SegmentRecord,
} from '../record.js';
import { type LogHead, genesis, sequence } from '../sequence.js';
import { logSigner, rawPublicKey, statementSigner, writerSigner } from '../signer.js';
import { type BundlePlan, type StoredRow, writeBundle } from './export.js';

/** A key that is the same in every run. */
export function keyFrom(seed: string) {
  const raw = createHash('sha256').update(`writ test key ${seed}`).digest();
  return createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), raw]),
    format: 'der',
    type: 'pkcs8',
  });
}

export const startMs = Date.UTC(2026, 10, 20, 9);
export const tenant = '01990000-0000-7000-8000-000000000001' as TenantId;
export const origin = `writ.example/log/${tenant}`;
export const root = statementSigner(keyFrom('root'));
export const exporter = statementSigner(keyFrom('exporter'));
export const authority = statementSigner(keyFrom('writer-ca'));
export const logKey = logSigner(keyFrom('log'));
export const writer = writerSigner('gw-1', keyFrom('gw-1'));

export const log: LogContext = {
  tenant: tenantOfJob(tenant),
  origin,
  hmacKey: new Uint8Array(32).fill(1),
  contentKey: new Uint8Array(32).fill(2),
  keep: 'y6',
};

const window = { from: startMs - 86_400_000, until: startMs + 365 * 86_400_000 };

export const keyset: Keyset = {
  _t: 'writ.keyset/1',
  deployment: 'writ.example',
  version: 1,
  issued: startMs,
  keys: [
    keysetKey('log', logKey.publicKey, window, 'writ.example/log/'),
    keysetKey('writer-ca', authority.publicKey, window),
    keysetKey('export', exporter.publicKey, window),
  ],
};

/** UUIDv7 with the time given and the rest counted. */
export function idAt(ms: number, n: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** A log under construction: commits through the real ledger into a list. */
export class TestLog {
  readonly leaves: StoredLeaf[] = [];
  now = startMs;
  #ids = 0;
  #random = 0;
  readonly #ledger;

  constructor(readonly signer = writer) {
    const store: LedgerStore = {
      append: (leaves): Promise<AppendOutcome> => {
        this.leaves.push(...leaves);
        return Promise.resolve({ kind: 'durable' });
      },
      find: () => Promise.resolve(undefined),
    };
    this.#ledger = createLedger({
      store,
      writer: signer,
      clock: {
        nowMs: () => this.now,
        monotonicMs: () => this.now,
        after: () => ({ elapsed: new Promise<void>(() => undefined), cancel: () => undefined }),
      },
      random: (length) => {
        this.#random += 1;
        return createHash('shake256', { outputLength: length }).update(`random ${this.#random}`).digest();
      },
      settings: { build: { version: '0.1.0' }, environment: 'test', clock: { source: 'system', errorMs: 50 } },
      logKeys: () => [],
    });
  }

  id(): string {
    this.#ids += 1;
    return idAt(this.now, this.#ids);
  }

  async commit(record: LedgerRecord): Promise<string> {
    this.now += 3;
    const result = await this.#ledger.commit(log, record, { level: 'committed', deadlineMs: 1_000 });
    if (!result.ok) throw new Error(result.error);
    return result.value.leafHash;
  }

  /** One permitted, streamed request with all its records. */
  async request(n: number, result: OutcomeRecord['result'] = 'completed'): Promise<void> {
    const request = this.id() as RequestId;
    const decisionLeaf = await this.commit(decision(this.id(), request, n, 'permit', this.now));
    const dispatchLeaf = await this.commit(dispatch(this.id(), request, decisionLeaf));
    await this.commit(segment(this.id(), request, decisionLeaf, 1, 0, 100));
    await this.commit(segment(this.id(), request, decisionLeaf, 2, 100, 180));
    await this.commit(outcome(this.id(), request, decisionLeaf, [dispatchLeaf], result));
  }

  async denied(n: number): Promise<void> {
    await this.commit(decision(this.id(), this.id() as RequestId, n, 'deny', this.now));
  }

  async event(name: string, fields: EventRecord['fields']): Promise<number> {
    await this.commit({ kind: 'event', id: this.id() as RecordId, name, actor: 'alice@example.com', fields });
    return this.leaves.length - 1;
  }
}

export function decision(
  id: string,
  request: RequestId,
  n: number,
  effect: 'permit' | 'deny',
  receivedAt: number,
): DecisionRecord {
  const base = {
    policy: { name: 'main', version: 3, hash: `sha256:${'ab'.repeat(32)}`, engine: 'writ/1' },
    matched: ['allow-staff'],
    factsHash: `sha256:${'cd'.repeat(32)}`,
    catalogueHash: `sha256:${'ef'.repeat(32)}`,
  };
  return {
    kind: 'decision',
    id: id as RecordId,
    request,
    decision:
      effect === 'permit'
        ? { ...base, effect, authorizedEndpoints: ['azure-eu' as EndpointId], obligations: noObligations }
        : { ...base, effect, code: 'denied-by-rule', reason: 'A rule denies this.' },
    subject: {
      id: `user-${n}`,
      kind: 'human',
      issuer: 'https://idp.example',
      method: 'jwt',
      connection: 'main',
      credentialThumbprint: 'aa'.repeat(32),
      roles: ['clinician'],
      groups: ['ward-7'],
      scopes: ['chat'],
      clearance: 0,
      attributes: {},
    },
    snapshotVersion: 7,
    action: 'chat',
    route: '/v1/chat/completions',
    dialect: 'openai.chat',
    requestedModel: 'fast',
    stream: true,
    tools: [],
    classification: {
      classes: {},
      findings: [],
      complete: true,
      incompleteBecause: [],
      taxonomyVersion: '1',
      engineVersion: '1',
      leavesScanned: 1,
      charactersScanned: 20,
    },
    ...(effect === 'deny' ? { refusal: 'answer-withheld' as const } : {}),
    prompt: { text: `what is ${n} + ${n}? \u00e9\u{1f600}`, bytes: 24, estimatedTokens: 8 },
    clientAddress: '192.0.2.7',
    userAgent: 'test/1',
    receivedAt,
    reservedMicros: '1200',
  };
}

export function dispatch(id: string, request: RequestId, decisionLeaf: string): DispatchRecord {
  return {
    kind: 'dispatch',
    id: id as RecordId,
    request,
    decisionLeaf,
    attempt: 1,
    endpoint: 'azure-eu' as EndpointId,
    provider: 'azure.openai',
    region: 'westeurope',
    model: 'gpt',
    reason: 'ordered',
    clearedPrompt: 'what is it?',
  };
}

export function segment(
  id: string,
  request: RequestId,
  decisionLeaf: string,
  number: number,
  from: number,
  to: number,
): SegmentRecord {
  const digest = createHash('sha256').update(`${request} ${number}`).digest('hex');
  return { kind: 'segment', id: id as RecordId, request, decisionLeaf, window: number, from, to, events: 3, digest };
}

export function outcome(
  id: string,
  request: RequestId,
  decisionLeaf: string,
  dispatchLeaves: readonly string[],
  result: OutcomeRecord['result'],
): OutcomeRecord {
  return {
    kind: 'outcome',
    id: id as RecordId,
    request,
    decisionLeaf,
    dispatchLeaves,
    result,
    attempts: [],
    phasesMs: { upstream: 12.4 },
    handedToSocketBytes: 180,
  };
}

/** Signs the tree over the leaves, as a sequencer would that looks at no order: forgeries are signed too. */
export function headOf(
  leaves: readonly Pick<StoredLeaf, 'record' | 'leaf'>[],
  key = logKey,
): LogHead & { note: string } {
  const start = genesis(origin, key, startMs);
  const unordered = leaves.map((each, n) => ({ ...each, writer: `forged/${n}`, writerSequence: 1 }));
  const done = sequence(start.head, unordered, key, startMs + 1_000);
  return done.ok ? { ...done.value.head, note: done.value.batch.note } : { ...start.head, note: start.batch.note };
}

export function planOf(leaves: readonly StoredLeaf[], more: Partial<BundlePlan> = {}): BundlePlan {
  const size = leaves.length;
  const from = more.from ?? 0;
  const to = more.to ?? size;
  const hashes = leaves.map(({ leafHash }) => leafHash);
  const left = new CompactRange();
  for (const hash of hashes.slice(0, from)) left.append(hash);
  return {
    id: idAt(startMs + 60_000, 1),
    tenant,
    origin,
    createdAt: startMs + 3_600_000,
    purpose: 'test',
    requester: 'auditor',
    from,
    to,
    size,
    checkpoint: headOf(leaves).note,
    left: left.frontier(),
    right: coverRange(to, size).map((piece) => rootOf(hashes.slice(piece.start, piece.start + piece.size))),
    keyset: signKeyset(keyset, root),
    enrolments: {
      'gw-1': signEnrolment(
        enrolment(
          { id: 'gw-1', publicKey: rawPublicKey(keyFrom('gw-1')) },
          { workload: 'gateway', build: '0.1.0' },
          startMs - 1_000,
        ),
        authority,
      ),
    },
    gaps: [],
    ...more,
  };
}

export async function bundleOf(plan: BundlePlan, rows: readonly StoredRow[], signer = exporter): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeBundle(plan, stream(rows.slice(plan.from, plan.to)), signer)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* stream(rows: readonly StoredRow[]): AsyncGenerator<StoredRow> {
  for (const row of rows) yield await Promise.resolve(row);
}

export function sourceOf(bytes: Uint8Array) {
  return { length: bytes.length, read: (offset: number, length: number) => bytes.subarray(offset, offset + length) };
}

/** A log of `requests` requests with a deny and an event between. */
export async function exampleLog(requests: number): Promise<TestLog> {
  const made = new TestLog();
  for (let n = 0; n < requests; n += 1) {
    await made.request(n);
    if (n % 3 === 0) await made.denied(n);
    if (n % 4 === 0) await made.event('admin.policy-published', { version: n });
  }
  return made;
}
