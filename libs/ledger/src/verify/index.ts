export { type Claim, type ExitCode, type Finding, type Report, exitCodes } from './findings.js';
export { type ByteSource } from './archive.js';
export { type VerifyOptions, verifyBundle } from './verify-bundle.js';
export { clauseTable, clauseText } from '../bundle/regimes.js';
export { type WitnessPolicy, parseWitnessPolicy } from '../witness-policy.js';
