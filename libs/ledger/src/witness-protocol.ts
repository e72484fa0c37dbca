import { fromBase64, sameBytes, splitHashes, toBase64 } from './bytes.js';
import { type Checkpoint, openCheckpoint, parseCheckpointBody } from './checkpoint.js';
import { type Witness, cosign, cosignaturesOf } from './cosignature.js';
import { CompactRange, hashChildren, rootOf, subtreeSizes, verifyConsistency } from './merkle.js';
import { parseNote } from './note.js';
import type { LogSigner } from './signer.js';

const longestProof = 63;

/**
 * PROOF(first, D) of RFC 6962 from the compact range at `first` and the leaf hashes after it: a log that keeps both since
 * its last cosigned checkpoint can prove consistency without reading its tree.
 */
export function consistencySince(
  first: number,
  frontier: Uint8Array,
  later: readonly Uint8Array[],
): readonly Uint8Array[] {
  const second = first + later.length;
  if (first === 0 || later.length === 0) return [];
  const starts = new Map<number, Uint8Array>();
  let start = 0;
  for (const [at, size] of subtreeSizes(first).entries()) {
    starts.set(start, splitHashes(frontier)[at] as Uint8Array);
    start += size;
  }
  const rootFrom = (from: number, to: number): Uint8Array =>
    from >= first ? rootOf(later.slice(from - first, to - first)) : (starts.get(from) as Uint8Array);
  const walk = (from: number, to: number, isWhole: boolean): readonly Uint8Array[] => {
    if (to === first) return isWhole ? [] : [rootFrom(from, to)];
    let split = 1;
    while (split * 2 < to - from) split *= 2;
    const middle = from + split;
    return first <= middle
      ? [...walk(from, middle, isWhole), rootFrom(middle, to)]
      : [...walk(middle, to, false), rootFrom(from, middle)];
  };
  return walk(0, second, true);
}

/** PATH(index, D) of RFC 6962 for a leaf at or after `first`, from the compact range at `first` and the leaf hashes after it. */
export function inclusionSince(
  index: number,
  first: number,
  frontier: Uint8Array,
  later: readonly Uint8Array[],
): readonly Uint8Array[] {
  const subtrees = new Map<number, { readonly size: number; readonly hash: Uint8Array }>();
  let start = 0;
  for (const [at, size] of subtreeSizes(first).entries()) {
    subtrees.set(start, { size, hash: splitHashes(frontier)[at] as Uint8Array });
    start += size;
  }
  const rootFrom = (from: number, to: number): Uint8Array => {
    if (from >= first) return rootOf(later.slice(from - first, to - first));
    const known = subtrees.get(from);
    if (known?.size === to - from) return known.hash;
    const middle = from + largestPowerBelow(to - from);
    return hashChildren(rootFrom(from, middle), rootFrom(middle, to));
  };
  const walk = (from: number, to: number): readonly Uint8Array[] => {
    if (to - from === 1) return [];
    const middle = from + largestPowerBelow(to - from);
    return index < middle
      ? [...walk(from, middle), rootFrom(middle, to)]
      : [...walk(middle, to), rootFrom(from, middle)];
  };
  return walk(0, first + later.length);
}

function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** C2SP tlog-witness: the body of `POST <prefix>/add-checkpoint`. */
export function addCheckpointRequest(oldSize: number, proof: readonly Uint8Array[], note: string): string {
  return `old ${oldSize}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${note}`;
}

export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly lines: string; readonly seconds: number }
  /** The witness has cosigned another size last: prove consistency from there. */
  | { readonly kind: 'elsewhere'; readonly size: number }
  /** It will not sign: with 422 or a 409 for one size, two histories exist and someone must look at once. */
  | { readonly kind: 'refused'; readonly status: number };

/** What a witness's HTTP answer means. A cosignature counts only when it verifies. */
export function readWitnessAnswer(
  answer: { readonly status: number; readonly contentType: string; readonly body: string },
  note: string,
  witness: Witness,
): WitnessAnswer {
  const { status, contentType, body } = answer;
  if (status === 409 && contentType.startsWith('text/x.tlog.size') && /^(0|[1-9][0-9]{0,15})\n$/.test(body)) {
    return { kind: 'elsewhere', size: Number(body) };
  }
  const parsed = status === 200 && body.length <= 16 * 1024 ? parseNote(note + body) : undefined;
  const [cosignature] = parsed ? cosignaturesOf(parsed, [witness]) : [];
  return cosignature ? { kind: 'cosigned', lines: body, seconds: cosignature.seconds } : { kind: 'refused', status };
}

/** What a witness must never forget about a log. */
export interface WitnessedTree {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface WitnessReply {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: string;
  /** To be stored, together with the check that nothing changed meanwhile, before the answer leaves. */
  readonly next?: WitnessedTree;
}

/** The witness's side of `add-checkpoint`, as a pure function of what it remembers. */
export function answerAddCheckpoint(
  request: string,
  knows: (
    origin: string,
  ) => { readonly keys: readonly Uint8Array[]; readonly last: WitnessedTree | undefined } | undefined,
  witness: { readonly name: string; readonly key: LogSigner; readonly seconds: number },
): WitnessReply {
  const reply = (status: WitnessReply['status'], body = ''): WitnessReply => ({
    status,
    contentType: 'text/plain',
    body,
  });
  const parsed = parseRequest(request);
  if (!parsed) return reply(400);
  const log = knows(parsed.claimed.origin);
  if (!log) return reply(404);
  const checkpoint = openCheckpoint(parsed.note, log.keys);
  if (!checkpoint) return reply(403);
  if (parsed.oldSize > checkpoint.size) return reply(400);
  const last = log.last ?? { size: 0, root: new CompactRange().root() };
  if (parsed.oldSize !== last.size) return { status: 409, contentType: 'text/x.tlog.size', body: `${last.size}\n` };
  if (checkpoint.size === last.size && !sameBytes(checkpoint.root, last.root)) return reply(409);
  if (!verifyConsistency(last.size, checkpoint.size, last.root, checkpoint.root, parsed.proof)) return reply(422);
  const line = cosign(parsed.text, witness.name, witness.key, witness.seconds);
  return { ...reply(200, line), next: { size: checkpoint.size, root: checkpoint.root } };
}

function parseRequest(request: string):
  | {
      readonly oldSize: number;
      readonly proof: readonly Uint8Array[];
      readonly note: string;
      readonly text: string;
      readonly claimed: Checkpoint;
    }
  | undefined {
  const split = request.indexOf('\n\n');
  const [oldLine = '', ...proofLines] = request.slice(0, split).split('\n');
  const oldSize = /^old (0|[1-9][0-9]{0,15})$/.exec(oldLine)?.[1];
  const note = request.slice(split + 2);
  const parsed = parseNote(note);
  const claimed = parsed && parseCheckpointBody(parsed.text);
  const proof = proofLines.map(fromBase64);
  if (split < 0 || oldSize === undefined || !parsed || !claimed || proof.length > longestProof) return undefined;
  if (!proof.every((hash) => hash?.length === 32)) return undefined;
  return { oldSize: Number(oldSize), proof: proof as Uint8Array[], note, text: parsed.text, claimed };
}
