import { isDigit, isWordCode } from '../text/characters.js';
import { needOf } from '../text/needs.js';
import { backing, type Emit, isGluedLeft, isGluedRight, type Scene } from './scene.js';
import type { Candidate } from './rule.js';
import { cueTable } from './structured.js';

/** Endings that are files, never mail domains: `icon@2x.png`, `lodash@4.17.21.tgz`. */
const fileEndings = new Set(
  'png jpg jpeg gif svg webp ico pdf js ts mjs cjs jsx tsx json css scss html htm py rb go rs java kt c h cpp hpp cs php sh yml yaml toml xml md txt tgz gz zip tar whl jar exe dll so dylib lock map log local'.split(
    ' ',
  ),
);

function found(
  type: string,
  className: string,
  start: number,
  end: number,
  score: number,
  normal: string,
  strength: 1 | 2 | 3 = 2,
): Candidate {
  return {
    start,
    end,
    class: className,
    type,
    score,
    detector: `internet:${type}`,
    strength,
    cues: [],
    alternatives: [],
    via: [],
    steps: [`syntax: ${score}`],
    normal,
  };
}

const domain = /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}([\p{L}][\p{L}\p{N}-]{0,22}\p{L})/uy;
const addressLiteral = /\[(?:IPv6:[0-9a-fA-F:.]{2,45}|\d{1,3}(?:\.\d{1,3}){3})\]/y;

function isLocalCode(code: number): boolean {
  return isWordCode(code) || "!#$%&'*+-/=?^_`{|}~.".includes(String.fromCharCode(code));
}

/** RFC 5322 addresses without quoted local parts, from each `@` outwards. */
export function findEmails(scene: Scene, emit: Emit): void {
  const { text, tokens } = scene;
  if (!tokens.hasSign(0x40)) return;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < 64 && isLocalCode(text.charCodeAt(start - 1))) start -= 1;
    start = text[at - 1] === '"' ? quotedLocal(text, at) : trimLocal(text, start, at);
    if (start === at) continue;
    const end = domainEnd(text, at + 1);
    if (end === -1) continue;
    const local = text.slice(start, at);
    const host = text.slice(at + 1, end).toLowerCase();
    if (local === 'git' && (text[end] === ':' || text[end] === '/')) continue;
    if (text[start - 1] === ':' && text[start - 2] !== ' ' && text.lastIndexOf('://', start) > start - 80) {
      const scheme = text.lastIndexOf('://', start);
      if (scheme !== -1 && !/\s/.test(text.slice(scheme, start))) continue;
    }
    if (fileEndings.has(host.slice(host.lastIndexOf('.') + 1))) continue;
    emit(found('EMAIL', 'PII', start, end, 950, `${local}@${host}`.toLowerCase()));
  }
}

