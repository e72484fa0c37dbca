import { type StatementSigner, writeBundle } from '@writ/ledger';
import { type BundleExtras, type PlanePool, bundlePlan, withExport } from '@writ/postgres';
import type { ExportPort } from '../ports.js';

/**
 * Reads a log in one snapshot of the database, as the login that can only read it, and writes the bundle piece by piece:
 * memory stays flat however long the log is.
 */
export function bundleExporter(
  parts: BundleExtras & {
    readonly plane: PlanePool;
    readonly signer: StatementSigner;
    readonly nowMs: () => number;
  },
): ExportPort {
  const { plane, signer, nowMs } = parts;
  return {
    write: (tenant, order, sink) =>
      withExport(plane, tenant, async (reader) => {
        const plan = await bundlePlan(reader, tenant, order, parts, nowMs());
        if (plan === undefined) return false;
        for await (const piece of writeBundle(plan, reader.rows(plan.from, plan.to), signer)) await sink(piece);
        return true;
      }),
  };
}
