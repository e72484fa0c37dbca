import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher } from 'undici';

export type Checked = { readonly ok: true; readonly value: URL } | { readonly ok: false; readonly error: string };

export interface EgressRules {
  /** Exact `host:port` pairs that the operator allows although their address is private. Empty means none. */
  readonly allowHosts: readonly string[];
}

/** Every range that is not the public Internet (IANA special-purpose registries), metadata services among them. */
const forbidden4 = new BlockList();
const forbidden6 = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  forbidden4.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  forbidden6.addSubnet(net, bits, 'ipv6');

/** True for an address that may be dialled without the operator's word: a public unicast one. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !forbidden4.check(address, 'ipv4');
  return family === 6 && !forbidden6.check(address, 'ipv6');
}

/**
 * Checks a tenant's URL when it is written: https, no user info, no fragment, a name or a public address. A private
 * address or plain http needs its exact `host:port` on the operator's list. Names are checked again when dialled.
 */
export function checkUrl(text: string, allowHosts: readonly string[]): Checked {
  const url = URL.parse(text);
  if (!url) return { ok: false, error: 'not a URL' };
  if (url.username || url.password) return { ok: false, error: 'a URL must not carry user information' };
  if (url.hash) return { ok: false, error: 'a URL must not carry a fragment' };
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { ok: false, error: 'only https is allowed' };
  const host = url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (allowHosts.includes(`${host}:${portOf(url)}`)) return { ok: true, value: url };
  if (url.protocol === 'http:')
    return { ok: false, error: 'plain http needs the operator to allow this host and port' };
  const isAddress = isIP(host) !== 0;
  if (isAddress && !isPublicAddress(host))
    return { ok: false, error: 'the address is not public; the operator can allow this host and port' };
  if (!isAddress && !isPublicName(host)) return { ok: false, error: 'the host is not a public name' };
  return { ok: true, value: url };
}

function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}

function isPublicName(host: string): boolean {
  if (!host.includes('.') || /[^a-z0-9.-]/.test(host)) return false;
  if (host.split('.').some((label) => label.startsWith('xn--'))) return false;
  return !/(^|\.)(localhost|local|internal|intranet|corp|home|lan|arpa)$/.test(host);
}

/**
 * A dispatcher that resolves a name once, refuses when any of its addresses is not public, and connects to the address it
 * checked: a second answer of the name server cannot redirect it. It never follows redirects.
 */
export function guardedDispatcher(
  rules: EgressRules & {
    readonly connectMs: number;
    readonly headersMs?: number;
    readonly bodyIdleMs?: number;
    readonly connections?: number;
  },
): Dispatcher {
  const allowed = new Set(rules.allowHosts);
  const names = new Set(rules.allowHosts.map((pair) => pair.slice(0, pair.lastIndexOf(':'))));
  const guardedLookup: LookupFunction = (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const refused = addresses.find(({ address }) => !names.has(host) && !isPublicAddress(address));
      if (refused || addresses.length === 0) {
        return callback(
          Object.assign(new Error('egress refused: the name resolves to an address that is not public'), {
            code: 'EGRESS_REFUSED',
          }),
          '',
          0,
        );
      }
      if (options.all) return callback(null, addresses);
      return callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
  const agent = new Agent({
    connect: { timeout: rules.connectMs, lookup: guardedLookup },
    headersTimeout: rules.headersMs ?? 60_000,
    bodyTimeout: rules.bodyIdleMs ?? 60_000,
    connections: rules.connections ?? 256,
    pipelining: 1,
    keepAliveTimeout: 10_000,
  });
  const refusals = new Map<string, string | undefined>();
  const guarded = agent.compose((dispatch) => (options, handler) => {
    const origin = String(options.origin);
    // The answer depends on the origin and the rules alone.
    if (!refusals.has(origin)) {
      if (refusals.size >= originsRemembered) refusals.clear();
      refusals.set(origin, refusalOf(origin, rules.allowHosts, allowed));
    }
    const refusal = refusals.get(origin);
    if (refusal !== undefined) throw Object.assign(new Error(`egress refused: ${refusal}`), { code: 'EGRESS_REFUSED' });
    return dispatch(options, handler);
  });
  agents.set(guarded, agent);
  return guarded;
}

const agents = new WeakMap<Dispatcher, Agent>();

/** How the connections of a guarded dispatcher are used at this moment, over all origins; `waiting` are requests without one. */
export function connectionUse(dispatcher: Dispatcher): {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
} {
  let [busy, idle, waiting] = [0, 0, 0];
  for (const { connected, running, pending, ...of } of Object.values(agents.get(dispatcher)?.stats ?? {})) {
    const free = 'free' in of ? of.free : 0;
    busy += Math.max(running, Number(connected) - free);
    idle += free;
    waiting += pending + ('queued' in of ? of.queued : 0);
  }
  return { busy, idle, waiting };
}

const originsRemembered = 4_096;

/** Why this origin may not be dialled; undefined when it may. */
function refusalOf(text: string, allowHosts: readonly string[], allowed: ReadonlySet<string>): string | undefined {
  const origin = checkUrl(text, allowHosts);
  if (!origin.ok) return origin.error;
  const host = hostOf(origin.value);
  const isPrivate = isIP(host) !== 0 && !isPublicAddress(host);
  return isPrivate && !allowed.has(`${host}:${portOf(origin.value)}`) ? 'the address is not public' : undefined;
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
