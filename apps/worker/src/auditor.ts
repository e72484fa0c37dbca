import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { type TenantId, tenantOfJob } from '@writ/domain';
import {
  CompactRange,
  type Finding,
  exitCodes,
  hashLeaf,
  keysetKey,
  openCheckpoint,
  signKeyset,
  statementSigner,
  verifyBundle,
  writeBundle,
} from '@writ/ledger';
import type { Clock } from '@writ/platform';
import { type ExportHead, type ExportReader, type PlanePool, withExport } from '@writ/postgres';

export interface AuditorParts {
  /** Login `writ_exporter`: it only reads. */
  readonly plane: PlanePool;
  readonly tenants: () => Promise<readonly TenantId[]>;
  /** Raw public keys. */
  readonly logKey: Uint8Array;
  readonly authority: Uint8Array;
  readonly clock: Clock;
  readonly holdIntegrity: (tenant: TenantId, reason: string) => Promise<void>;
  /** Guards of append-only tables are off. Only a superuser can do that; what happened meanwhile is what the hashes say. */
  readonly onUnguarded?: (tenant: TenantId, guards: readonly string[]) => void;
  /** Something that is not as it was signed. The log is on hold already when `isHeld`. */
  readonly onFinding: (tenant: TenantId, finding: Finding, isHeld: boolean) => void;
}

/** Rows of one examination: it verifies every signature and is synchronous, so it stays short. */
const rowsAtOnce = 512;
const tileWidth = 256;
const dayMs = 24 * 60 * 60 * 1000;
/** The stored bytes contradict the signed tree. A bad record that the tree does hold stops nobody but is reported. */
const contradictions: ReadonlySet<number> = new Set([
  exitCodes.root,
  exitCodes.gap,
  exitCodes.payload,
  exitCodes.retention,
]);
/** An audit cannot judge these: the decisions of a moment ago are still open, and its keyset is its own. */
const notForAudits: ReadonlySet<number> = new Set([exitCodes.closing, exitCodes.unanchored, exitCodes.witness]);

/**
 * Reads the ledger back as a customer's verifier would, with the verifier itself: every new record once with its
 * signature, and what is stored again and again against the tree. It trusts no copy in memory.
 */
export class Auditor {
  readonly #parts: AuditorParts;
  readonly #examined = new Map<TenantId, number>();
  readonly #root = statementSigner(generateKeyPairSync('ed25519').privateKey);
  readonly #exporter = statementSigner(generateKeyPairSync('ed25519').privateKey);

  constructor(parts: AuditorParts) {
    this.#parts = parts;
  }

