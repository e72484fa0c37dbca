export type * from './record.js';
export type * from './ledger.js';
export { isReceipt, type Receipt } from './receipt.js';
export * from './sequence.js';
export * from './sweep.js';
export {
  CompactRange,
  hashLeaf,
  rootOf,
  inclusionProof,
  verifyInclusion,
  consistencyProof,
  verifyConsistency,
} from './merkle.js';
export { type Checkpoint, checkpointBody, openCheckpoint, signCheckpoint } from './checkpoint.js';
export { verifierKey } from './note.js';
export { type LogSigner, type WriterSigner, keyId, logSigner, rawPublicKey, writerSigner } from './signer.js';
export * from './create-ledger.js';
export type { LedgerAlarm } from './commit-slot.js';
export type { LedgerSettings } from './leaf.js';
export { type RandomBytes, hmac, unseal } from './sealing.js';
export { type SignedRecord, parseRecord } from './signed-record.js';
export * from './verify/index.js';
export * from './keyset.js';
export { type StatementSigner, statementSigner } from './signer.js';
export { coverRange } from './merkle.js';
export { type BundlePlan, type Gap, type StoredRow, writeBundle } from './bundle/export.js';
export * from './epoch.js';
export { type Cosignature, type Witness, cosignaturesOf } from './cosignature.js';
export * from './witness-protocol.js';
export { witnessFrom, witnessKey } from './witness-policy.js';
export { type Disclosure, type SealedRow, disclose } from './bundle/disclose.js';
export { type CitedRecord, citedFiles, tlogProof } from './bundle/select.js';
export { ProofGatherer } from './gather-proofs.js';
export * from './retention.js';
export { provesInclusion, provesWitness } from './evidence.js';
export * from './gather-cosignatures.js';
export { type Timestamp, type TimestampPort, readTimestamp, timestampRequest } from './timestamp.js';
export type { LateOutcomes } from './late-outcomes.js';
export { subjectRef } from './clear-fields.js';
export {
  type Charge,
  type ClosedRequest,
  type LeaseUse,
  type Notice,
  type UsageLine,
  leaseUses,
  noticesOf,
  usageLines,
} from './usage.js';
