import type { LedgerAlarm } from './commit-slot.js';
import type { LateOutcomes } from './late-outcomes.js';
import type { LedgerSettings } from './leaf.js';
import type { LedgerStore } from './ledger.js';
import type { RandomBytes } from './sealing.js';
import type { WriterSigner } from './signer.js';
import type { WitnessPolicy } from './witness-policy.js';

export interface LedgerClock {
  nowMs(): number;
  monotonicMs(): number;
  /** Resolves after `ms`; `cancel` lets the process end. */
  after(ms: number): { readonly elapsed: Promise<void>; cancel(): void };
}

export interface LedgerParts {
  readonly store: LedgerStore;
  /** An enrolled one. Absent until `replaceWriter` names it: what comes before waits for it, until its deadline. */
  readonly writer?: WriterSigner;
  readonly clock: LedgerClock;
  readonly random: RandomBytes;
  readonly settings: LedgerSettings;
  /** Raw public keys that may sign checkpoints of this deployment: the keyset's, as of now. */
  readonly logKeys: () => readonly Uint8Array[];
  /** Who must have cosigned for the level `witnessed`; absent means that it is refused. */
  readonly witnesses?: WitnessPolicy;
  /** Where late outcomes are kept; without it they wait in memory. */
  readonly late?: LateOutcomes;
  readonly onAlarm?: (alarm: LedgerAlarm) => void;
}
