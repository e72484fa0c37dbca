import { fromBase64, sameBytes, toBase64, toHex, utf8 } from './bytes.js';
import { noteKeyId, parseNote, signatureLine, verifyEd25519 } from './note.js';
import type { LogSigner } from './signer.js';

/** C2SP tlog-checkpoint: origin, size and root of a log's tree, as a signed note. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The signed text: three lines. */
export function checkpointBody({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** The key's name is the log's origin, as C2SP recommends: one sequencer key signs for every tenant of its shard. */
export function signCheckpoint(checkpoint: Checkpoint, key: LogSigner): string {
  const body = checkpointBody(checkpoint);
  const { origin } = checkpoint;
  return `${body}\n${signatureLine(origin, noteKeyId(origin, key.publicKey), key.sign(utf8(body)))}`;
}

/** Undefined unless the text is exactly the three lines that `checkpointBody` writes. */
export function parseCheckpointBody(text: string): Checkpoint | undefined {
  const [origin, sizeText, rootText, end, ...more] = text.split('\n');
  if (!origin || /[\s+]/.test(origin) || sizeText === undefined || rootText === undefined) return undefined;
  if (end !== '' || more.length > 0 || !/^(0|[1-9][0-9]{0,15})$/.test(sizeText)) return undefined;
  const size = Number(sizeText);
  const root = fromBase64(rootText);
  return root?.length === 32 && Number.isSafeInteger(size) ? { origin, size, root } : undefined;
}

/** The checkpoint of a note that carries a valid signature by one of `publicKeys` under the checkpoint's own origin. */
export function openCheckpoint(note: string, publicKeys: readonly Uint8Array[]): Checkpoint | undefined {
  const parsed = parseNote(note);
  const checkpoint = parsed && parseCheckpointBody(parsed.text);
  if (!parsed || !checkpoint) return undefined;
  const message = utf8(parsed.text);
  const signed = publicKeys.some((key) => {
    const id = noteKeyId(checkpoint.origin, key);
    return parsed.signatures.some(
      (line) =>
        line.name === checkpoint.origin && sameBytes(line.keyId, id) && verifyEd25519(key, message, line.signature),
    );
  });
  return signed ? checkpoint : undefined;
}

/** What `openCheckpoint` does, as a value. */
export type OpenCheckpoint = typeof openCheckpoint;

const checkpointsRemembered = 64;

/** As `openCheckpoint`, and remembers the last ones that were signed well: all records of a batch are proven by the same note. */
export function rememberingCheckpoints(): OpenCheckpoint {
  const opened = new Map<string, Checkpoint>();
  return (note, publicKeys) => {
    const asked = `${publicKeys.map(toHex).join(',')} ${note}`;
    const known = opened.get(asked);
    if (known) return known;
    const checkpoint = openCheckpoint(note, publicKeys);
    if (!checkpoint) return undefined;
    if (opened.size >= checkpointsRemembered) opened.clear();
    opened.set(asked, checkpoint);
    return checkpoint;
  };
}
