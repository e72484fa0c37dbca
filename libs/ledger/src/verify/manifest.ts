import type { JsonObject, JsonValue } from '@writ/domain';
import { sameBytes, sha256, toHex } from '../bytes.js';
import { parseJws } from '../jws.js';
import type { Archive } from './archive.js';
import { type Finding, Unreadable, exitCodes } from './findings.js';
import { isCount, isObject, isText } from './strict-json.js';
import { type Trust, keysFor, openStatement } from './trust.js';

export interface Manifest {
  readonly bundle: string;
  readonly tenant: string;
  readonly origin: string;
  readonly created: number;
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly files: readonly JsonValue[];
}

/** The exporter's list of everything in the bundle, signed. */
export function readManifest(archive: Archive, trust: Trust): Manifest {
  const statement = archive.get('manifest.jws');
  const kid = parseJws(statement, 'writ-manifest+jws')?.keyId;
  const key = trust.keys.find((one) => one.use === 'export' && one.kid === kid);
  if (!key) throw new Unreadable(exitCodes.signature, 'manifest.jws is not signed by an exporter of the keyset');
  const manifest = openStatement(statement, 'writ-manifest+jws', key.publicKey, 'manifest.jws');
  const payload = parseJws(statement, 'writ-manifest+jws')?.payload ?? new Uint8Array();
  if (!sameBytes(payload, archive.get('manifest.json'))) {
    throw new Unreadable(exitCodes.format, 'manifest.json is not what manifest.jws signs');
  }
  const whole = manifestOf(manifest);
  if (!keysFor(trust, 'export', whole.created).includes(key) || (key.revoked && whole.created >= key.revoked.at)) {
    throw new Unreadable(exitCodes.signature, 'the exporter key was not valid when the bundle was made');
  }
  return whole;
}

function manifestOf(manifest: JsonObject): Manifest {
  const { bundle, tenant, origin, created, from, to, size, files } = manifest;
  const isNamed = manifest['_t'] === 'writ.bundle/1' && isText(bundle) && isText(tenant) && isText(origin);
  if (!isNamed || !isCount(created) || !isCount(from) || !isCount(to) || !isCount(size) || !Array.isArray(files)) {
    throw new Unreadable(exitCodes.format, 'manifest.json is not a writ.bundle/1');
  }
  return { bundle, tenant, origin, created, from, to, size, files: files as readonly JsonValue[] };
}

/** The files of the tar are exactly those of the manifest, in its order. */
export function expectListedFiles(archive: Archive, manifest: Manifest): void {
  const names = archive.files().map(({ name }) => name);
  const listed = manifest.files.map((file) => (isObject(file) && isText(file['name']) ? file['name'] : ''));
  const expected = [...listed, 'manifest.json', 'manifest.jws'];
  const at = expected.findIndex((name, place) => name !== names[place]);
  if (at >= 0 || names.length !== expected.length) {
    const name = at >= 0 ? expected[at] : names[expected.length];
    throw new Unreadable(exitCodes.format, `the files of the tar are not those of the manifest, at ${String(name)}`);
  }
}

/** Told last: a changed file is mostly named by what it holds before. */
export function checkFileHashes(archive: Archive, manifest: Manifest): readonly Finding[] {
  const findings: Finding[] = [];
  for (const file of manifest.files) {
    const { name, sha256: hash, bytes } = isObject(file) ? file : {};
    const content = isText(name) ? archive.get(name) : new Uint8Array();
    if (content.length === bytes && toHex(sha256(content)) === hash) continue;
    findings.push({
      code: exitCodes.format,
      what: `the file ${isText(name) ? name : '?'} is not the one that the manifest lists`,
    });
  }
  return findings;
}
