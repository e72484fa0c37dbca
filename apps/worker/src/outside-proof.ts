import { type X509Certificate, createHash, randomBytes } from 'node:crypto';
import { limits } from '@writ/domain';
import {
  type PostToWitness,
  type TimestampPort,
  type WitnessEndpoint,
  type WitnessPolicy,
  consistencySince,
  gatherCosignatures,
  hashEpoch,
  readTimestamp,
  timestampRequest,
} from '@writ/ledger';
import type { Clock } from '@writ/platform';
import type { EpochStore, NewestEpoch } from '@writ/postgres';
import type { Dispatcher } from 'undici';

export interface OutsideProofParts {
  readonly store: EpochStore;
  /** Who is asked, and how many of them are enough. */
  readonly witnesses?: { readonly policy: WitnessPolicy; readonly post: PostToWitness };
  /** RFC 3161: whom we ask, whose certificate must have signed, and how long one token is young enough. */
  readonly timestamps?: {
    readonly port: TimestampPort;
    readonly certificate: X509Certificate;
    readonly everyMs: number;
  };
  readonly clock: Clock;
  readonly onProblem: (problem: string) => void;
}

/**
 * Carries the newest epoch outside: to witnesses until a quorum has cosigned it, and to a timestamp authority now and then.
 * What does not verify is not stored. One epoch covers every tenant, so the load does not grow with them.
 */
export class OutsideProofSeeker {
  readonly #parts: OutsideProofParts;
  /** Where each witness stood last; a witness that stands elsewhere says so. */
  readonly #sizes = new Map<string, number>();

  constructor(parts: OutsideProofParts) {
    this.#parts = parts;
  }

  async seek(): Promise<void> {
    const { store, timestamps, clock } = this.#parts;
    const newest = await store.newestEpoch();
    if (newest === undefined) return;
    const held = await store.outsideProof();
    if ((held.witnessed ?? -1) < newest.number) await this.#askWitnesses(newest);
    const isDue = clock.nowMs() - (held.stampedAtMs ?? 0) >= (timestamps?.everyMs ?? 0);
    if (isDue && (held.stamped ?? -1) < newest.number) await this.#askAuthority(newest);
  }

  async #askWitnesses({ number, note }: NewestEpoch): Promise<void> {
    const { witnesses, store, onProblem } = this.#parts;
    if (witnesses === undefined) return;
    const gathered = await gatherCosignatures(
      { note, size: number + 1 },
      witnesses.policy.witnesses.flatMap(({ url, ...witness }): readonly WitnessEndpoint[] =>
        url === undefined ? [] : [{ ...witness, url }],
      ),
      (oldSize) => this.#proofFrom(oldSize, number + 1),
      this.#sizes,
      witnesses.post,
    );
    for (const { witness, what, alarm } of gathered.problems)
      onProblem(`${alarm ? 'ALARM: ' : ''}the witness ${witness} did not cosign epoch ${number}: ${what}`);
    if (witnesses.policy.isQuorum(new Set(gathered.cosigners))) await store.putWitness(number, gathered.note);
    else onProblem(`epoch ${number} has no quorum of witnesses yet`);
  }

  async #proofFrom(oldSize: number, size: number): Promise<readonly Uint8Array[]> {
    const [last, ...later] = await this.#parts.store.epochsFrom(oldSize - 1);
    if (last === undefined) return [];
    const hashes = later.filter((epoch) => epoch.number < size).map((epoch) => hashEpoch(epoch.number, epoch.root));
    return consistencySince(oldSize, last.frontier, hashes);
  }

  async #askAuthority({ number, note }: NewestEpoch): Promise<void> {
    const { timestamps, store, onProblem } = this.#parts;
    if (timestamps === undefined) return;
    const digest = createHash('sha256').update(checkpointText(note)).digest();
    try {
      const token = await timestamps.port.stamp(timestampRequest(digest, randomBytes(8)));
      if (readTimestamp(token, digest, timestamps.certificate)) await store.putTimestamp(number, token);
      else onProblem(`the timestamp authority's answer for epoch ${number} does not verify under its certificate`);
    } catch (cause) {
      onProblem(`the timestamp authority did not answer: ${String(cause)}`);
    }
  }
}

/** What a note signs: everything up to and with the newline before the blank line. */
function checkpointText(note: string): string {
  return note.slice(0, note.indexOf('\n\n') + 1);
}

interface PlainAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

async function post(dispatcher: Dispatcher, url: string, type: string, body: Uint8Array): Promise<PlainAnswer> {
  const { origin, pathname, search } = new URL(url);
  const answer = await dispatcher.request({
    origin,
    path: pathname + search,
    method: 'POST',
    headers: { 'content-type': type, 'accept-encoding': 'identity', 'user-agent': 'writ' },
    body,
    signal: AbortSignal.timeout(limits.witnessAnswerMs),
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limits.witnessAnswerBytes) throw new Error('the answer is longer than any such answer is');
    chunks.push(chunk);
  }
  const contentType = answer.headers['content-type'];
  return {
    status: answer.statusCode,
    contentType: typeof contentType === 'string' ? contentType : '',
    body: Buffer.concat(chunks),
  };
}

/** C2SP tlog-witness through the guarded egress. */
export function witnessesOver(dispatcher: Dispatcher): PostToWitness {
  return async (url, body) => {
    const answer = await post(dispatcher, url, 'text/plain', Buffer.from(body));
    return { ...answer, body: answer.body.toString('utf8') };
  };
}

/** RFC 3161, section 3.4: a time-stamp query over HTTP. */
export function timestampAuthority(dispatcher: Dispatcher, url: string): TimestampPort {
  return {
    async stamp(request) {
      const { status, contentType, body } = await post(dispatcher, url, 'application/timestamp-query', request);
      if (status === 200 && contentType.startsWith('application/timestamp-reply')) return body;
      throw new Error(`it answered ${status} ${contentType}`);
    },
  };
}
