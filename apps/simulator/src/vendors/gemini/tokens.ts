import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { json, type Reply } from '../../reply.js';
import type { Call, Vendor } from '../../vendor.js';

const email = 'writ@simulated-project.iam.gserviceaccount.com';
const path = '/oauth2/token';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const issued = new Map<string, number>();
const lifeSeconds = 3_600;

/** The key file of the simulated service account, as the cloud's console gives it out. `root` is the simulator's address. */
export function serviceAccount(root: string): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'simulated-project',
    private_key_id: 'simulated-key',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: email,
    token_uri: `${root}${path}`,
  });
}

/** True for an access token that the token endpoint gave out and that has not ended. */
export function isIssued(token: string): boolean {
  return (issued.get(token) ?? 0) > Date.now();
}

/** The token endpoint (RFC 7523): an assertion signed by the service account for an access token. */
export const googleTokens: Vendor = {
  name: 'google-tokens',
  owns: (asked) => asked === path,
  modelOf: () => '',
  keyOf: () => '',
  error: (status, code, message) => json(status, { error: code ?? 'invalid_grant', error_description: message }),
  async answer(call) {
    const type = call.headers['content-type'] ?? '';
    const form = new URLSearchParams(call.text);
    if (call.method !== 'POST' || type !== 'application/x-www-form-urlencoded')
      return googleTokens.error(400, 'invalid_request', 'Send a form.');
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      return googleTokens.error(400, 'unsupported_grant_type', 'Invalid grant_type.');
    return await exchange(form.get('assertion') ?? '', `http://${call.headers.host ?? ''}${call.path}`, call);
  },
};

async function exchange(assertion: string, audience: string, call: Call): Promise<Reply> {
  try {
    const { payload } = await jwtVerify(assertion, publicKey, { algorithms: ['RS256'], issuer: email, audience });
    const life = (payload.exp ?? 0) - (payload.iat ?? 0);
    if (payload['scope'] !== 'https://www.googleapis.com/auth/cloud-platform' || life <= 0 || life > 3_600)
      return googleTokens.error(400, 'invalid_scope', 'Invalid scope or lifetime.');
  } catch {
    return googleTokens.error(400, 'invalid_grant', `Invalid JWT Signature for ${call.path}.`);
  }
  const token = `ya29.simulated-${issued.size + 1}`;
  issued.set(token, Date.now() + lifeSeconds * 1_000);
  return json(200, { access_token: token, expires_in: lifeSeconds - 1, token_type: 'Bearer' });
}
