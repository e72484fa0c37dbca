import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Credential, err, refuse } from '@writ/domain';
import { createLog } from '@writ/platform';
import { credentialReader } from './request.js';
import { createServer, type ServerDependencies } from './server.js';
import { surfaces } from './surfaces.js';

const folder = mkdtempSync(join(tmpdir(), 'writ-tls-'));
const seen: Credential[] = [];
let server: Awaited<ReturnType<typeof createServer>>;

beforeAll(async () => {
  for (const name of ['server', 'client']) {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
    const args = ['req', '-x509', ...key, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${name}`];
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  }
  const ports = {
    identity: {
      identify: (credential: Credential) => {
        seen.push(credential);
        return Promise.resolve(err(refuse('credential-invalid')));
      },
    },
    security: { refused: () => undefined },
  } as unknown as ServerDependencies['ports'];
  server = await createServer({
    ports,
    log: createLog('test', 'error'),
    surfaces,
    observe: () => undefined,
    isDraining: () => false,
    credentialOf: credentialReader({ clientCertificateProxies: [], clientCertificateHeader: 'client-cert' }),
    tls: { cert: read('server.pem'), key: read('server.key') },
  });
  await server.listen(0, '127.0.0.1');
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

function models(options: object): Promise<number | undefined> {
  const { port } = server.getHttpServer().address() as AddressInfo;
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const about = { port, host: '127.0.0.1', path: '/v1/models', rejectUnauthorized: false, agent: false, ...options };
  request(about, (response) => {
    response.resume();
    resolve(response.statusCode);
  })
    .on('error', reject)
    .end();
  return promise;
}

describe('the TLS listener', () => {
  it('P1, P6: takes the certificate that the handshake proved, and no header in its place', async () => {
    const headers = { 'client-cert': `:${new X509Certificate(read('server.pem')).raw.toString('base64')}:` };
    expect(await models({ cert: read('client.pem'), key: read('client.key'), headers })).toBe(401);
    const own = new X509Certificate(read('client.pem')).raw;
    expect(seen.map(({ clientCertificate }) => Buffer.from(clientCertificate ?? []))).toEqual([own]);
    expect(await models({ headers })).toBe(401);
    expect(seen).toHaveLength(1);
  });
});
