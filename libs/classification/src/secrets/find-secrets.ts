import { backing, type Emit, type Scene } from '../detect/scene.js';
import { cueTable } from '../detect/structured.js';
import { firstGrams, GramSet } from '../text/grams.js';
import { needOf } from '../text/needs.js';
import { secret } from './candidate.js';
import { entropyOf, isPlaceholder, type SecretFormat } from './format.js';
import { secretFormats } from './formats.js';
import { findAssignments } from './assignments.js';
import { findMarked, findSpoken } from './marked.js';

interface Indexed {
  readonly format: SecretFormat;
  readonly start: string;
  /** The code of its third character; `ANY` when it has none. */
  readonly third: number;
  readonly cueGroup: number | undefined;
}

const ANY = -1;

/** The first three signs of all formats, so that most words cost one look-up. */
const heads = new GramSet();
/** By the first two characters. */
const byPair = new Map<number, Indexed[]>();

/** Formats that are a telling name and a value: only the value is the finding. */
const named = new Set(secretFormats.filter((format) => format.pattern.source.includes('[:=')));
const leading = /^[A-Za-z_][\w. -]*["']?\s{0,3}[:= ]\s{0,3}["']?/;

function pairOf(text: string, at: number): number {
  return (text.charCodeAt(at) << 16) | text.charCodeAt(at + 1);
}

for (const format of secretFormats) {
  const cueGroup = format.cues ? cueTable.group(format.cues) : undefined;
  for (const start of format.starts) {
    for (const gram of firstGrams(start)) heads.add(gram);
    const third = start.length > 2 ? start.charCodeAt(2) : ANY;
    byPair.set(pairOf(start, 0), [...(byPair.get(pairOf(start, 0)) ?? []), { format, start, third, cueGroup }]);
  }
}

/** Credentials: vendors' formats by their beginning, key blocks, JSON web tokens, and values assigned to telling names. */
export function findSecrets(scene: Scene, emit: Emit): void {
  const { text, tokens } = scene;
  for (let index = 0; index < tokens.count; index += 1) {
    const start = tokens.start[index]!;
    if (start + 8 > text.length) break;
    if (!heads.has(tokens.head[index]!)) continue;
    const entries = byPair.get(pairOf(text, start));
    if (!entries) continue;
    const third = text.charCodeAt(start + 2);
    for (const entry of entries) if (entry.third === ANY || entry.third === third) tryFormat(scene, entry, start, emit);
  }
  findKeyBlocks(scene, emit);
  findWebTokens(scene, emit);
  findUserInfo(scene, emit);
  findMarked(scene, emit);
  findSpoken(scene, emit);
  findAssignments(scene, emit);
}

function tryFormat(scene: Scene, entry: Indexed, start: number, emit: Emit): void {
  const { text } = scene;
  const { format } = entry;
  if (!text.startsWith(entry.start, start) || (start > 0 && /[\w-]/.test(text[start - 1]!) && text[start - 1] !== '_'))
    return;
  const support = entry.cueGroup === undefined ? undefined : backing(scene, entry.cueGroup, start, start + 20);
  if (entry.cueGroup !== undefined && !support) return;
  format.pattern.lastIndex = start;
  const match = format.pattern.exec(text);
  if (!match) return;
  const lead = named.has(format) ? (leading.exec(match[0])?.[0].length ?? 0) : 0;
  const scheme = format.type.endsWith('WEBHOOK')
    ? (/https?:\/\/[\w.-]{0,64}$/i.exec(text.slice(Math.max(0, start - 80), start))?.[0].length ?? 0)
    : 0;
  const value = match[0].slice(lead);
  const body = lead > 0 ? value : value.slice(entry.start.length);
  if (isPlaceholder(body) || (format.entropy !== undefined && entropyOf(body) < format.entropy)) return;
  if (new Set(body).size < 6) return;
  emit(
    secret(
      format.type,
      start + lead - scheme,
      start + lead + value.length,
      format.score ?? 950,
      `format:${format.type}`,
      value,
      support?.words,
    ),
  );
}

const blockKinds =
  /-----BEGIN ((?:RSA |EC |DSA |OPENSSH |ENCRYPTED |ANY |PGP )?PRIVATE KEY(?: BLOCK)?|SSH2 ENCRYPTED PRIVATE KEY)-----/y;

/** Private keys in PEM or PGP framing; without an end, everything that looks like its body up to 8 KB. */
function findKeyBlocks(scene: Scene, emit: Emit): void {
  const { text } = scene;
  const unended = new Set<string>();
  let runEnd = 0;
  let covered = 0;
  for (let at = text.indexOf('-----BEGIN '); at !== -1; at = text.indexOf('-----BEGIN ', at + 11)) {
    blockKinds.lastIndex = at;
    const match = blockKinds.exec(text);
    if (!match) continue;
    const ending = `-----END ${match[1]!}-----`;
    const stop = unended.has(ending) ? -1 : text.indexOf(ending, at);
    if (stop === -1) unended.add(ending);
    const from = at + match[0].length;
    const isUnended = stop === -1 || stop - at > 16_384;
    // One more beginning of the same kind inside a block without an end is part of it.
    if (isUnended && at < covered) continue;
    // Read once for all blocks that begin in the same run.
    if (isUnended && from > runEnd) runEnd = bodyEnd(text, from);
    const body = isUnended ? Math.min(runEnd, from + 8_192) : stop + ending.length;
    if (body - from < 40) continue;
    // Zeros of a length field are letters A in base64: every OpenSSH key begins with some.
    const head = text.slice(from, Math.min(body, at + 120)).replaceAll(/\s|(?<=A)A+/g, '');
    if (isPlaceholder(head)) continue;
    emit(secret('PRIVATE_KEY', at, body, 980, 'framing:private-key', text.slice(at, body)));
    if (isUnended) covered = body;
  }
}

const blockBody = /(?:[A-Za-z0-9+/=]|\\n|\\r|\s|[,:-])*/y;

function bodyEnd(text: string, from: number): number {
  blockBody.lastIndex = from;
  blockBody.test(text);
  return Math.max(blockBody.lastIndex, from);
}

const webToken = /eyJ[A-Za-z0-9_-]{10,600}\.eyJ[A-Za-z0-9_-]{4,6000}\.[A-Za-z0-9_-]{0,1400}/y;

const needOfWebToken = needOf(/eyJ/);

/** RFC 7519: the header must decode to JSON with `alg` or `enc`. */
function findWebTokens(scene: Scene, emit: Emit): void {
  const { text, grams } = scene;
  if (!grams.mayHold(needOfWebToken)) return;
  for (let at = text.indexOf('eyJ'); at !== -1; at = text.indexOf('eyJ', at + 3)) {
    webToken.lastIndex = at;
    const match = webToken.exec(text);
    if (!match) continue;
    const header = Buffer.from(match[0].slice(0, match[0].indexOf('.')), 'base64url').toString('latin1');
    if (!/^\{.*"(?:alg|enc|typ)"\s*:/s.test(header)) continue;
    emit(secret('JWT', at, at + match[0].length, 930, 'framing:jwt', match[0]));
    at += match[0].length - 3;
  }
}

const SLASH = 0x2f;
const userInfo = /[^\s/:@"'<>`]{0,128}:([^\s/@"'<>`]{3,256})@[\w[.-]/y;

/** RFC 3986 user information with a password: `postgres://user:password@host`. */
function findUserInfo(scene: Scene, emit: Emit): void {
  const { text, tokens } = scene;
  if (!tokens.hasSign(SLASH)) return;
  for (let at = text.indexOf('://'); at !== -1; at = text.indexOf('://', at + 3)) {
    userInfo.lastIndex = at + 3;
    const match = userInfo.exec(text);
    if (!match) continue;
    const password = match[1]!;
    if (match[0].startsWith(':') && password.includes(':')) continue;
    if (isPlaceholder(password) || /^[$%{<[]|^(?:password|pass|pwd|secret|user|port|\d{1,5})$/i.test(password))
      continue;
    const start = at + 3 + match[0].indexOf(`:${password}@`) + 1;
    emit(secret('URL_CREDENTIAL', start, start + password.length, 850, 'framing:user-info', password));
  }
}
