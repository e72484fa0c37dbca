import { generateKeyPairSync } from 'node:crypto';
import { expect } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import {
  type EventRecord,
  type KeysetKey,
  type LedgerAlarm,
  type LogContext,
  type Report,
  type VerifyOptions,
  type WitnessPolicy,
  keysetKey,
  logSigner,
  signKeyset,
  statementSigner,
  verifyBundle,
} from '@writ/ledger';
import { systemClock } from '@writ/platform';
import {
  type EnrolledLedger,
  type EnrolledLedgerOptions,
  type ExportOrder,
  type PlanePool,
  enrolledLedger,
  originOf,
  schemaOf,
  sequencerStore,
} from '@writ/postgres';
import { bundleExporter } from '@writ/tenant-api';
import { type Anchor, Sequencer, passStartGate, takeEpoch } from '@writ/worker';
import type { Client } from 'pg';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import { aRecordId } from './leaves.js';
import { aLog, aPermitRecord, anOutcomeRecord } from './records.js';

export const deployment = 'ledger.example.org';
const keyOf = () => generateKeyPairSync('ed25519').privateKey;
const dayMs = 86_400_000;
export const durably = { level: 'committed', deadlineMs: 5_000 } as const;

/** A real Postgres with a real writer, sequencer and exporter, and the keys of one deployment. */
export class LedgerGround {
  readonly root = statementSigner(keyOf());
  readonly authority = statementSigner(keyOf());
  readonly exporter = statementSigner(keyOf());
  readonly logKey = logSigner(keyOf());
  readonly alarms: LedgerAlarm[] = [];
  readonly problems: string[] = [];
  readonly known = new Map<string, number>();
  #reading: PlanePool | undefined;
  #gateway: PlanePool | undefined;

  #admin: Client;

  private constructor(
    readonly database: TestDatabase,
    admin: Client,
  ) {
    this.#admin = admin;
  }

  get admin(): Client {
    return this.#admin;
  }

  /** After a restart of the server: the superuser's session is another. */
  async reconnect(): Promise<void> {
    this.#admin = await this.database.session('postgres');
  }

  static async open(settings: readonly string[] = []): Promise<LedgerGround> {
    const database = await startDatabase(settings);
    return new LedgerGround(database, await database.session('postgres'));
  }

  /** A ledger as a gateway process has it, once its writer is enrolled. */
  async gateway(witnesses?: WitnessPolicy, more: Partial<EnrolledLedgerOptions> = {}): Promise<EnrolledLedger> {
    const own = enrolledLedger({
      plane: this.database.plane('writ_gateway'),
      authority: this.authority,
      kind: 'gateway',
      settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
      clock: systemClock,
      logKeys: () => [this.logKey.publicKey],
      ...(witnesses === undefined ? {} : { witnesses }),
      onAlarm: (alarm) => void this.alarms.push(alarm),
      onProblem: () => undefined,
      ...more,
    });
    await eventually(async () => {
      const { rows } = await this.admin.query('SELECT state FROM ledger.writer WHERE id = $1', [own.writer()]);
      expect(rows).toEqual([{ state: 'active' }]);
    });
    return own;
  }

  sequencer(anchor?: Anchor, nowMs: () => number = () => Date.now()): Sequencer {
    const store = sequencerStore(this.database.plane('writ_sequencer', 2));
    const onProblem = (problem: string): void => void this.problems.push(problem);
    const logKeys = [this.logKey.publicKey];
    return new Sequencer({
      store,
      key: this.logKey,
      clock: { ...systemClock, nowMs },
      gate: async (published) => {
        if (anchor) await passStartGate({ store, anchor, logKeys, onProblem }, published);
      },
      onPublished: (heads) =>
        anchor?.stream(
          heads.map(({ tenant, origin, batch }) => ({
            tenant,
            origin,
            size: batch.sizeAfter,
            root: Buffer.from(batch.root).toString('base64'),
            note: batch.note,
          })),
        ),
      onProblem,
    });
  }

