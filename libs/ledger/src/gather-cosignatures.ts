import type { Witness } from './cosignature.js';
import { type WitnessAnswer, addCheckpointRequest, readWitnessAnswer } from './witness-protocol.js';

/** A witness that can be asked: `url` is its submission prefix. */
export interface WitnessEndpoint extends Witness {
  readonly url: string;
}

/** One HTTP POST; throws when there is no answer. Deadlines and the guard against private addresses are its business. */
export type PostToWitness = (
  url: string,
  body: string,
) => Promise<{ readonly status: number; readonly contentType: string; readonly body: string }>;

/** A witness that would not sign. `alarm`: it saw another history, so one of the two is forged. */
export interface WitnessProblem {
  readonly witness: string;
  readonly what: string;
  readonly alarm: boolean;
}

export interface Gathered {
  /** The checkpoint with every cosignature that verified. */
  readonly note: string;
  readonly cosigners: readonly string[];
  readonly problems: readonly WitnessProblem[];
}

/**
 * Asks every witness at once to cosign a checkpoint. `lastSizes` remembers where each stood, and is brought up to date; a
 * witness that stands elsewhere says so and is asked once more from there. One that does not answer holds up nobody.
 */
export async function gatherCosignatures(
  checkpoint: { readonly note: string; readonly size: number },
  witnesses: readonly WitnessEndpoint[],
  proofFrom: (oldSize: number) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>,
  lastSizes: Map<string, number>,
  post: PostToWitness,
): Promise<Gathered> {
  const answers = await Promise.all(
    witnesses.map(async (witness) => {
      try {
        return { witness, answer: await askTwice(checkpoint, witness, proofFrom, lastSizes, post) };
      } catch (cause) {
        return { witness, answer: String(cause) };
      }
    }),
  );
  let { note } = checkpoint;
  const cosigners: string[] = [];
  const problems: WitnessProblem[] = [];
  for (const { witness, answer } of answers) {
    if (typeof answer === 'string') problems.push({ witness: witness.name, what: answer, alarm: false });
    else if (answer.kind === 'cosigned') {
      note += answer.lines;
      cosigners.push(witness.name);
      lastSizes.set(witness.name, checkpoint.size);
    } else problems.push(problemOf(witness.name, answer, checkpoint.size));
  }
  return { note, cosigners, problems };
}

async function askTwice(
  { note, size }: { readonly note: string; readonly size: number },
  witness: WitnessEndpoint,
  proofFrom: Parameters<typeof gatherCosignatures>[2],
  lastSizes: ReadonlyMap<string, number>,
  post: PostToWitness,
): Promise<WitnessAnswer> {
  const ask = async (oldSize: number): Promise<WitnessAnswer> => {
    const proof = oldSize === 0 || oldSize === size ? [] : await proofFrom(oldSize);
    const answer = await post(`${witness.url}/add-checkpoint`, addCheckpointRequest(oldSize, proof, note));
    return readWitnessAnswer(answer, note, witness);
  };
  const first = await ask(lastSizes.get(witness.name) ?? 0);
  return first.kind === 'elsewhere' && first.size <= size ? ask(first.size) : first;
}

function problemOf(
  witness: string,
  answer: Exclude<WitnessAnswer, { kind: 'cosigned' }>,
  size: number,
): WitnessProblem {
  if (answer.kind === 'elsewhere') {
    const what = `it has cosigned size ${answer.size}, and we offer ${size}`;
    return { witness, what, alarm: answer.size > size };
  }
  const what = `it answered ${answer.status}${answer.status === 200 ? ' with a cosignature that does not verify' : ''}`;
  return { witness, what, alarm: answer.status === 422 || answer.status === 409 };
}
