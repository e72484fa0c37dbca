import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** An RFC 3161 authority over HTTP; `openssl ts` makes and signs its tokens. */
export class OpensslTimestampAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'writ-tsa-'));
  readonly #server: Server;

  constructor(subject = 'tsa') {
    writeFileSync(join(this.#folder, 'config'), config);
    writeFileSync(join(this.#folder, 'serial'), '01\n');
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${subject}`, '-days', '2'];
    this.#openssl(...request, '-keyout', 'tsa.key', '-out', 'tsa.pem', '-config', 'config', '-extensions', 'ext');
    this.#server = createServer((asked, response) => {
      const chunks: Buffer[] = [];
      asked.on('data', (chunk: Buffer) => chunks.push(chunk));
      asked.on('end', () => {
        writeFileSync(join(this.#folder, 'query'), Buffer.concat(chunks));
        this.#openssl('ts', '-reply', '-queryfile', 'query', '-config', 'config', '-section', 'here', '-out', 'answer');
        response.writeHead(200, { 'content-type': 'application/timestamp-reply' });
        response.end(readFileSync(join(this.#folder, 'answer')));
      });
    });
  }

  get certificateFile(): string {
    return join(this.#folder, 'tsa.pem');
  }

  get certificate(): X509Certificate {
    return new X509Certificate(readFileSync(this.certificateFile));
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/tsa`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
    rmSync(this.#folder, { recursive: true });
  }

  #openssl(...words: readonly string[]): void {
    execFileSync('openssl', words, { cwd: this.#folder, stdio: 'pipe' });
  }
}
