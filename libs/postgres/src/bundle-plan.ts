import { type TenantContext, limits } from '@writ/domain';
import { type BundlePlan, headProofFile } from '@writ/ledger';
import type { ExportOrder } from './export-order.js';
import type { ExportEpoch, ExportHead, ExportReader } from './export-store.js';
import { selectionParts } from './selection-plan.js';
import type { ExportSelection } from './selection-store.js';

/** What a bundle holds besides what the log says. */
export interface BundleExtras {
  readonly keyset: Uint8Array;
  /** C2SP tlog-policy of the deployment. */
  readonly policy?: Uint8Array | undefined;
  /** Opens what is sealed; asked for only where fields are disclosed. */
  readonly contentKey?: (tenant: TenantContext) => Promise<Uint8Array>;
}

/** Bundles begin at a tile of the tree. */
const tileWidth = 256;

/**
 * The range of indices that holds the time range, with the leaf before and the leaf after it, so that nothing inside can
 * be left out. Undefined while the log has no checkpoint.
 */
export async function bundlePlan(
  reader: ExportReader,
  context: TenantContext,
  order: ExportOrder,
  extras: BundleExtras,
  nowMs: number,
): Promise<BundlePlan | undefined> {
  const newest = await reader.head();
  if (newest === undefined) return undefined;
  const { id, purpose, requester, selection } = order;
  const { keyset, policy } = extras;
  const period = { from: order.fromMs, to: order.toMs };
  const said = { id, tenant: context.tenant, createdAt: nowMs, purpose, requester, period, keyset, policy };
  const contents =
    selection === undefined
      ? await rangeContents(reader, order, newest)
      : await selectedContents(reader, context, { ...order, selection }, newest, extras);
  return { ...said, origin: newest.origin, ...contents };
}

type Contents = Omit<BundlePlan, 'id' | 'tenant' | 'origin' | 'createdAt' | 'purpose' | 'requester' | 'keyset'>;

async function rangeContents(reader: ExportReader, order: ExportOrder, newest: ExportHead): Promise<Contents> {
  const before = Math.max(0, (await reader.indexAt(order.fromMs)) - 1);
  const epoch = await reader.epoch();
  // A bundle that the outside vouches for ends where the outside has seen the log: some seconds before now.
  const seen = epoch !== undefined && before < epoch.head.size ? epoch : undefined;
  const { size, checkpoint } = seen?.head ?? newest;
  const from = Math.floor(before / tileWidth) * tileWidth;
  const to = Math.min(size, (await reader.indexAt(order.toMs)) + 1);
  return {
    from,
    to,
    size,
    checkpoint,
    left: await reader.left(from),
    right: await reader.right(to, size),
    gaps: await reader.gaps(from, to),
    enrolments: await reader.enrolments(from, to),
    ...(seen === undefined ? {} : { attachments: epochFiles(seen) }),
  };
}

/** Under the head that the outside has seen where it holds them all, else under the newest. */
async function selectedContents(
  reader: ExportReader,
  context: TenantContext,
  order: ExportOrder & { readonly selection: ExportSelection },
  newest: ExportHead,
  { contentKey }: BundleExtras,
): Promise<Contents> {
  const key = (order.disclose ?? []).length === 0 ? undefined : await contentKey?.(context);
  const epoch = await reader.epoch();
  const places = await reader.select(order.selection, order, newest.size, limits.exportSelection);
  const last = places.at(-1)?.index ?? -1;
  const seen = epoch !== undefined && last < epoch.head.size ? epoch : undefined;
  const { files, ...contents } = await selectionParts(reader, order, places, seen?.head ?? newest, key);
  return { ...contents, attachments: { ...files, ...(seen === undefined ? {} : epochFiles(seen)) } };
}

function epochFiles({ proof, note, token }: ExportEpoch): Readonly<Record<string, Uint8Array>> {
  const name = `epochs/${proof.number}`;
  return {
    [`${name}.note`]: Buffer.from(note),
    [`${name}.head-proof`]: headProofFile(proof),
    ...(token === undefined ? {} : { [`${name}.tsr`]: token }),
  };
}
