import type { TenantContext } from '@writ/domain';
import { type BundlePlan, type StatementSigner, headProofFile, writeBundle } from '@writ/ledger';
import { type ExportEpoch, type ExportReader, type PlanePool, withExport } from '@writ/postgres';
import type { ExportOrder, ExportPort } from '../ports.js';

/** Bundles begin at a tile of the tree. */
const tileWidth = 256;

/**
 * Reads a log in one snapshot of the database, as the login that can only read it, and writes the bundle piece by piece:
 * memory stays flat however long the log is.
 */
export function bundleExporter(parts: {
  readonly plane: PlanePool;
  readonly signer: StatementSigner;
  readonly keyset: Uint8Array;
  readonly nowMs: () => number;
}): ExportPort {
  const { plane, signer, keyset, nowMs } = parts;
  return {
    write: (tenant, order, sink) =>
      withExport(plane, tenant, async (reader) => {
        const plan = await planOf(reader, tenant, order, keyset, nowMs());
        if (plan === undefined) return false;
        for await (const piece of writeBundle(plan, reader.rows(plan.from, plan.to), signer)) await sink(piece);
        return true;
      }),
  };
}

/**
 * The range of indices that holds the time range, with the leaf before and the leaf after it, so that nothing inside can
 * be left out. Undefined while the log has no checkpoint.
 */
async function planOf(
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
