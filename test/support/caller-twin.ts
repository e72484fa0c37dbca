import type { Ask, Credential, Refusal } from '@writ/domain';
import { isReleased, type Enforced, type Released } from '@writ/enforcement';
import { tenantA } from './builders.js';
import { goodCredential, type House } from './house.js';
import { chainDigest, committedDigests, payloadOf } from './invariants.js';

/** What a caller saw: the first of the three ledgers that the invariants join. */
export interface Seen {
  refusal?: Refusal;
  /** Each write to the socket, in order. */
  readonly writes: Uint8Array[];
  /** For each write: whether a committed record covered it at that moment. */
  readonly coveredThen: boolean[];
  complete: boolean;
  failed?: Refusal;
  about?: Enforced['about'];
}

/** An evaluation's bytes are no model's; what covers them is the committed outcome that says so. */
function isDecisionOnly({ receipt }: Released, house: House): boolean {
  const committed = (house.store.leaves.get(tenantA) ?? []).find((leaf) => leaf.record === receipt?.record.id);
  return committed !== undefined && payloadOf(committed)['result'] === 'decision-only';
}

/** The door without HTTP: writes what is released, and stops where the process is killed or the caller hangs up. */
export class CallerTwin {
  readonly seen: Seen = { writes: [], coveredThen: [], complete: false };
  #digest: Uint8Array = new Uint8Array();
  readonly #hangUp = new AbortController();

  /** `hangsUpAfter` writes; undefined stays to the end. */
  constructor(
    readonly house: House,
    readonly hangsUpAfter?: number,
  ) {}

  async ask(ask: Ask, credential: Credential = goodCredential): Promise<Seen> {
    const { house, seen } = this;
    if (this.hangsUpAfter === 0) this.#hangUp.abort();
    const enforced = await house.enforce(ask, credential, this.#hangUp.signal);
    seen.about = enforced.about;
    if (enforced.kind === 'refused') {
      if (house.kill.alive()) seen.refusal = enforced.refusal;
      return seen;
    }
    if (enforced.kind === 'decided') {
      if (!isReleased(enforced.released)) throw new Error('the socket takes released bytes only');
      if (!house.kill.alive()) return await new Promise<never>(() => undefined);
      seen.writes.push(enforced.released.bytes);
      seen.coveredThen.push(isDecisionOnly(enforced.released, house));
      seen.complete = true;
      return seen;
    }
    try {
      for (let step = enforced.first; ;) {
        if (step.kind === 'failure') {
          seen.failed = step.refusal;
          return seen;
        }
        if (!isReleased(step.released)) throw new Error('the socket takes released bytes only');
        if (!house.kill.alive()) return await new Promise<never>(() => undefined);
        this.#digest = chainDigest(house.held.digestKey, this.#digest, step.released.bytes);
        const covered = committedDigests(house.store.leaves.get(tenantA) ?? []);
        seen.coveredThen.push(covered.has(Buffer.from(this.#digest).toString('hex')));
        seen.writes.push(step.released.bytes);
        seen.complete = step.last;
        if (step.last) return seen;
        if (seen.writes.length === this.hangsUpAfter) {
          this.#hangUp.abort();
          return seen;
        }
        const next = await enforced.rest.next();
        if (next.done === true) return seen;
        step = next.value;
      }
    } finally {
      if (!house.kill.dead) await enforced.rest.return();
    }
  }

  get text(): string {
    return Buffer.concat(this.seen.writes).toString('utf8');
  }
}
