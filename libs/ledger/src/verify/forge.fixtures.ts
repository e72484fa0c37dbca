import type { JsonObject } from '@writ/domain';
import { exporter } from '../bundle/log.fixtures.js';
import { tarEnd, tarEntry } from '../bundle/tar.js';
import { sha256, toHex, utf8 } from '../bytes.js';
import { canonicalJson } from '../canonical-json.js';
import { signStatement } from '../keyset.js';
import { Archive } from './archive.js';

/** What an attacker who holds the exporter's key works with: the files of a bundle, in order. */
export type Files = Map<string, Uint8Array>;

export function filesOf(bundle: Uint8Array): Files {
  const archive = new Archive({
    length: bundle.length,
    read: (offset, length) => bundle.subarray(offset, offset + length),
  });
  return new Map(archive.files().map(({ name }) => [name, archive.get(name)]));
}

/** Lists the files anew, changes the manifest if asked, and signs it with the exporter's own key. */
export function forge(files: Files, change: (manifest: JsonObject) => JsonObject = (same) => same): Buffer {
  const old = JSON.parse(Buffer.from(files.get('manifest.json') ?? []).toString('utf8')) as JsonObject;
  const kept = [...files].filter(([name]) => !name.startsWith('manifest.'));
  const listed = kept.map(([name, content]) => ({ name, sha256: toHex(sha256(content)), bytes: content.length }));
  const manifest = change({ ...old, files: listed });
  return Buffer.concat([
    ...kept.map(([name, content]) => tarEntry(name, content)),
    tarEntry('manifest.json', utf8(canonicalJson(manifest))),
    tarEntry('manifest.jws', signStatement('writ-manifest+jws', manifest, exporter)),
    tarEnd,
  ]);
}

export function changed(content: Uint8Array | undefined, change: (bytes: Buffer) => void): Uint8Array {
  const bytes = Buffer.from(content ?? []);
  change(bytes);
  return bytes;
}
