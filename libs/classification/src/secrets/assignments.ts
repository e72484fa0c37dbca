import type { Emit, Scene } from '../detect/scene.js';
import { enlist, marksOf, SECRET_NAME } from '../text/lexicon.js';
import { ALL_UPPER, hashOf } from '../text/tokens.js';
import { entropyOf, isPlaceholder } from './format.js';
import { secret } from './candidate.js';

/** Last words of names whose value is a credential: `DB_PASSWORD`, `clientSecret`, `x-api-key`. */
const strong =
  'password passwd passphrase pwd secret apikey secretkey accesskey privatekey authtoken accesstoken apitoken clientsecret apisecret bearer credential credentials signingkey encryptionkey masterkey passwort kennwort contraseña senha wachtwoord hasło heslo lösenord adgangskode passord salasana jelszó parola şifre пароль'.split(
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
  ['passe', ['de']],
  ['pat', ['azure', 'github', 'gitlab', 'devops']],
  ['base', ['key']],
]);
/** In front of a `KEY` that opens nothing: `CACHE_KEY`, `PRIMARY_KEY`. */
const harmless = new Set(
  'public primary foreign cache sort partition hash map group sort index row object lookup storage shortcut hot dedup idempotency unique composite registry translation query route state locale i18n license'
    .split(' ')
    .map(hashOf),
);
const keyHash = hashOf('key');
const strongHashes = new Set(strong.map(hashOf));
const pairedHashes = new Map([...paired].map(([word, before]) => [hashOf(word), new Set(before.map(hashOf))]));
const tokenHash = hashOf('token');
enlist([...strongHashes, ...pairedHashes.keys()], SECRET_NAME);

