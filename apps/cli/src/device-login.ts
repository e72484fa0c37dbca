import { writeFileSync } from 'node:fs';
import * as oidc from 'openid-client';
import { Refused } from './tenant-api-client.js';

export interface DeviceLogin {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** RFC 8707: for whom the token is, where the issuer asks. */
  readonly resource?: string;
  /** Where the token goes: a file that only its owner reads. */
  readonly save: string;
}

/**
 * RFC 8628: shows an address and a code on standard error, and waits until somebody has signed in there with any browser.
 * Works where there is neither browser nor keyboard but a terminal.
 */
export async function deviceLogin({ issuer, clientId, scope, resource, save }: DeviceLogin): Promise<Date | undefined> {
  const server = new URL(issuer);
  // Plain HTTP is for an issuer on this machine alone.
  const execute = server.protocol === 'http:' && isLoopback(server.hostname) ? [oidc.allowInsecureRequests] : [];
  const config = await oidc.discovery(server, clientId, undefined, oidc.None(), { execute });
  const asked = await oidc.initiateDeviceAuthorization(config, { scope, ...(resource !== undefined && { resource }) });
  const address = asked.verification_uri_complete ?? asked.verification_uri;
  process.stderr.write(`Open ${address} on any device and check that it shows the code ${asked.user_code}\n`);
  const tokens = await oidc.pollDeviceAuthorizationGrant(config, asked).catch((cause: unknown) => {
    throw new Refused(`Nobody signed in there: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  writeFileSync(save, tokens.access_token, { mode: 0o600 });
  const seconds = tokens.expiresIn();
  return seconds === undefined ? undefined : new Date(Date.now() + seconds * 1_000);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '[::1]';
}
