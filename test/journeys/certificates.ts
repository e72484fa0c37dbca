import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const onCurve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A new authority; all of them have the same name, so that only their signatures tell them apart. */
export function certificateAuthority(folder: string, name: string): void {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
  openssl(folder, 'req', '-x509', ...onCurve, ...files, '-days', '2', '-subj', '/O=Mercy/CN=Mercy CA');
}

/** A server's own certificate for 127.0.0.1, which clients are told to trust; its key lies beside it. */
export function serverCertificate(folder: string, name: string): void {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl(folder, 'req', '-x509', ...onCurve, ...files, '-days', '2', ...names);
}

/** A client certificate for `spiffe://mercy.example/<name>`. */
export function leaf(folder: string, authority: string, name: string): X509Certificate {
  openssl(folder, 'req', ...onCurve, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  const extensions = `subjectAltName=URI:spiffe://mercy.example/${name}\nextendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n`;
  writeFileSync(join(folder, `${name}.ext`), extensions);
  const signer = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-set_serial', '7', '-days', '1'];
  openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...signer, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
  return new X509Certificate(pemOf(folder, name));
}

export function keyOf(folder: string, name: string): string {
  return readFileSync(join(folder, `${name}.key`), 'utf8');
}

export function pemOf(folder: string, name: string): string {
  return readFileSync(join(folder, `${name}.pem`), 'utf8');
}

/** RFC 9440. */
export function asProxyHeader(certificate: X509Certificate): { readonly 'client-cert': string } {
  return { 'client-cert': `:${certificate.raw.toString('base64')}:` };
}

function openssl(folder: string, ...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
}
