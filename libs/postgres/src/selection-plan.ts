import type { JsonObject } from '@writ/domain';
import { type BundlePlan, type CitedRecord, ProofGatherer, citedFiles, disclose } from '@writ/ledger';
import type { ExportOrder } from './export-order.js';
import type { ExportReader } from './export-store.js';
import type { ExportSelection, SelectedRecord } from './selection-store.js';

/** A selection of records as the log holds them, with the checkpoint that all their proofs lead to. */
export type SelectionParts = Pick<
  BundlePlan,
  'from' | 'to' | 'left' | 'right' | 'size' | 'checkpoint' | 'enrolments' | 'selection' | 'gaps'
> & { readonly files: Readonly<Record<string, Uint8Array>> };

/**
 * The selected records, each with a proof of its own under one checkpoint of `size` leaves: one pass over the leaf hashes of the
 * log gathers all proofs.
 */
export async function selectionParts(
  reader: ExportReader,
  { selection, disclose: fields = [] }: Pick<ExportOrder, 'disclose'> & { readonly selection: ExportSelection },
  records: readonly SelectedRecord[],
  { size, checkpoint }: { readonly size: number; readonly checkpoint: string },
  contentKey: Uint8Array | undefined,
): Promise<SelectionParts> {
  const proofs = new ProofGatherer(
    records.map(({ index }) => index),
    size,
  );
  for await (const hash of reader.hashes(0, size)) proofs.append(hash);
  const gathered = proofs.proofs();
  const cited = records.map((record): CitedRecord => {
    const { index, leaf, sealed } = record;
    return { index, leaf, sealed, proof: gathered.get(index) ?? [], open: openOf(record, fields, contentKey) };
  });
  return {
    from: 0,
    to: 0,
    left: [],
    right: await reader.left(size),
    size,
    checkpoint,
    gaps: [],
    enrolments: await reader.enrolmentsOf([...new Set(records.map(({ writer }) => writer))]),
    selection: saidOf(selection, fields),
    files: citedFiles(cited, checkpoint),
  };
}

/** What a record discloses; nothing once its key was destroyed, and for a record that seals none of the fields. */
function openOf(
  { leaf, sealed, wrappedKey }: SelectedRecord,
  fields: readonly string[],
  contentKey: Uint8Array | undefined,
): CitedRecord['open'] {
  if (fields.length === 0 || sealed === undefined || wrappedKey === undefined) return undefined;
  if (contentKey === undefined) throw new Error('nothing is disclosed without the content key of the tenant');
  const open = disclose({ leaf, sealed, wrappedKey }, contentKey, (field) => fields.includes(field));
  return open !== undefined && Object.keys(open).length > 0 ? open : undefined;
}

/** For the manifest: handles and names, no person. */
function saidOf(
  { subjectRef, endpoint, route, class: name, records }: ExportSelection,
  fields: readonly string[],
): JsonObject {
  return {
    ...(subjectRef === undefined ? {} : { subject_ref: subjectRef }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(route === undefined ? {} : { route }),
    ...(name === undefined ? {} : { class: name }),
    ...(records === undefined ? {} : { records: [...records] }),
    disclosed: [...fields],
  };
}
