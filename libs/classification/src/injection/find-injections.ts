import type { Candidate } from '../detect/rule.js';
import type { Emit, Scene } from '../detect/scene.js';
import { DIRECT_SIGN, enlist, INDIRECT_SIGN } from '../text/lexicon.js';
import { needOf } from '../text/needs.js';
import { hashOf } from '../text/tokens.js';
import { persuasionSigns, plantedSigns } from './more-phrases.js';
import { directSigns as overrideSigns, indirectSigns as spokenSigns, type Sign } from './phrases.js';
import { type Hit, SignTable } from './sign-table.js';

/** Text around a telling word that is read for signs. */
const MARGIN = 320;
/** At most this much of one text is read for signs; a longer text full of telling words is cut into its first part. */
const MAX_READ = 64 * 1024;
const PIECE = 2_000;
const SHORT = 4_096;

const directSigns = new SignTable([...overrideSigns, ...persuasionSigns]);
const outsideSigns = new SignTable([...overrideSigns, ...persuasionSigns, ...spokenSigns, ...plantedSigns]);

const directWords = hashes(
  'ignore ignoring disregard forget override overrule bypass discard neglect dismiss abandon violate obey pretend roleplay role act acting simulate imagine become DAN STAN jailbreak jailbroken unrestricted uncensored unfiltered mode reveal repeat print verbatim leak expose disclose recite dump system prompt prompts instructions instruction instead henceforth hypothetically fictional grandma character refuse decode decrypt base64 rot13 im_start im INST SYS endoftext directives guidelines restrictions told instructed now admin developer ignoriere vergiss missachte oublie ignorez ignora olvida instrucciones istruzioni dimentica anweisungen consignes instructies instruções instrukcje talimat instruksi grandmother filtering apply ethics morals comply confines secret evil lifted creators escaped reveals recites rules',
);
const indirectWords = hashes(
  'ai llm assistant assistants agent agents chatgpt claude gemini copilot chatbot model send forward email upload transmit exfiltrate tell mention inform reveal answering responding summarizing call invoke execute run task goal objective respond reply important ignore disregard instruction instructions transfer click visit download delete password please note attention include system html style user users href img conversation history data secret token completing confirmation permission summarizes grant rate whoever',
);
const otherScripts = /игнорируй|забудь|обращай|忽略|无视|忘记|無視|忘掉|指示|命令|무시|잊|تجاهل|انس|अनदेखा|भूल|निर्देश/i;

enlist(directWords, DIRECT_SIGN);
enlist(indirectWords, INDIRECT_SIGN);

function hashes(words: string): ReadonlySet<number> {
  return new Set(words.split(' ').map(hashOf));
}

/**
 * Direct: the writer sets the model's instructions aside. Indirect: a tool's result, a page or a file speaks to the
 * assistant. System text is the deployer's own, and the assistant's text is an answer; neither is searched.
 */
export function findInjections(scene: Scene, role: string, emit: Emit): void {
  if (role === 'system' || role === 'assistant') return;
  const isOutside = role === 'tool' || role === 'definition';
  findHiddenTags(scene, emit);
  const { text, tokens } = scene;
  const parts = readableParts(scene, isOutside ? DIRECT_SIGN | INDIRECT_SIGN : DIRECT_SIGN);
  const signs = isOutside ? outsideSigns : directSigns;
  for (const [start, end] of parts) {
    const part = text.slice(start, end);
    judge(part, signs.findIn(tokens, start, part), start, text, emit);
  }
  if (text.length <= SHORT) for (const plain of disguises(scene)) judge(plain, directSigns.find(plain), 0, plain, emit);
}