  epoch(anchor: Anchor): Promise<number | undefined> {
    const store = sequencerStore(this.database.plane('writ_sequencer', 2));
    const parts = { store, anchor, key: this.logKey, logKeys: [this.logKey.publicKey], origin: `${deployment}/epochs` };
    return takeEpoch(parts, this.known);
  }

  async logOf(tenant: TenantContext): Promise<LogContext> {
    this.#gateway ??= this.database.plane('writ_gateway', 1);
    return { ...aLog(tenant), origin: (await originOf(this.#gateway, tenant.tenant)) ?? '' };
  }

  /** A permit and its outcome, `count` times, not yet sequenced. */
  async write(own: EnrolledLedger, tenant: TenantContext, count: number): Promise<void> {
    const log = await this.logOf(tenant);
    await Promise.all(
      Array.from({ length: count }, async () => {
        const permit = aPermitRecord();
        const receipt = await own.ledger.commit(log, permit, durably);
        if (!receipt.ok) throw new Error(receipt.error);
        const outcome = anOutcomeRecord(permit.request, receipt.value.leafHash);
        expect((await own.ledger.commit(log, outcome, durably)).ok).toBe(true);
      }),
    );
  }

  async event(
    own: EnrolledLedger,
    tenant: TenantContext,
    name: string,
    fields: EventRecord['fields'],
  ): Promise<EventRecord> {
    const event: EventRecord = { kind: 'event', id: aRecordId(), name, actor: 'alice@example.com', fields };
    expect((await own.ledger.commit(await this.logOf(tenant), event, durably)).ok).toBe(true);
    return event;
  }

  keyset(revoked?: KeysetKey['revoked']): Uint8Array {
    const window = { from: Date.now() - dayMs, until: Date.now() + dayMs };
    const keys = [
      { ...keysetKey('log', this.logKey.publicKey, window, `${deployment}/`), ...(revoked ? { revoked } : {}) },
      keysetKey('writer-ca', this.authority.publicKey, window),
      keysetKey('export', this.exporter.publicKey, window),
    ];
    return signKeyset({ _t: 'writ.keyset/1', deployment, version: 1, issued: Date.now(), keys }, this.root);
  }

  /** What the tenant API exports for a range of time; everything unless told otherwise. */
  async bundle(
    tenant: TenantContext,
    range: Partial<ExportOrder> & { readonly keyset?: Uint8Array; readonly policy?: Uint8Array } = {},
  ): Promise<Buffer> {
    this.#reading ??= this.database.plane('writ_exporter', 2);
    const exporter = bundleExporter({
      plane: this.#reading,
      signer: this.exporter,
      keyset: range.keyset ?? this.keyset(),
      policy: range.policy,
      contentKey: async (of) => (await this.logOf(of)).contentKey,
      nowMs: () => Date.now(),
    });
    const pieces: Uint8Array[] = [];
    const order = { id: 'a3bb189e-8bf9-4888-9912-ace4e6543099', purpose: 'test', requester: 'alice' };
    const isWritten = await exporter.write(
      tenant,
      { ...order, fromMs: 0, toMs: Date.now() + dayMs, ...range },
      async (piece) => {
        pieces.push(piece);
      },
    );
    expect(isWritten).toBe(true);
    return Buffer.concat(pieces);
  }

  verify(bundle: Uint8Array, options: Omit<VerifyOptions, 'root'> = {}): Promise<Report> {
    return verifyBundle(sourceOf(bundle), { root: this.root.publicKey, ...options });
  }

  /** What a superuser does who first disables the triggers of the tenant's tables. */
  async tamper(tenant: TenantContext, statement: string): Promise<void> {
    const schema = schemaOf(tenant.tenant);
    for (const table of ['record', 'batch', 'hold'])
      await this.admin.query(`ALTER TABLE ${schema}.${table} DISABLE TRIGGER ALL`);
    await this.admin.query(statement.replaceAll('$schema', schema));
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

export function sourceOf(bundle: Uint8Array) {
  return {
    length: bundle.length,
    read: (offset: number, length: number): Uint8Array => bundle.subarray(offset, offset + length),
  };
}

export async function settle(sequencer: Sequencer): Promise<void> {
  while ((await sequencer.tick()).kind === 'committed');
}
