import { createHash, randomUUID } from 'node:crypto';
import { type CryptoKey, type JWK, SignJWT, exportJWK, generateKeyPair } from 'jose';

/** An issuer that cannot be reached: its keys are uploaded. */
export interface TestIssuer {
  readonly jwks: string;
  token(claims: Readonly<Record<string, unknown>>, lifetime?: string): Promise<string>;
}

/** Without a name its tokens have no `iss`, as those of SPIFFE. */
export async function testIssuer(audience: string, issuer?: string): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] });
  return {
    jwks,
    token: (claims, lifetime = '10m') => {
      const token = new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(lifetime);
      return (issuer === undefined ? token : token.setIssuer(issuer)).sign(privateKey);
    },
  };
}

/** A DPoP proof (RFC 9449) for a POST. */
export function proofOf(
  key: CryptoKey,
  jwk: JWK,
  token: string,
  more: { readonly htu: string; readonly ath?: string },
): Promise<string> {
  const ath = createHash('sha256').update(token).digest('base64url');
  return new SignJWT({ htm: 'POST', jti: randomUUID(), ath, ...more })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .setIssuedAt()
    .sign(key);
}
