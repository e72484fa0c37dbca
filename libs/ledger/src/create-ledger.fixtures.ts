import { expect } from '@jest/globals';
import { type RecordId, type RequestId, type TenantId, tenantOfJob } from '@writ/domain';
import { createHash, createPrivateKey } from 'node:crypto';
import { type LedgerAlarm } from './commit-slot.js';
import { createLedger } from './create-ledger.js';
import type { LedgerParts } from './ledger-parts.js';
import { toHex } from './bytes.js';
import { parseRecord } from './signed-record.js';
import type { AppendOutcome, LedgerStore, LogContext, StoredLeaf } from './ledger.js';
import type { EventRecord, OutcomeRecord } from './record.js';
import { rawPublicKey, writerSigner } from './signer.js';

export const writerKey = keyFrom('writer');
export const logKey = keyFrom('log');

export function keyFrom(seed: string) {
  const raw = createHash('sha256').update(seed).digest();
  return createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), raw]),
    format: 'der',
    type: 'pkcs8',
  });
}

export const id = (n: number) => `01990000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

export function logOf(n: number): LogContext {
  const tenant = id(n) as TenantId;
  return {
    tenant: tenantOfJob(tenant),
    origin: `writ.example/log/${tenant}`,
    hmacKey: new Uint8Array(32).fill(1),
    contentKey: new Uint8Array(32).fill(2),
    keep: 'y6',
  };
}

export const event = (n: number): EventRecord => ({
  kind: 'event',
  id: id(n) as RecordId,
  name: 'admin.policy-published',
  actor: 'alice@example.com',
  fields: { version: n },
});

export const outcome = (n: number): OutcomeRecord => ({
  kind: 'outcome',
  id: id(n) as RecordId,
  request: id(n) as RequestId,
  decisionLeaf: '00'.repeat(32),
  dispatchLeaves: [],
  result: 'completed',
  attempts: [],
  phasesMs: {},
  handedToSocketBytes: 0,
});

/** A clock that moves only when told to. */
export class HandClock {
  now = 1_790_000_000_000;
  #timers: { at: number; fire: () => void }[] = [];
  nowMs = () => this.now;
  monotonicMs = () => this.now;
  after(ms: number) {
    const { promise: elapsed, resolve: fire } = Promise.withResolvers<void>();
    const timer = { at: this.now + ms, fire };
    this.#timers.push(timer);
    return { elapsed, cancel: () => void (this.#timers = this.#timers.filter((one) => one !== timer)) };
  }
  async advance(ms: number) {
    this.now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.now);
    this.#timers = this.#timers.filter(({ at }) => at > this.now);
    for (const { fire } of due) fire();
    await settle();
  }
}

export async function settle() {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** Answers what the script says, then `durable`; keeps what is durable. */
export class ScriptedStore implements LedgerStore {
  readonly calls: (readonly StoredLeaf[])[] = [];
  readonly stored = new Map<RecordId, StoredLeaf>();
  script: ((leaves: readonly StoredLeaf[]) => AppendOutcome | Promise<AppendOutcome>)[] = [];
  findFails = 0;
  keep(leaves: readonly StoredLeaf[]) {
    for (const leaf of leaves) if (!this.stored.has(leaf.record)) this.stored.set(leaf.record, leaf);
  }
  async append(leaves: readonly StoredLeaf[]): Promise<AppendOutcome> {
    this.calls.push(leaves);
    const step = this.script.shift();
    const answer: AppendOutcome = step ? await step(leaves) : { kind: 'durable' };
    if (answer.kind === 'durable') this.keep(leaves);
    return answer;
  }
  async find(_tenant: TenantId, record: RecordId) {
    if (this.findFails > 0) {
      this.findFails -= 1;
      throw new Error('no answer');
    }
    return Promise.resolve(this.stored.get(record)?.leafHash);
  }
  inclusion?: NonNullable<LedgerStore['inclusion']>;
  witnessed?: NonNullable<LedgerStore['witnessed']>;
}

export const writer = writerSigner('gw-1', writerKey);

export function start(more: Partial<LedgerParts> = {}, isEnrolled = true) {
  const store = new ScriptedStore();
  const clock = new HandClock();
  const alarms: LedgerAlarm[] = [];
  let counter = 0;
  const ledger = createLedger({
    store,
    clock,
    ...(isEnrolled ? { writer } : {}),
    random: (length) => new Uint8Array(length).fill((counter += 1) % 256),
    settings: { build: { version: '0.1.0' }, environment: 'test', clock: { source: 'system', errorMs: 50 } },
    logKeys: () => [rawPublicKey(logKey)],
    onAlarm: (alarm) => void alarms.push(alarm),
    ...more,
  });
  return { store, clock, ledger, alarms };
}

export const how = { level: 'committed', deadlineMs: 1_000 } as const;
export const payloadOf = (leaf: StoredLeaf) =>
  JSON.parse(Buffer.from(parseRecord(leaf.leaf)?.payload ?? []).toString('utf8')) as Record<string, unknown>;

/** Every (log, lane) starts at 1, has no gap, and names the leaf before, or the one before its batch. */
export function expectGapless(leaves: Iterable<StoredLeaf>) {
  const ends = new Map<string, { sequence: number; hash: string; previous: unknown; signature: string }>();
  const sorted = [...leaves].toSorted((left, right) => left.writerSequence - right.writerSequence);
  for (const leaf of sorted) {
    const lane = `${leaf.tenant} ${leaf.writer}`;
    const end = ends.get(lane) ?? { sequence: 0, hash: '00'.repeat(32), previous: '', signature: '' };
    const signature = toHex(parseRecord(leaf.leaf)?.signature ?? new Uint8Array());
    const previous = signature === end.signature ? end.previous : end.hash;
    expect(leaf.writerSequence).toBe(end.sequence + 1);
    expect(payloadOf(leaf)['prev']).toBe(previous);
    ends.set(lane, { sequence: leaf.writerSequence, hash: toHex(leaf.leafHash), previous, signature });
  }
  return ends.size;
}
