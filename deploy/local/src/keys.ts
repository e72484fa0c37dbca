import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Keyset, keysetKey, rawPublicKey, signKeyset, statementSigner } from '@writ/ledger';

/** The key files of one deployment, each readable by its owner only. In production they come from a key service. */
export interface DeploymentKeys {
  /** 32 bytes, base64: wraps the tenants' keys. */
  readonly masterKeyFile: string;
  /** Ed25519, PEM. Root: vouches for the others in the keyset. */
  readonly rootKeyFile: string;
  /** Raw Ed25519 public key of the root, base64: what a verifier must be given from outside. */
  readonly rootPublicKeyFile: string;
  /** Enrols the writer keys of gateway, tenant API and worker processes. */
  readonly writerAuthorityKeyFile: string;
  /** Signs checkpoints; the sequencer's. */
  readonly logKeyFile: string;
  readonly logPublicKeyFile: string;
  /** Signs snapshots; the tenant API's. */
  readonly snapshotKeyFile: string;
  readonly snapshotPublicKeyFile: string;
  /** Signs the manifests of exports; the tenant API's. */
  readonly exportKeyFile: string;
  /** Which keys do what, signed by the root. */
  readonly keysetFile: string;
}

const day = 24 * 60 * 60 * 1000;

/** Makes the keys that are missing; those that are there stay. */
export function deploymentKeys(folder: string, logName: string): DeploymentKeys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keys: DeploymentKeys = {
    masterKeyFile: join(folder, 'master.key'),
    rootKeyFile: join(folder, 'root.pem'),
    rootPublicKeyFile: join(folder, 'root.pub'),
    writerAuthorityKeyFile: join(folder, 'writer-authority.pem'),
    logKeyFile: join(folder, 'log.pem'),
    logPublicKeyFile: join(folder, 'log.pub.pem'),
    snapshotKeyFile: join(folder, 'snapshot.pem'),
    snapshotPublicKeyFile: join(folder, 'snapshot.pub.pem'),
    exportKeyFile: join(folder, 'export.pem'),
    keysetFile: join(folder, 'keyset.jws'),
  };
  writeOnce(keys.masterKeyFile, () => randomBytes(32).toString('base64'));
  for (const file of [
    keys.rootKeyFile,
    keys.writerAuthorityKeyFile,
    keys.logKeyFile,
    keys.snapshotKeyFile,
    keys.exportKeyFile,
  ]) {
    writeOnce(file, () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
  writeOnce(keys.rootPublicKeyFile, () => {
    const spki = publicOf(keys.rootKeyFile).export({ type: 'spki', format: 'der' });
    return spki.subarray(spki.length - 32).toString('base64');
  });
  writeOnce(keys.logPublicKeyFile, () => publicPem(keys.logKeyFile));
  writeOnce(keys.snapshotPublicKeyFile, () => publicPem(keys.snapshotKeyFile));
  writeOnce(keys.keysetFile, () => signedKeyset(keys, logName));
  return keys;
}

/** The root says which of the keys signs what; a verifier believes the root alone. */
function signedKeyset(keys: DeploymentKeys, logName: string): string {
  const now = Date.now();
  const window = { from: now - day, until: now + 30 * day };
  const keyset: Keyset = {
    _t: 'writ.keyset/1',
    deployment: logName,
    version: 1,
    issued: now,
    keys: [
      keysetKey('log', rawPublicKey(publicOf(keys.logKeyFile)), window, `${logName}/`),
      keysetKey('writer-ca', rawPublicKey(publicOf(keys.writerAuthorityKeyFile)), window),
      keysetKey('export', rawPublicKey(publicOf(keys.exportKeyFile)), window),
    ],
  };
  const root = createPrivateKey(readFileSync(keys.rootKeyFile, 'utf8'));
  return Buffer.from(signKeyset(keyset, statementSigner(root))).toString('ascii');
}

function publicPem(file: string): string | Buffer {
  return publicOf(file).export({ type: 'spki', format: 'pem' });
}

function publicOf(file: string): KeyObject {
  return createPublicKey(readFileSync(file, 'utf8'));
}

function writeOnce(file: string, content: () => string | Buffer): void {
  if (!existsSync(file)) writeFileSync(file, content(), { mode: 0o600 });
}
