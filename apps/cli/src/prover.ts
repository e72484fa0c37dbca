/** Loaded only by the commands that prove: each starts a thread with 35 MB of WebAssembly. */
export { startProver } from '@writ/policy/prove';
