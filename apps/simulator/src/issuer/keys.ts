import { exportJWK, generateKeyPair, type JWK } from 'jose';

/** Private JWKs, one per algorithm. Issuers list the newest first; older ones stay so that earlier tokens verify. */
export async function makeKeys(generation: number): Promise<readonly JWK[]> {
  const made: JWK[] = [];
  for (const alg of ['RS256', 'ES256']) {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    made.push({ ...(await exportJWK(privateKey)), kid: `${alg.toLowerCase()}-${generation}`, alg, use: 'sig' });
  }
  return made;
}