  /** The next rows of every log that were not examined yet. Answers whether any log has more. */
  async examineNew(): Promise<boolean> {
    let hasMore = false;
    for (const tenant of await this.#parts.tenants()) {
      // oxlint-disable-next-line no-await-in-loop -- one log after the other bounds the load
      if (await this.#examine(tenant)) hasMore = true;
    }
    return hasMore;
  }

  /** Hashes again what was sequenced since then, in every log, and follows the tree to its signed checkpoint. */
  async rehashSince(timeMs: number): Promise<void> {
    for (const tenant of await this.#parts.tenants()) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      const finding = await this.#read(tenant, async (reader, head) => {
        const from = await reader.indexAt(timeMs);
        const guards = await reader.missingGuards();
        if (guards.length > 0) this.#parts.onUnguarded?.(tenant, guards);
        return this.#rehash(reader, head, from);
      });
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (finding !== undefined) await this.#report(tenant, finding);
    }
  }

  async #examine(tenant: TenantId): Promise<boolean> {
    const examined = this.#examined.get(tenant) ?? 0;
    const result = await this.#read(tenant, async (reader, head) => {
      if (head.size <= examined) return undefined;
      const from = Math.floor(examined / tileWidth) * tileWidth;
      const to = Math.min(head.size, from + rowsAtOnce);
      return { to, hasMore: to < head.size, findings: await this.#verify(tenant, reader, head, from, to) };
    });
    if (result === undefined) return false;
    for (const finding of result.findings) {
      // oxlint-disable-next-line no-await-in-loop -- rare
      await this.#report(tenant, finding);
    }
    this.#examined.set(tenant, result.to);
    return result.hasMore;
  }

  #read<T>(tenant: TenantId, work: (reader: ExportReader, head: ExportHead) => Promise<T>): Promise<T | undefined> {
    return withExport(this.#parts.plane, tenantOfJob(tenant), async (reader) => {
      const head = await reader.head();
      return head === undefined ? undefined : work(reader, head);
    });
  }

  /** Makes the bundle of a range in memory and hands it to the verifier, under a keyset of its own making. */
  async #verify(
    tenant: TenantId,
    reader: ExportReader,
    head: ExportHead,
    from: number,
    to: number,
  ): Promise<readonly Finding[]> {
    const nowMs = this.#parts.clock.nowMs();
    const plan = {
      id: randomUUID(),
      tenant,
      origin: head.origin,
      createdAt: nowMs,
      purpose: 'audit',
      requester: 'auditor',
      from,
      to,
      size: head.size,
      checkpoint: head.checkpoint,
      left: await reader.left(from),
      right: await reader.right(to, head.size),
      keyset: this.#keyset(head.origin, nowMs),
      enrolments: await reader.enrolments(from, to),
      gaps: await reader.gaps(from, to),
    };
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of writeBundle(plan, reader.rows(from, to), this.#exporter)) pieces.push(piece);
    } catch (cause) {
      return [{ code: exitCodes.root, what: cause instanceof Error ? cause.message : String(cause) }];
    }
    const bundle = Buffer.concat(pieces);
    const source = {
      length: bundle.length,
      read: (offset: number, length: number) => bundle.subarray(offset, offset + length),
    };
    const { findings } = await verifyBundle(source, { root: this.#root.publicKey });
    return findings.filter(({ code }) => !notForAudits.has(code));
  }

  #keyset(origin: string, nowMs: number): Uint8Array {
    const window = { from: 0, until: nowMs + dayMs };
    const keys = [
      keysetKey('log', this.#parts.logKey, window, origin),
      keysetKey('writer-ca', this.#parts.authority, window),
      keysetKey('export', this.#exporter.publicKey, window),
    ];
    return signKeyset({ _t: 'writ.keyset/1', deployment: 'audit', version: 1, issued: nowMs, keys }, this.#root);
  }

  async #rehash(reader: ExportReader, head: ExportHead, from: number): Promise<Finding | undefined> {
    const { size, origin } = head;
    const checkpoint = openCheckpoint(head.checkpoint, [this.#parts.logKey]);
    if (checkpoint === undefined || checkpoint.origin !== origin || checkpoint.size !== size)
      return { code: exitCodes.root, what: 'the newest checkpoint is not signed by the log key for this log and size' };
    // Nothing was sequenced since then; a thousand quiet logs cost two questions each.
    if (from >= size) return undefined;
    const range = CompactRange.from(from, await reader.left(from));
    if (range === undefined) return { code: exitCodes.root, what: `the tree has no compact range of ${from} leaves` };
    const gaps = await reader.gaps(from, size);
    const unordered = gaps.find(({ record }) => record === undefined);
    if (unordered !== undefined)
      return { code: exitCodes.gap, index: unordered.from, what: 'a record is gone, and no order says why' };
    let index = from;
    for await (const { leaf, leafHash } of reader.rows(from, size)) {
      if (leaf !== undefined && Buffer.compare(hashLeaf(leaf), leafHash) !== 0)
        return { code: exitCodes.payload, index, what: "the record's bytes are not those that the tree holds" };
      range.append(leafHash);
      index += 1;
    }
    return index === size && Buffer.compare(range.root(), checkpoint.root) === 0
      ? undefined
      : { code: exitCodes.root, what: 'the stored leaf hashes do not lead to the signed checkpoint' };
  }

  async #report(tenant: TenantId, finding: Finding): Promise<void> {
    // A checkpoint that nobody signed has no index; a record that nobody signed has one, and the tree is whole.
    const isHeld =
      contradictions.has(finding.code) || (finding.code === exitCodes.signature && finding.index === undefined);
    if (isHeld)
      await this.#parts.holdIntegrity(
        tenant,
        `${finding.what}${finding.index === undefined ? '' : ` (index ${finding.index})`}`,
      );
    this.#parts.onFinding(tenant, finding, isHeld);
  }
}