/** What stands between the name and its value: a sign, `is`, a type in front of the sign, the end of a tag. */
const value =
  /["'`]?\]?(?:[ \t]{0,4}:[ \t]{0,2}&?(?:'\w+ )?\w{2,12}|[ \t]\w{3,8})?[ \t]{0,4}(?:(?::|=>|:=|==?|\|\||,|\b(?:is|ist|lautet|est|es)\b:?|\bto\b|(?<=[a-z])>)[ \t]{0,4}|[ \t](?=["'`]))(?:b?["'`]([^"'`\s]{6,256})["'`]|((?:[A-Za-z0-9+/_=.~!@#$%^*-]|&(?!\w{1,40}=)){6,256}))/iy;
/** `ENV NAME value`, `export NAME value`: a blank is the sign. */
const declared = /(?:^|\n)[ \t]{0,8}(?:ENV|ARG|setx?|SET)[ \t]+[\w.-]{0,60}$/;
const afterBlank = /[ \t]{1,4}(?:["']([^"'\s]{6,256})["']|([A-Za-z0-9+/_=.~!@#$%^*-]{8,256}))/y;

/** `name = value` where the name tells a credential and the value looks random. */
export function findAssignments(scene: Scene, emit: Emit): void {
  const { tokens, text } = scene;
  if ((tokens.lists & SECRET_NAME) === 0) return;
  let until = 0;
  for (let index = 0; index < tokens.count; index += 1) {
    if (tokens.start[index]! < until || !isTelling(scene, index)) continue;
    const from = tokens.end[index]!;
    value.lastIndex = from;
    const match = value.exec(text) ?? declaredValue(text, tokens.start[index]!, from);
    if (!match) continue;
    const quoted = match[1] !== undefined;
    if (match[0].length > 64) until = from + match[0].length;
    const found = (match[1] ?? match[2])!.replace(quoted ? /$^/ : /[,.;:)\]}]+$/, '');
    const end = from + match[0].length - (quoted ? 1 : 0) - ((match[1] ?? match[2])!.length - found.length);
    const isOwn = isPassword(text, tokens.start[index]!, from);
    const score = isOwn ? scorePassword(text, from, found, quoted, match[0]) : scoreKey(found, quoted);
    if (score > 0) emit(secret('GENERIC_SECRET', end - found.length, end, score, 'assignment', found));
  }
}

function declaredValue(text: string, start: number, from: number): RegExpExecArray | null {
  if (text[from] !== ' ' || !declared.test(text.slice(Math.max(0, start - 80), start))) return null;
  afterBlank.lastIndex = from;
  return afterBlank.exec(text);
}

function isTelling(scene: Scene, index: number): boolean {
  const { tokens } = scene;
  const hash = tokens.tail[index]!;
  const whole = tokens.hash[index]!;
  const marks = tokens.marks[index]! | (whole === hash ? 0 : marksOf(hash));
  if ((marks & SECRET_NAME) === 0) return false;
  if (strongHashes.has(hash) || strongHashes.has(whole)) return true;
  const before = pairedHashes.get(hash);
  if (!before) return false;
  const gap = index > 0 ? tokens.start[index]! - tokens.end[index - 1]! : 0;
  if (gap === 1 && before.has(tokens.hash[index - 1]!)) return true;
  if (hash === tokenHash && tokens.hash[index] === hash) return true;
  if (hash === keyHash && gap === 1 && isUpperSnake(scene, index)) return !harmless.has(tokens.hash[index - 1]!);
  return tokens.hash[index] !== hash && !isHarmlessCamel(scene, index);
}

/** `AZURE_OPENAI_KEY`: the name of an environment variable. */
function isUpperSnake({ tokens, text }: Scene, index: number): boolean {
  return (
    text[tokens.start[index]! - 1] === '_' &&
    (tokens.flags[index]! & ALL_UPPER) !== 0 &&
    (tokens.flags[index - 1]! & ALL_UPPER) !== 0
  );
}

/** `cacheKey`, `publicKey`. */
function isHarmlessCamel({ tokens, text }: Scene, index: number): boolean {
  const head = /^(.*?)(?:Key|KEY)$/.exec(text.slice(tokens.start[index], tokens.end[index]))?.[1];
  return head !== undefined && harmless.has(hashOf(head.replace(/^.*\p{Ll}(?=\p{Lu})/u, '')));
}

function isPassword(text: string, start: number, end: number): boolean {
  return /pass|pwd|kennwort|contraseña|senha|wachtwoord|hasło|heslo|lösenord|adgangskode|salasana|jelszó|parola|şifre|пароль/i.test(
    text.slice(start, end),
  );
}

function kindsOf(found: string): number {
  return [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(found)).length;
}

function scorePassword(text: string, from: number, found: string, quoted: boolean, whole: string): number {
  if (isPlaceholder(found)) return 0;
  const kinds = kindsOf(found);
  const bits = entropyOf(found);
  if (isRandomLetters(found)) return quoted || /[:=>]/.test(whole) ? 650 : 0;
  const spoken =
    !quoted && !isInStatement(text, from) && !/pass|pwd|secret|user|param|arg|field|input|value/i.test(found);
  if (spoken && kinds >= 2 && /\d/.test(found) && /[A-Za-z]/.test(found) && !/[()[\]]|^v?\d+(?:\.\d+)+/.test(found))
    return kinds >= 3 || /:|=|>|\b(?:is|ist|lautet|est|es)\b/i.test(whole) ? 650 : 0;
  if (isReference(found, quoted)) return 0;
  if (!/[:=>]/.test(whole) && kinds < 3) return 0;
  if (kinds >= 3 || (kinds === 2 && /\d/.test(found) && quoted)) return 750;
  return kinds === 2 && bits > 3 && /\d/.test(found) ? 650 : 0;
}

/** A line of program text, where what stands behind the sign is a name or a type. */
function isInStatement(text: string, from: number): boolean {
  const start = text.lastIndexOf('\n', from - 1) + 1;
  const end = text.indexOf('\n', from);
  const line = text.slice(Math.max(start, from - 120), end === -1 ? from + 160 : Math.min(end, from + 160));
  return /[;{}()[\]]|=>|->|^\s*(?:const|let|var|def|return|if|this|self)\b|\w\.\w+\s*=/.test(line);
}

/** Letters alone whose case goes up and down as no name's does. */
function isRandomLetters(found: string): boolean {
  if (!/^[A-Za-z]{10,64}$/.test(found)) return false;
  const ups = found.match(/[a-z][A-Z]/g)?.length ?? 0;
  const loud = found.match(/[A-Z]{2,}(?=[a-z])/g)?.length ?? 0;
  const vowels = found.match(/[aeiouy]/gi)?.length ?? 0;
  return ups >= 2 && ups + loud >= 3 && vowels < found.length * 0.34;
}

function scoreKey(found: string, quoted: boolean): number {
  if (found.length < 12 || isPlaceholder(found) || isReference(found, quoted)) return 0;
  const kinds = kindsOf(found);
  const bits = entropyOf(found);
  if (!/\d/.test(found) || !/[A-Za-z]/.test(found)) return 0;
  if (/^[0-9a-f-]{36}$/i.test(found)) return 600;
  if (found.length >= 16 && bits >= 3.2) return 820;
  return bits >= 3 && kinds >= 3 ? 650 : 0;
}

/** Code that names a value instead of being one: calls, members, paths, interpolations, words. */
function isReference(found: string, quoted: boolean): boolean {
  if (/^[$%@<{(]|^process\.|^os\.|^env[.[]|^config|^self\.|^this\.|^https?:|^\/|^\.{1,2}\//i.test(found)) return true;
  if (!quoted && /[([]|^[a-z_]+(?:\.[a-z_]+)+$/i.test(found)) return true;
  if (!quoted && /\.\w+\./.test(found) && !(found.length >= 40 && entropyOf(found) > 4.3)) return true;
  if (
    /^[A-Za-z]+(?:[-_.][A-Za-z]+)*$|^[\w$]+(?:\.[\w$*]+|\[[\d*]*\])+$/.test(found) &&
    /[.*[]/.test(found) &&
    !/\d{3}/.test(found)
  )
    return true;
  if (/^[A-Za-z]+(?:[-_][A-Za-z]+)*$|^[a-z]+\d{0,2}(?:[-_.][a-z]+\d{0,2})+$/.test(found)) return true;
  if (!quoted && /^[A-Za-z_]\w*=\w/.test(found)) return true;
  if (!quoted && /^[a-z_]\w*\.[A-Za-z_]\w*$|-$/.test(found)) return true;
  if (!quoted && /^[A-Za-z_$]*\d{1,4}[A-Za-z_$]*$/.test(found) && entropyOf(found) < 3.9) return true;
  return /^[A-Z]+(?:_[A-Z0-9]+)+$/.test(found) || /^v?\d+(?:\.\d+)+/.test(found);
}