function readableParts({ text, tokens }: Scene, lists: number): readonly (readonly [number, number])[] {
  const parts: [number, number][] = [];
  if ((tokens.lists & lists) === 0 && tokens.isPlain) return parts;
  let total = 0;
  for (let index = 0; index < tokens.count && total < MAX_READ; index += 1) {
    if ((tokens.marks[index]! & lists) === 0) continue;
    const start = Math.max(0, tokens.start[index]! - MARGIN);
    const end = Math.min(text.length, tokens.end[index]! + MARGIN);
    const last = parts.at(-1);
    total += end - (last ? Math.max(last[1], start) : start);
    if (last && start <= last[1]) last[1] = end;
    else parts.push([start, end]);
  }
  if (parts.length === 0 && !tokens.isPlain && otherScripts.test(text)) return [[0, Math.min(text.length, MAX_READ)]];
  return parts.flatMap(pieces);
}

/** Expressions look at a piece at a time, so that a text full of telling words costs in proportion to its length. */
function pieces([start, end]: readonly [number, number]): readonly (readonly [number, number])[] {
  const cut: [number, number][] = [];
  for (let from = start; from < end; from += PIECE) cut.push([from, Math.min(end, from + PIECE + MARGIN)]);
  return cut;
}

function judge(part: string, hits: readonly Hit[], offset: number, whole: string, emit: Emit): void {
  if (hits.length === 0) return;
  let doubt = 1;
  for (const { sign, start, end } of hits) doubt *= 1 - (sign.weight / 1000) * shareOf(sign, part, start, end, whole);
  const score = Math.round((1 - doubt) * 1000);
  const leading = hits.reduce((best, hit) => (hit.sign.weight > best.sign.weight ? hit : best));
  const near = hits.filter((hit) => hit.start < leading.end + 200 && leading.start < hit.end + 200);
  const start = offset + Math.min(...near.map((hit) => hit.start));
  const end = offset + Math.max(...near.map((hit) => hit.end));
  emit(injection(leading.sign.kind, start, Math.min(end, whole.length), Math.min(score, 990), hits, whole));
}

const talk =
  /\b(?:what (?:is|are|does|do)|explain|example|examples|such as|detect|defen[cds]e?|prevent|mitigat|phrase|attacks?|called|means?|about|article|blog|paper|classif|translate|definition|protect|like)\b|prompt injection/i;

/** How much of a sign's weight counts where it stands. */
function shareOf(sign: Sign, part: string, start: number, end: number, whole: string): number {
  if (isQuotedTalk(part, start, end, whole)) return 0.35;
  if (sign.kind === 'prompt-leak' && /^ (?:in|into|to) \p{L}+ ?:/u.test(part.slice(end, end + 32))) return 0.4;
  if (sign.kind === 'indirect' && advice.test(part.slice(end, end + 24))) return 0.4;
  if (sign.kind === 'override' && told.test(part.slice(Math.max(0, start - 48), start))) return 0.4;
  const isOwn = sign.kind === 'override' || (sign.kind === 'prompt-leak' && isOfWork(part.slice(start, end + 48)));
  return isOwn && isOwnMatter(part, start, end) ? 0.4 : 1;
}

/** `Do not tell anyone your password`: advice to whoever reads. */
const advice = /^ (?:about )?your (?:password|passcode|pin|code|login|credentials|secret)s?\b/i;
/** `telling a model to ignore its instructions`: what somebody does to a model, and no order to one. */
const told =
  /\b(?:tell(?:s|ing)?|ask(?:s|ing)?|trick(?:s|ing)?|instruct(?:s|ing)?|convinc(?:es?|ing)|caus(?:es?|ing)|get(?:s|ting)?) (?:an?|the) (?:ai |language |chat ?)?(?:model|llm|ai|assistant|chatbot|bot|agent)s? (?:in)?to $/i;

/** `the previous instructions of the manual`: of something that is no model and no prompt. */
function isOfWork(text: string): boolean {
  return (
    /\b(?:previous|earlier|original) (?:instructions?|rules|steps|guidelines) (?:of|for|in|from|on) (?:the|my|our|an?) /i.test(
      text,
    ) && !/\b(?:prompt|assistant|model|ai|bot|chat|system|conversation)\b/i.test(text)
  );
}

