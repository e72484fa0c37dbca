import type { TenantContext } from '@writ/domain';
import { type BundlePlan, headProofFile } from '@writ/ledger';
import type { ExportEpoch, ExportReader } from './export-store.js';

/** What a bundle is asked for. */
export interface ExportOrder {
  readonly id: string;
  readonly purpose: string;
  /** Digest of who asked; the name stands sealed in the log. */
  readonly requester: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Bundles begin at a tile of the tree. */
const tileWidth = 256;

/**
 * The range of indices that holds the time range, with the leaf before and the leaf after it, so that nothing inside can
 * be left out. Undefined while the log has no checkpoint.
 */
export async function bundlePlan(
  reader: ExportReader,
  { tenant }: TenantContext,
  order: ExportOrder,
  keyset: Uint8Array,
  nowMs: number,
): Promise<BundlePlan | undefined> {
  const newest = await reader.head();
  if (newest === undefined) return undefined;
  const before = Math.max(0, (await reader.indexAt(order.fromMs)) - 1);
  const epoch = await reader.epoch();
  // A bundle that the outside vouches for ends where the outside has seen the log: some seconds before now.
  const seen = epoch !== undefined && before < epoch.head.size ? epoch : undefined;
  const { origin, size, checkpoint } = seen?.head ?? newest;
  const from = Math.floor(before / tileWidth) * tileWidth;
  const to = Math.min(size, (await reader.indexAt(order.toMs)) + 1);
  const range = { from, to, size, left: await reader.left(from), right: await reader.right(to, size) };
  const contents = { gaps: await reader.gaps(from, to), enrolments: await reader.enrolments(from, to), keyset };
  const { id, purpose, requester } = order;
  const attachments = seen === undefined ? {} : { attachments: epochFiles(seen) };
  return {
    id,
    tenant,
    origin,
    createdAt: nowMs,
    purpose,
    requester,
    checkpoint,
    ...range,
    ...contents,
    ...attachments,
  };
}

function epochFiles({ proof, note, token }: ExportEpoch): Readonly<Record<string, Uint8Array>> {
  const name = `epochs/${proof.number}`;
  return {
    [`${name}.note`]: Buffer.from(note),
    [`${name}.head-proof`]: headProofFile(proof),
    ...(token === undefined ? {} : { [`${name}.tsr`]: token }),
  };
}
