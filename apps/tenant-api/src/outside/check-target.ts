import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Result, err, ok } from '@writ/domain';
import { checkUrl, isPublicAddress } from '@writ/platform';

/**
 * Refuses a tenant's URL when it is written: by its form, and by every address that its name has now. The egress guard
 * checks again at each connection, since a name may be pointed elsewhere later.
 */
export function targetCheck(allowHosts: readonly string[]): (text: string) => Promise<Result<URL, string>> {
  return async (text) => {
    const checked = checkUrl(text, allowHosts);
    if (!checked.ok) return err(`This address may not be dialled: ${checked.error}.`);
    const url = checked.value;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    if (isIP(host) !== 0 || allowHosts.includes(`${host}:${port}`)) return ok(url);
    const addresses = await lookup(host, { all: true }).catch(() => []);
    if (addresses.length === 0) return err('The name of this address does not resolve; correct it or its DNS record.');
    return addresses.every(({ address }) => isPublicAddress(address))
      ? ok(url)
      : err('This address may not be dialled: its name resolves to an address that is not public.');
  };
}
