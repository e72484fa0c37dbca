import type { Emit, Scene } from '../detect/scene.js';
import { packNeed } from '../text/grams.js';
import { needOf } from '../text/needs.js';
import { secret } from './candidate.js';
import { entropyOf, isPlaceholder } from './format.js';

interface Marked {
  readonly type: string;
  /** Stands in the middle or at the end of the credential. */
  readonly mark: string;
  /** How far in front of the mark the credential begins. */
  readonly before: number;
  readonly pattern: RegExp;
}

/** Credentials that are known by what stands in their middle. From the vendors' public format pages. */
const marked: readonly Marked[] = [
  { type: 'MAILCHIMP_KEY', mark: '-us', before: 32, pattern: /[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9])/y },
  { type: 'NEW_RELIC_KEY', mark: 'NRAL', before: 36, pattern: /[0-9a-f]{36}NRAL(?![A-Za-z0-9])/y },
  {
    type: 'TERRAFORM_CLOUD_TOKEN',
    mark: '.atlasv1.',
    before: 14,
    pattern: /[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,80}/y,
  },
  { type: 'AZURE_CLIENT_SECRET', mark: 'Q~', before: 4, pattern: /[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}/y },
];

const marks = marked.map((each) => ({ ...each, need: packNeed([[each.mark]]) }));

export function findMarked({ text, grams }: Scene, emit: Emit): void {
  for (const { type, mark, before, pattern, need } of marks) {
    if (!grams.mayHold(need)) continue;
    for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + mark.length)) {
      const start = at - before;
      if (start < 0 || (start > 0 && /\w/.test(text[start - 1]!))) continue;
      pattern.lastIndex = start;
      const found = pattern.exec(text)?.[0];
      if (found !== undefined && !isPlaceholder(found))
        emit(secret(type, start, start + found.length, 940, `format:${type}`, found));
    }
  }
}

/** `Authorization: Bearer …` (RFC 6750), `Basic …` (RFC 7617), a line of `.netrc`, and what command lines take as a password. */
const spoken =
  /\b(?:(bearer)[ \t]+(?:token[ :=]+)?["']?([A-Za-z0-9._~+/-]{20,2000}={0,2})|(basic)[ \t]+([A-Za-z0-9+/]{8,400}={0,2})|curl\b[^\n|]{0,200}?[ \t](?:-u|--user)[= \t]+["']?[^\s:"']{1,64}:([^\s"']{4,128})|machine[ \t\n]+\S{1,128}[ \t\n]+login[ \t\n]+\S{1,128}[ \t\n]+password[ \t\n]+(\S{4,128})|(?:sshpass|mysql(?:dump|admin)?|mariadb|psql|mongo(?:sh|dump)?|redis-cli|htpasswd|docker login|az login|sqlcmd|ldapsearch)\b[^\n|]{0,120}?[ \t](?:-p|-a|-w|-P|--password|--pass)(?:[= \t]+)?["']?([^\s"'-][^\s"']{5,128}))/gi;

const needOfSpoken = needOf(spoken);

export function findSpoken({ text, grams }: Scene, emit: Emit): void {
  if (grams.mayHold(needOfPhrase)) findPhrases(text, emit);
  if (!grams.mayHold(needOfSpoken)) return;
  for (const match of text.matchAll(spoken)) {
    const [whole, , bearer, , basic, user, netrc, password] = match;
    const found = bearer ?? basic ?? user ?? netrc ?? password!;
    const end = match.index + whole.length;
    const score =
      bearer === undefined ? (basic === undefined ? scorePassword(found) : scoreBasic(found)) : scoreBearer(found);
    if (score > 0) emit(secret('GENERIC_SECRET', end - found.length, end, score, 'spoken', found));
  }
}

function scoreBearer(found: string): number {
  if (isPlaceholder(found) || !/\d/.test(found) || !/[A-Za-z]/.test(found)) return 0;
  return entropyOf(found) >= 3.2 ? 850 : 0;
}

/** Base64 of a user and a password. */
function scoreBasic(found: string): number {
  const plain = Buffer.from(found, 'base64').toString('latin1');
  return /^[\x20-\x7e]{1,128}:[\x20-\x7e]{3,128}$/.test(plain) && !isPlaceholder(plain) ? 850 : 0;
}

function scorePassword(found: string): number {
  if (isPlaceholder(found) || /^[$<{%@]|^(?:password|pass|pwd|secret)$/i.test(found)) return 0;
  return /\d|[^A-Za-z0-9]|[a-z][A-Z]/.test(found) && /[A-Za-z]/.test(found) ? 700 : 0;
}

const phrase =
  /\b(?:seed|recovery|mnemonic|backup|secret)[ -]?(?:phrase|words|seed)?(?: is)?[ :="'\n]{1,4}((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})\b/gi;
const needOfPhrase = needOf(phrase);
const small =
  /^(?:the|and|you|your|for|that|this|with|are|was|not|but|have|from|they|will|can|our|all|has|been|were|which|their)$/;

/** A wallet's recovery phrase (BIP-39): twelve to twenty-four words that make no sentence, behind a word that says so. */
function findPhrases(text: string, emit: Emit): void {
  for (const match of text.matchAll(phrase)) {
    const words = match[1]!.split(/[ ,]+/);
    if (words.filter((word) => small.test(word.toLowerCase())).length > 1) continue;
    const end = match.index + match[0].length;
    emit(secret('RECOVERY_PHRASE', end - match[1]!.length, end, 850, 'spoken', match[1]!));
  }
}
