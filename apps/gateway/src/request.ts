import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { forwardedCertificate } from '@writ/identity';
import { err, limits, ok, refuse, type Credential, type Refusal, type Result } from '@writ/domain';

/** A path is taken as it came or not at all: one reading of it for routing, for policy and for the record. */
export function checkPath(url: string): Result<string, Refusal> {
  const path = url.split('?', 1)[0] ?? '';
  const canonical =
    /^\/[A-Za-z0-9._~:/-]*$/.test(path) &&
    !path.includes('//') &&
    !/(^|\/)\.{1,2}(\/|$)/.test(path) &&
    !path.endsWith('.') &&
    !url.includes('#');
  return canonical ? ok(path) : err(refuse('path-not-canonical'));
}

/** Not so many that they hide something, and no bytes that are no text: what is recorded of them must be readable. */
export function checkHeaders(rawHeaders: readonly string[]): Refusal | undefined {
  const isFine = rawHeaders.length <= limits.headers * 2 && rawHeaders.every(isText);
  return isFine ? undefined : refuse('request-malformed', { param: '/' });
}

const beyondAscii = /[\u0080-\u00ff]/;

/** Node reads header bytes as Latin-1, one character each; callers mean UTF-8 or nothing. */
function isText(header: string): boolean {
  return !beyondAscii.test(header) || isUtf8(Buffer.from(header, 'latin1'));
}

/** Only JSON in UTF-8 without coding: what cannot be read cannot be classified. */
export function checkMedia(headers: IncomingHttpHeaders): Refusal | undefined {
  const type = headers['content-type'];
  if (type === undefined || !/^application\/json(;[ ]?charset=utf-8)?$/i.test(type))
    return refuse('unsupported-media', { param: 'content-type' });
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity')
    return refuse('unsupported-media', { param: 'content-encoding' });
  return undefined;
}

export type CredentialReader = (request: IncomingMessage) => Result<Credential, Refusal>;

export interface CredentialPlaces {
  /** Where callers find the gateway: a DPoP proof names that address, which a process behind a balancer cannot see. */
  readonly publicUrl?: string | undefined;
  /** Addresses of the proxies that may hand on a client certificate, in the one header named here. */
  readonly clientCertificateProxies: readonly string[];
  readonly clientCertificateHeader: string;
}

/** Reads credentials where this deployment puts them. From anyone but a listed proxy a certificate header is nothing. */
export function credentialReader(places: CredentialPlaces): CredentialReader {
  const { publicUrl, clientCertificateProxies: proxies, clientCertificateHeader: header } = places;
  return (request) => {
    const path = request.url ?? '';
    const peer = request.socket.remoteAddress ?? '';
    // A listed proxy speaks for its clients alone; the certificate of its own connection is nobody's credential.
    const certificate = proxies.includes(peer)
      ? forwardedCertificate(request.headers, peer, { proxies, header })
      : shownCertificate(request);
    return readCredential(request, {
      url: publicUrl === undefined ? path : new URL(path, publicUrl).href,
      ...(certificate === undefined ? {} : { clientCertificate: certificate }),
    });
  };
}

/** What this connection's own handshake proved possession of. */
function shownCertificate({ socket }: IncomingMessage): Uint8Array | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
}

/** The headers of a credential, in the places where the published SDKs put it. More than one is refused. */
export function readCredential(
  request: IncomingMessage,
  seen: Pick<Credential, 'url' | 'clientCertificate'> = { url: request.url ?? '' },
): Result<Credential, Refusal> {
  const { headers } = request;
  const about = { method: request.method ?? '', ...seen };
  const found: Credential[] = [];
  const authorization = headers.authorization;
  if (authorization !== undefined) {
    const [, scheme, token] = /^(Bearer|DPoP) ([^\s,]+)$/i.exec(authorization) ?? [];
    if (!scheme || !token)
      return err(refuse('credential-invalid', { param: 'authorization', detail: 'header_format' }));
    const proof = headers['dpop'];
    if (scheme.toLowerCase() === 'dpop') {
      if (typeof proof !== 'string')
        return err(refuse('credential-invalid', { param: 'dpop', detail: 'dpop_proof_missing' }));
      found.push({ scheme: 'dpop', token, proof, ...about });
    } else found.push({ scheme: 'bearer', token, ...about });
  }
  for (const name of ['x-api-key', 'x-goog-api-key', 'api-key']) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') found.push({ scheme: 'api-key', token: value, ...about });
  }
  const [only, second] = found;
  if (second && second.token !== only?.token) return err(refuse('credential-invalid', { detail: 'two_credentials' }));
  if (!only)
    return seen.clientCertificate ? ok({ scheme: 'none', token: '', ...about }) : err(refuse('credential-missing'));
  if (only.token.length > limits.credentialBytes)
    return err(refuse('credential-invalid', { detail: 'token_too_large' }));
  return ok(only);
}

/** One header as text, cut to what a record holds. */
export function headerText(headers: IncomingHttpHeaders, name: string, maximum: number): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value.slice(0, maximum) : undefined;
}