/** `"john doe"@example.com`: the quoted form of RFC 5322, 3.2.4, on one line. */
function quotedLocal(text: string, at: number): number {
  const opened = text.lastIndexOf('"', at - 2);
  const isWhole = opened !== -1 && at - opened <= 66 && at - opened > 2 && !/[\n:=,;<>]/.test(text.slice(opened, at));
  return isWhole && (opened === 0 || /[\s(<,;:]/.test(text[opened - 1]!)) ? opened : at;
}

function trimLocal(text: string, from: number, at: number): number {
  const local = text.slice(from, at);
  const assigned = Math.max(
    local.lastIndexOf('='),
    local.lastIndexOf('/'),
    local.lastIndexOf("'"),
    local.lastIndexOf('`'),
  );
  let start = from + assigned + 1;
  while (start < at && !isWordCode(text.charCodeAt(start)) && text[start] !== '_') start += 1;
  return text[at - 1] === '.' ? at : start;
}

function domainEnd(text: string, from: number): number {
  if (text[from] === '[') {
    addressLiteral.lastIndex = from;
    return addressLiteral.test(text) ? addressLiteral.lastIndex : -1;
  }
  domain.lastIndex = from;
  return domain.test(text) ? domain.lastIndex : -1;
}

const LONGEST_URL = 2_048;
const noWeb = /[\s<>"'`\\^{|}\u3000-\u303f\uff00-\uffef]/;
const webSigns = new Uint8Array(65_536);
for (let code = 0; code < 65_536; code += 1) webSigns[code] = noWeb.test(String.fromCharCode(code)) ? 0 : 1;

function isWeb(code: number): boolean {
  return webSigns[code] === 1;
}

const schemes = new Set(['http', 'https', 'ftp', 'ftps', 'sftp', 'ws', 'wss', 'ssh', 'git', 'svn', 'file', 's3', 'gs']);
const internalHost =
  /^(?:[^/?#]*@)?(?:localhost|[^/?#:]*\.(?:local|localdomain|internal|intranet|corp|lan|home)|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/i;

const SLASH = 0x2f;
const needOfWww = needOf(/www\./);

/** Addresses inside one address that are looked at: `?next=https://…`. */
const MOST_INSIDE = 8;

/** Addresses with a scheme, and `www.` ones. Trailing punctuation and an unopened bracket stay outside. */
export function findUrls(scene: Scene, emit: Emit): void {
  const { text, tokens, grams } = scene;
  if (!tokens.hasSign(SLASH) && !grams.mayHold(needOfWww)) return;
  const run: UrlRun = { end: 0, seam: -1 };
  let until = 0;
  let inside = 0;
  for (let at = text.indexOf('://'); at !== -1; at = text.indexOf('://', at + 3)) {
    inside = at < until ? inside + 1 : 0;
    if (inside > MOST_INSIDE || !mayBeHost(text.charCodeAt(at + 3))) continue;
    const scheme = schemeBefore(text, at);
    if (scheme !== undefined) until = Math.max(until, emitUrl(scene, at - scheme.length, at + 3, run, emit));
  }
  [run.end, run.seam] = [0, -1];
  for (let at = text.indexOf('www.'); at !== -1; at = text.indexOf('www.', at + 4)) {
    if (at === 0 || !/[\w@/.-]/.test(text[at - 1]!)) emitUrl(scene, at, at, run, emit);
  }
}

function schemeBefore(text: string, at: number): string | undefined {
  let start = at;
  while (start > 0 && at - start < 12 && /[a-z0-9+.-]/i.test(text[start - 1]!)) start -= 1;
  const scheme = text.slice(start, at).toLowerCase();
  return schemes.has(scheme) ? scheme : [...schemes].filter((name) => scheme.endsWith(name)).at(-1);
}

function mayBeHost(code: number): boolean {
  return isWordCode(code) || code === 0x5b || code > 0x7f;
}

/** Where the unbroken run of signs ends that was read last, and the next `](` in it: read once, whoever begins inside. */
interface UrlRun {
  end: number;
  seam: number;
}

/** The end of the address, or 0 when there is none. */
function emitUrl(scene: Scene, start: number, host: number, run: UrlRun, emit: Emit): number {
  const { text } = scene;
  if (host >= run.end) {
    run.end = host;
    while (run.end < text.length && isWeb(text.charCodeAt(run.end))) run.end += 1;
  }
  const stop = Math.min(run.end, host + LONGEST_URL);
  if (stop - host < 2) return 0;
  if (run.seam < host) run.seam = text.indexOf('](', host);
  if (run.seam === -1) run.seam = text.length;
  const end = trimUrl(text, host, stop, run.seam);
  const rest = text.slice(host, end);
  if (rest.length < 3 || !/^[\p{L}\p{N}[]/u.test(rest) || /^\d+$/.test(rest)) return 0;
  if (!/[.:]|^localhost/.test(rest) && host !== start && !rest.includes('/')) return 0;
  const internal = internalHost.test(rest);
  emit(found('URL', internal ? 'INTERNAL' : 'LINK', start, end, internal ? 700 : 900, text.slice(start, end)));
  return end;
}

function trimUrl(text: string, from: number, to: number, seam: number): number {
  let end = to;
  while (end > from) {
    const last = text[end - 1]!;
    if (',.;:!?*_~'.includes(last)) end -= 1;
    else if (last === ')' && count(text, '(', from, end) < count(text, ')', from, end)) end -= 1;
    else if (last === ']' && count(text, '[', from, end) < count(text, ']', from, end)) end -= 1;
    else break;
  }
  return seam + 2 <= end ? seam : end;
}

function count(text: string, sign: string, from: number, to: number): number {
  let total = 0;
  for (let at = text.indexOf(sign, from); at !== -1 && at < to; at = text.indexOf(sign, at + 1)) total += 1;
  return total;
}

const version4 = /(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}(?!\d)/y;
const hexGroups = /[0-9a-fA-F:]{2,45}(?:\.\d{1,3}){0,3}/y;
const hardware =
  /[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}(?![0-9a-fA-F:-])|[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}(?![0-9a-fA-F.])/y;
const quiet = /^(?:0\.|127\.0\.0\.1$|255\.255\.)/;
const addressCues = cueTable.group(
  'ip, ips, ipv4, address, addr, host, server, dns, gateway, subnet, ping, client, remote, peer, nameserver, router, netmask, adresse'.split(
    ', ',
  ),
);
const hardwareCues = cueTable.group(
  'mac, hwaddr, ether, ethernet, hardware, interface, arp, wlan, nic, bssid, device'.split(', '),
);

/** Four small numbers are a version or an object identifier more often than a host. */
function isVersionLike(text: string): boolean {
  if (/^(?:10\.|(\d)\.\1\.\1\.\1$)/.test(text)) return false;
  const parts = text.split('.').map(Number);
  return parts.every((part) => part < 32) || (parts[0]! < 8 && (parts[1]! < 8 || parts.every((part) => part < 64)));
}
const internal4 = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|127\.)/;

const POINT = 0x2e;
const COLON = 0x3a;
const HYPHEN = 0x2d;

/** IPv4 (RFC 791), IPv6 (RFC 4291) and hardware addresses. */
export function findAddresses(scene: Scene, emit: Emit): void {
  const { text, tokens } = scene;
  // What has only points needs a digit.
  if (tokens.codedCount === 0 && !tokens.hasSign(COLON) && !tokens.hasSign(HYPHEN)) return;
  const last = text.length - 1;
  for (let each = 0; each < tokens.notableCount; each += 1) {
    const index = tokens.notable[each]!;
    const start = tokens.start[index]!;
    const end = tokens.end[index]!;
    const next = end <= last ? text.charCodeAt(end) : 0;
    if (next === POINT && end - start <= 4) {
      if (end - start === 4) tryHardware(scene, start, emit);
      else if (isDigit(text.charCodeAt(start))) tryVersion4(scene, start, emit);
    } else if (next === COLON && end - start <= 4) {
      if (!tryHardware(scene, start, emit)) tryVersion6(scene, start, emit);
    } else if (next === HYPHEN && end - start === 2) {
      tryHardware(scene, start, emit);
    } else if (
      start > 1 &&
      text.charCodeAt(start - 1) === COLON &&
      text.charCodeAt(start - 2) === COLON &&
      !/[\w:]/.test(text[start - 3] ?? ' ')
    ) {
      tryVersion6(scene, start - 2, emit);
    }
  }
}

function tryVersion4(scene: Scene, start: number, emit: Emit): void {
  const { text } = scene;
  version4.lastIndex = start;
  const match = version4.exec(text);
  if (!match) return;
  const end = start + match[0].length;
  if (isGluedLeft(text, start, '@/:,') || isGluedRight(text, end, '/:,') || /\.\d/.test(text.slice(end, end + 2)))
    return;
  if (/(?:\bv|\bversion|\brelease|\bver\.?|\/)\s*[:=]?\s*"?$/i.test(text.slice(Math.max(0, start - 14), start))) {
    if (!text.startsWith('://', start - 3)) return;
  }
  const isQuiet = quiet.test(match[0]) || (isVersionLike(match[0]) && !backing(scene, addressCues, start, end));
  const score = isQuiet ? 300 : 900;
  emit(found('IP_ADDRESS', internal4.test(match[0]) ? 'INTERNAL' : 'PII', start, end, score, match[0]));
}

function tryVersion6(scene: Scene, start: number, emit: Emit): void {
  const { text } = scene;
  if (start > 0 && /[\w:.@/-]/.test(text[start - 1]!) && text[start - 1] !== '/') return;
  hexGroups.lastIndex = start;
  const match = hexGroups.exec(text);
  if (!match) return;
  let value = match[0];
  while (/[:.]$/.test(value) && !value.endsWith('::')) value = value.slice(0, -1);
  const end = start + value.length;
  if (/[\w]/.test(text[end] ?? ' ')) return;
  if (isVersion6(value))
    emit(found('IP_ADDRESS', /^f[cde]/i.test(value) ? 'INTERNAL' : 'PII', start, end, 900, value.toLowerCase()));
}

function isVersion6(value: string): boolean {
  const [left, right, ...more] = value.split('::');
  if (more.length > 0 || left === undefined) return false;
  const groups = [...left.split(':'), ...(right ?? '').split(':')].filter((group) => group !== '');
  const tail = groups.at(-1) ?? '';
  const mapped = tail.includes('.') && /^\d{1,3}(\.\d{1,3}){3}$/.test(tail);
  const plain = mapped ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const size = plain.length + (mapped ? 2 : 0);
  if (right === undefined) return size === 8 && left.split(':').every((group) => group !== '');
  if (size > 7 || !/\d/.test(value)) return false;
  return size >= 3 || mapped || /^[0-9a-fA-F]{3,4}$/.test(plain[0] ?? '');
}

function tryHardware(scene: Scene, start: number, emit: Emit): boolean {
  const { text } = scene;
  hardware.lastIndex = start;
  const match = hardware.exec(text);
  if (!match || isGluedLeft(text, start, ':,/') || /^(?:00[:-]){5}00|^(?:ff[:-]){5}ff/i.test(match[0])) return false;
  if (/[0-9a-f]{2}[:-]$/i.test(text.slice(Math.max(0, start - 3), start))) return false;
  const end = start + match[0].length;
  if (isGluedRight(text, end, ':,/')) return false;
  if (!/[0-9]/.test(match[0]) || (match[0][4] === '.' && !/[a-f]/i.test(match[0]))) return false;
  const isDotted = match[0][4] === '.';
  if (isDotted && !backing(scene, hardwareCues, start, end)) return false;
  emit(found('MAC_ADDRESS', 'PII', start, end, 850, match[0].replaceAll(/[^0-9a-f]/gi, '').toLowerCase()));
  return true;
}
