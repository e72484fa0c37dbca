export { type Anchor, type AnchoredEpoch, type AnchoredHead, anchorFolder } from './anchor.js';
export { Auditor, type AuditorParts } from './auditor.js';
export { type EpochParts, takeEpoch } from './epochs.js';
export { type LogContexts, logContexts } from './log-contexts.js';
export { type PublishedHead, Sequencer, type SequencerParts, SequencingStopped } from './sequencer.js';
export { type RetentionParts, retain } from './retention.js';
export { passStartGate } from './start-gate.js';
export { type SweeperParts, sweep } from './sweeper.js';
export { type UsageParts, settleUsage } from './usage.js';
