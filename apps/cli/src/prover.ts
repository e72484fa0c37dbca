/** Loaded only by the commands that prove: the prover's engine is 35 MB of WebAssembly. */
export { startProver } from '@writ/policy/prove';
