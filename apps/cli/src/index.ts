export { verifyCommand } from './verify.js';
export { type RunningWitness, type WitnessOptions, startWitness, witnessCommand } from './witness.js';
