/** How a trusted proxy in front of the gateway hands the client's certificate on. */
export interface ForwardedCertificate {
  /** Addresses of the proxies, exactly as the socket reports them. */
  readonly proxies: readonly string[];
  /** The one header they set, in lower case: `client-cert` (RFC 9440), `x-forwarded-client-cert`, `x-ssl-client-cert`. */
  readonly header: string;
}

const longest = 16_384;

/**
 * The DER of the client's certificate, when a listed proxy vouches for it in the one configured header; undefined otherwise.
 * From anyone else the header is nothing. A header that is sent twice is nothing either: one of the two is not the proxy's.
 */
export function forwardedCertificate(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  peerAddress: string,
  { proxies, header }: ForwardedCertificate,
): Uint8Array | undefined {
  const value = headers[header];
  if (!proxies.includes(peerAddress) || typeof value !== 'string' || value.length > longest) return undefined;
  switch (header) {
    case 'client-cert':
      return decodeBase64(/^:([A-Za-z0-9+/]+={0,2}):$/.exec(value)?.[1]);
    case 'x-forwarded-client-cert':
      return decodePem(/^(?:[^,]*;)?Cert="([^",;]+)"(?:;[^,]*)?$/.exec(value)?.[1]);
    default:
      return decodePem(value);
  }
}

function decodePem(text: string | undefined): Uint8Array | undefined {
  const plain = text === undefined ? undefined : decodePercent(text);
  const body = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/.exec(plain ?? '')?.[1];
  return decodeBase64(body?.replace(/\s/g, ''));
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function decodeBase64(text: string | undefined): Uint8Array | undefined {
  return text === undefined || text === '' ? undefined : Buffer.from(text, 'base64');
}
