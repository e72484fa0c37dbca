import { type Result, err, ok } from '@writ/domain';

/** What an opaque id names. The prefix is for people who read logs; callers must not take it apart. */
export const idKinds = {
  Tenant: 'ten',
  Domain: 'dom',
  IdentityProvider: 'idp',
  Member: 'mem',
  DirectoryGroup: 'grp',
  App: 'app',
  AppKey: 'key',
  ProviderCredential: 'crd',
  Endpoint: 'ep',
  Baa: 'baa',
  EndpointSet: 'set',
  Alias: 'ali',
  Budget: 'bud',
  LimitRule: 'lim',
  Price: 'prc',
  Policy: 'pol',
  Approval: 'apr',
  Change: 'chg',
  Export: 'exp',
  Job: 'job',
  Review: 'rev',
  Sink: 'snk',
  Record: 'rec',
  Hold: 'hld',
  SignUp: 'sgn',
  TermUpload: 'upl',
} as const;

export type IdKind = keyof typeof idKinds;

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** `prefix_` and the UUID in lower-case base32 (RFC 4648, without padding). */
export function toId(kind: IdKind, uuid: string): string {
  let number = BigInt(`0x${uuid.replaceAll('-', '')}`) << 2n;
  let text = '';
  for (let at = 0; at < 26; at++) {
    text = alphabet[Number(number & 31n)]! + text;
    number >>= 5n;
  }
  return `${idKinds[kind]}_${text}`;
}

const shape = /^([a-z]{2,4})_([a-z2-7]{26})$/;

export function fromAnyId(id: string): Result<{ kind: IdKind; uuid: string }, 'malformed'> {
  const match = shape.exec(id);
  const kind = Object.entries(idKinds).find(([, prefix]) => prefix === match?.[1])?.[0] as IdKind | undefined;
  if (!match || !kind) return err('malformed');
  let number = 0n;
  for (const letter of match[2]!) number = (number << 5n) | BigInt(alphabet.indexOf(letter));
  if ((number & 3n) !== 0n) return err('malformed');
  const hex = (number >> 2n).toString(16).padStart(32, '0');
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  return ok({ kind, uuid });
}

/** The UUID of an id of this kind. An id of another kind is as unknown as a random one. */
export function fromId(kind: IdKind, id: string): string | undefined {
  const parsed = fromAnyId(id);
  return parsed.ok && parsed.value.kind === kind ? parsed.value.uuid : undefined;
}
