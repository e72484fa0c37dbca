import { X509Certificate } from 'node:crypto';
import { err, ok, refuse, type JsonObject, type Refusal, type Result } from '@writ/domain';
import type { Verified } from './bearer.js';
import { BoundedMap } from './bounded-map.js';
import { boundClaimsMatch } from './checks.js';
import type { Directory, Trust } from './directory.js';
import { subjectOf } from './subject-of-claims.js';
import { sha256Hex } from './token.js';

const clientAuthentication = '1.3.6.1.5.5.7.3.2';
const smallestRsaBits = 2_048;
const pem = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const anchorsOf = new BoundedMap<readonly X509Certificate[]>(1_000);

/** The issuer under which a directory files an mTLS connection: the distinguished name of its certificate authority. */
export function issuerOfAuthority(certificate: string | Uint8Array): string {
  return nameOf(new X509Certificate(certificate).subject);
}

/** The names of every authority in a PEM bundle, each as a directory files it; empty when one of its certificates is none. */
export function authoritiesIn(bundle: string): readonly string[] {
  const found = (bundle.match(pem) ?? []).map((text) => parse(Buffer.from(text)));
  return found.every((each) => each?.ca === true) ? found.map((each) => nameOf(each?.subject ?? '')) : [];
}

/**
 * A TLS client certificate, of which the handshake proved possession. Whose it is follows from the authority that signed it:
 * the name only finds the candidates, the signature under one of a tenant's own authorities decides.
 */
export async function identifyCertificate(
  der: Uint8Array,
  directory: Directory,
  nowMs: number,
): Promise<Result<Verified, Refusal>> {
  const certificate = parse(der);
  if (!certificate) return invalid('certificate_malformed');
  const wrong = wrongWith(certificate, nowMs);
  if (wrong !== undefined) return invalid(wrong);
  const claims = claimsOf(certificate);
  const issuer = nameOf(certificate.issuer);
  const trusts = await directory.find(issuer);
  const signed = trusts.filter((trust) => isFiledHere(trust, issuer) && isSignedByAuthority(certificate, trust, nowMs));
  if (signed.length === 0) return invalid('certificate_untrusted');
  const bound = signed.filter(({ connection }) => boundClaimsMatch(claims, connection));
  const trust = bound[0];
  if (!trust) return invalid('bound_claim');
  if (bound.length > 1) return invalid('connection_ambiguous');
  if (isRevoked(certificate, trust)) return invalid('certificate_revoked');
  const subject = subjectOf(
    {
      claims,
      issuer,
      method: 'mtls',
      credentialThumbprint: sha256Hex(certificate.raw),
      expiresAt: certificate.validToDate.getTime(),
    },
    trust.connection,
  );
  if (!subject.ok) return invalid(subject.error);
  return ok({ subject: subject.value, tenant: trust.tenant });
}

function parse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

function wrongWith(certificate: X509Certificate, nowMs: number): string | undefined {
  if (!isInTime(certificate, nowMs)) return 'certificate_expired';
  if (certificate.ca) return 'certificate_is_authority';
  // Node calls the extended key usage `keyUsage`; one that is absent allows everything, which is too much.
  const usages = certificate.keyUsage as readonly string[] | undefined;
  if (usages?.includes(clientAuthentication) !== true) return 'certificate_usage';
  const { modulusLength } = certificate.publicKey.asymmetricKeyDetails ?? {};
  return modulusLength !== undefined && modulusLength < smallestRsaBits ? 'certificate_weak' : undefined;
}

function isInTime({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs < validToDate.getTime();
}

function isFiledHere({ connection }: Trust, issuer: string): boolean {
  return connection.kind === 'mtls' && connection.issuer === issuer;
}

function isSignedByAuthority(certificate: X509Certificate, { connection }: Trust, nowMs: number): boolean {
  return authorities(connection.settings['trustRoots'] ?? '').some(
    (authority) =>
      authority.ca &&
      isInTime(authority, nowMs) &&
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey),
  );
}

/** Every certificate of the bundle is an authority in its own right; an intermediate must be listed to be trusted. */
function authorities(bundle: string): readonly X509Certificate[] {
  const known = anchorsOf.get(bundle) ?? (bundle.match(pem) ?? []).flatMap((text) => parse(Buffer.from(text)) ?? []);
  anchorsOf.set(bundle, known);
  return known;
}

/** `revoked` lists SHA-256 fingerprints or serial numbers in hex, separated by spaces or commas. */
function isRevoked({ fingerprint256, serialNumber }: X509Certificate, { connection }: Trust): boolean {
  const revoked = (connection.settings['revoked'] ?? '')
    .toLowerCase()
    .replaceAll(':', '')
    .split(/[\s,]+/);
  return [fingerprint256.replaceAll(':', ''), serialNumber].some((name) => revoked.includes(name.toLowerCase()));
}

/** The subject is a name that the authority vouches for, never the free text of a common name. */
function claimsOf(certificate: X509Certificate): JsonObject {
  const uris = alternativeNames(certificate, 'URI');
  const hosts = alternativeNames(certificate, 'DNS');
  const spki = sha256Hex(certificate.publicKey.export({ type: 'spki', format: 'der' }));
  return {
    sub: uris[0] ?? hosts[0] ?? `spki:${spki}`,
    san_uri: uris,
    san_dns: hosts,
    san_email: alternativeNames(certificate, 'email'),
    spki,
    serial: certificate.serialNumber.toLowerCase(),
  };
}

/** Node quotes a name that holds a separator as a JSON string, so that none can pretend to be two. */
function alternativeNames({ subjectAltName }: X509Certificate, kind: string): readonly string[] {
  const entries = (subjectAltName ?? '').matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)/g);
  return [...entries].flatMap(([, name, value]) =>
    name === kind && value !== undefined ? [value.startsWith('"') ? (JSON.parse(value) as string) : value] : [],
  );
}

function nameOf(distinguished: string): string {
  return `x509:${distinguished.split('\n').join(',')}`;
}

function invalid(detail: string): Result<never, Refusal> {
  return err(refuse('credential-invalid', { detail }));
}
