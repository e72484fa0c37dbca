export { faultSchema, scriptSchema, type Fault, type Script } from './faults.js';
export type { Down, Issuer, MintRequest } from './issuer/issuer.js';
export { loginAs, loginAsMachine, type Tokens } from './issuer/login.js';
export { machines, people, publicClient, type MachineClient, type Person } from './issuer/people.js';
export type { HookLedger } from './hooks.js';
export type { Recorded } from './models-server.js';
export { startSimulator, type Simulator, type SimulatorOptions, type SimulatorUrls } from './simulator.js';
export { startObjectStore, type ObjectStoreOptions, type SimulatedObjectStore } from './objects/object-store.js';
