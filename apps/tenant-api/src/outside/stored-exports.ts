import { unlessAbsent } from '@writ/platform';
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { TenantContext } from '@writ/domain';
import type { Control } from '@writ/postgres/control';
import type { StoredExportPort } from '../ports.js';

/** Pieces in which a stored bundle is handed on. */
const pieceBytes = 1024 * 1024;

interface Stored {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Bundles that a worker has finished, from the folder where it keeps them; none without one. The path is made from tenant and
 * export alone, whatever the database says. The last piece leaves when size and digest are those that were noted, so a file that
 * was altered is never whole.
 */
export function storedExports(control: Control, folder: string | undefined): StoredExportPort {
  return {
    async write(tenant, id, sink) {
      if (folder === undefined) return false;
      const stored = await storedOf(control, tenant, id);
      const file = await open(join(folder, tenant.tenant, `${id}.tar`)).catch(unlessAbsent);
      if (file === undefined) return false;
      try {
        if (stored === undefined || (await file.stat()).size !== stored.bytes) return false;
        await hand(stored, sink, file);
        return true;
      } finally {
        await file.close();
      }
    },
  };
}

async function hand(
  { bytes, sha256 }: Stored,
  sink: (piece: Uint8Array) => Promise<void>,
  file: FileHandle,
): Promise<void> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes;) {
    const length = Math.min(pieceBytes, bytes - at);
    // oxlint-disable-next-line no-await-in-loop -- piece after piece bounds the memory
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
    if (bytesRead !== length) throw new Error('the stored bundle ended before its end');
    hash.update(buffer);
    at += length;
    if (at === bytes && hash.digest('hex') !== sha256)
      throw new Error('the stored bundle is not the one that was made');
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sink(buffer);
  }
}

function storedOf(control: Control, tenant: TenantContext, id: string): Promise<Stored | undefined> {
  return control.inTenant(tenant, async (tx) => {
    const text =
      'SELECT bytes, sha256 FROM control.export_progress WHERE tenant_id = $1 AND export_id = $2 AND sha256 IS NOT NULL';
    const [row] = (await tx.client.query(text, [tx.tenantId, id])).rows;
    return row && { bytes: Number(row['bytes']), sha256: String(row['sha256']) };
  });
}
