import type { Emit, Scene } from '../detect/scene.js';
import { hashOf } from '../text/tokens.js';
import { entropyOf, isPlaceholder } from './format.js';
import { secret } from './candidate.js';

/** Last words of names whose value is a credential: `DB_PASSWORD`, `clientSecret`, `x-api-key`. */
const strong =
  'password passwd passphrase pwd secret apikey secretkey accesskey privatekey authtoken accesstoken apitoken clientsecret apisecret bearer credential credentials signingkey encryptionkey masterkey'.split(
    ' ',
  );
/** Words that need one of these in front of them: `api key`, `access token`. */
const paired = new Map<string, readonly string[]>([
  [
    'key',
    'api secret access private auth encryption signing master service account client app storage shared license subscription admin'.split(
      ' ',
    ),
  ],
  [
    'token',
    'api access auth bearer refresh secret bot deploy personal session id app admin service oauth ci registry'.split(
      ' ',
    ),
  ],
  ['pass', 'db mysql postgres redis smtp mail ftp admin user root database'.split(' ')],
  ['pat', ['azure', 'github', 'gitlab', 'devops']],
]);
const strongHashes = new Set(strong.map(hashOf));
const pairedHashes = new Map([...paired].map(([word, before]) => [hashOf(word), new Set(before.map(hashOf))]));
const tokenHash = hashOf('token');

const value =
  /["'`]?\]?[ \t]{0,4}(?:(?::|=>|:=|==?|\|\||,|\bis\b:?|\bto\b)[ \t]{0,4}|[ \t](?=["'`]))(?:b?["'`]([^"'`\s]{6,256})["'`]|([A-Za-z0-9+/_=.~!@#$%^*-]{8,256}))/y;

/** `name = value` where the name tells a credential and the value looks random. */
export function findAssignments(scene: Scene, emit: Emit): void {
  const { tokens, text } = scene;
  let until = 0;
  for (let index = 0; index < tokens.count; index += 1) {
    if (tokens.start[index]! < until || !isTelling(scene, index)) continue;
    const from = tokens.end[index]!;
    value.lastIndex = from;
    const match = value.exec(text);
    if (!match) continue;
    const quoted = match[1] !== undefined;
    if (match[0].length > 64) until = from + match[0].length;
    const found = (match[1] ?? match[2])!.replace(quoted ? /$^/ : /[,.;:)\]}]+$/, '');
    const end = from + match[0].length - (quoted ? 1 : 0) - ((match[1] ?? match[2])!.length - found.length);
    const score = scoreOf(found, quoted, isPassword(text, tokens.start[index]!, from), match[0]);
    if (score > 0) emit(secret('GENERIC_SECRET', end - found.length, end, score, 'assignment', found));
  }
}

function isTelling(scene: Scene, index: number): boolean {
  const { tokens } = scene;
  const hash = tokens.tail[index]!;
  if (strongHashes.has(hash) || strongHashes.has(tokens.hash[index]!)) return true;
  const before = pairedHashes.get(hash);
  if (!before) return false;
  const gap = index > 0 ? tokens.start[index]! - tokens.end[index - 1]! : 0;
  if (gap === 1 && before.has(tokens.hash[index - 1]!)) return true;
  if (hash === tokenHash && tokens.hash[index] === hash) return true;
  return tokens.hash[index] !== hash;
}

function isPassword(text: string, start: number, end: number): boolean {
  return /pass|pwd/i.test(text.slice(start, end));
}

function scoreOf(found: string, quoted: boolean, password: boolean, whole: string): number {
  if (isPlaceholder(found) || isReference(found, quoted)) return 0;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(found)).length;
  const bits = entropyOf(found);
  if (password) {
    const assigned = /[:=]/.test(whole);
    if (!assigned && kinds < 3) return 0;
    return kinds >= 3 || (kinds === 2 && /\d/.test(found) && quoted)
      ? 750
      : kinds === 2 && bits > 3 && /\d/.test(found)
        ? 650
        : 0;
  }
  if (found.length < 12 || !/\d/.test(found) || !/[A-Za-z]/.test(found)) return 0;
  if (/^[0-9a-f-]{36}$/i.test(found)) return 600;
  if (found.length >= 16 && bits >= 3.2) return 820;
  return bits >= 3 && kinds >= 3 ? 650 : 0;
}

/** Code that names a value instead of being one: calls, members, paths, interpolations, words. */
function isReference(found: string, quoted: boolean): boolean {
  if (/^[$%@<{(]|^process\.|^os\.|^env[.[]|^config|^self\.|^this\.|^https?:|^\/|^\.{1,2}\//i.test(found)) return true;
  if (!quoted && /[([]|\.\w+\.|^[a-z_]+(?:\.[a-z_]+)+$/i.test(found)) return true;
  if (/^[A-Za-z]+(?:[-_.][A-Za-z]+)*$/.test(found)) return true;
  if (!quoted && /^[a-z_]\w*\.[A-Za-z_]\w*$|-$/.test(found)) return true;
  if (!quoted && /^[A-Za-z_$]*\d{1,4}[A-Za-z_$]*$/.test(found) && entropyOf(found) < 3.9) return true;
  return /^[A-Z]+(?:_[A-Z0-9]+)+$/.test(found) || /^v?\d+(?:\.\d+)+/.test(found);
}
