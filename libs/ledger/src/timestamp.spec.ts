import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256, utf8 } from './bytes.js';
import { readTimestamp, timestampRequest } from './timestamp.js';

const scratch = mkdtempSync(join(tmpdir(), 'writ-timestamp-'));
const config = `[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
[ext]
extendedKeyUsage = critical,timeStamping
[req]
distinguished_name = dn
[dn]
`;
const openssl = (...words: readonly string[]) => execFileSync('openssl', words, { cwd: scratch, stdio: 'pipe' });
const certificate = (name: string) => new X509Certificate(readFileSync(join(scratch, `${name}.pem`)));

/** Openssl plays the timestamp authority. */
beforeAll(() => {
  writeFileSync(join(scratch, 'config'), config);
  writeFileSync(join(scratch, 'serial'), '01\n');
  for (const name of ['tsa', 'stranger']) {
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-days', '2'];
    openssl(...request, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-config', 'config', '-extensions', 'ext');
  }
});
afterAll(() => rmSync(scratch, { recursive: true }));

function stamp(digest: Uint8Array): Buffer {
  writeFileSync(join(scratch, 'query'), timestampRequest(digest, Uint8Array.of(0x9f, 1, 2, 3, 4, 5, 6, 7)));
  openssl('ts', '-reply', '-queryfile', 'query', '-config', 'config', '-section', 'here', '-out', 'answer');
  return readFileSync(join(scratch, 'answer'));
}

describe('a timestamp token', () => {
  const digest = sha256(utf8('a checkpoint'));

  it('is granted by openssl for our query, and read with its time', () => {
    const stamped = readTimestamp(stamp(digest), digest, certificate('tsa'));
    expect(stamped?.serial).toBe('02');
    expect(new Date(stamped?.atMs ?? 0).getUTCFullYear()).toBeGreaterThan(2_025);
  });

  it('is refused for another digest, from another authority, and with any byte changed', () => {
    const answer = stamp(digest);
    expect(readTimestamp(answer, sha256(utf8('another')), certificate('tsa'))).toBeUndefined();
    expect(readTimestamp(answer, digest, certificate('stranger'))).toBeUndefined();
    const imprintAt = answer.indexOf(Buffer.from(digest));
    for (const at of [imprintAt, imprintAt + 40, answer.length - 1, answer.length - 100]) {
      const edited = Buffer.from(answer);
      edited[at] = (edited[at] as number) ^ 1;
      expect(readTimestamp(edited, digest, certificate('tsa'))).toBeUndefined();
    }
    expect(readTimestamp(answer.subarray(0, 30), digest, certificate('tsa'))).toBeUndefined();
  });
});