/** `to override the default settings`, `the previous rules of the linter`: somebody's own matter, not the model's rules. */
function isOwnMatter(part: string, start: number, end: number): boolean {
  const text = part.slice(start, end);
  if (/\byour?\b/i.test(text)) return false;
  const after = part.slice(end, end + 40);
  if (
    /^ (?:of|for|in|from|on) (?:the|my|our|an?|his|her|their|its)\b(?! (?:above|conversation|prompt|chat|system|beginning))/i.test(
      after,
    )
  )
    return true;
  if (
    /^ (?:about|regarding|concerning) (?!(?:your|you|the (?:rules|instructions|system|prompt)|being|following|safety)\b)/i.test(
      after,
    )
  )
    return true;
  const before = part.slice(Math.max(0, start - 24), start);
  return (
    !/\b(?:all|any|every|above|prior)\b/i.test(text) &&
    /(?:want|need|like|how|possible|able|allowed|trying|used|check") to $|\b(?:we|they|he|she|i|who|users?|developers?|people) (?:can |may |should |often |sometimes |would )?$/i.test(
      before,
    )
  );
}

/** Somebody who quotes an attack in order to speak about it. */
function isQuotedTalk(part: string, start: number, end: number, whole: string): boolean {
  const before = part.slice(Math.max(0, start - 60), start);
  const after = part.slice(end, end + 60);
  const quoted = /["'“‘`«][^"'”’`»\n]*$/.test(before) && /^[^"'“‘`«\n]*["'”’`»]/.test(after);
  if (!quoted) return false;
  return talk.test(whole.slice(0, 400)) || talk.test(before);
}

function injection(
  kind: string,
  start: number,
  end: number,
  score: number,
  hits: readonly Hit[],
  text: string,
): Candidate {
  return {
    start,
    end,
    class: 'INJECTION',
    type: `INJECTION_${kind.toUpperCase().replaceAll('-', '_')}`,
    score,
    detector: kind === 'indirect' ? 'injection:indirect' : 'injection:direct',
    strength: 1,
    cues: [...new Set(hits.map((hit) => hit.sign.kind))],
    alternatives: [],
    via: [],
    steps: hits.map((hit) => `${hit.sign.kind}: ${hit.sign.weight}`),
    normal: text.slice(start, end),
  };
}

const tags = /(?<!\u{1f3f4})(?<![\u{e0020}-\u{e007f}])[\u{e0020}-\u{e007e}]{4,}/u;

/** Text in the tags block is invisible to people and legible to models; flags of regions are the only honest use. */
function findHiddenTags(scene: Scene, emit: Emit): void {
  if (!scene.text.includes('\udb40')) return;
  const match = tags.exec(scene.text);
  if (!match) return;
  const end = match.index + match[0].length;
  emit(injection('smuggling', match.index, end, 900, [], scene.text));
}

const rotated = /\b(?:vtaber|vafgehpgvbaf?|cerivbhf|qvfertneq|flfgrz|cebzcg)\b/i;
const needOfRotated = needOf(rotated);
const leetSigns: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/** rot13 and digits for letters; each keeps the length, so the offsets hold. */
function disguises({ text, tokens, grams }: Scene): readonly string[] {
  const found: string[] = [];
  if (grams.mayHold(needOfRotated) && rotated.test(text)) {
    found.push(
      text.replaceAll(/[a-z]/gi, (sign) => {
        const base = sign <= 'Z' ? 65 : 97;
        return String.fromCharCode(((sign.charCodeAt(0) - base + 13) % 26) + base);
      }),
    );
  }
  let mixed = 0;
  for (let each = 0; each < tokens.codedCount; each += 1)
    if ((tokens.flags[tokens.coded[each]!]! & 3) === 3) mixed += 1;
  if (mixed >= 2)
    found.push(text.replaceAll(/[013457@$!8](?=[a-z])|(?<=[a-z])[013457@$!8]/gi, (sign) => leetSigns[sign] ?? sign));
  return found;
}
