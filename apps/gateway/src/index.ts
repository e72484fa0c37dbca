export { headersOf } from './door.js';
export { createClassifier } from './classifier.js';
export { createServer, type ServerDependencies } from './server.js';
export { sealResponse } from './socket.js';
export { surfaces } from './surfaces.js';
export { createSnapshots } from './snapshots.js';
export { readGatewaySettings, gatewaySettings, type GatewaySettings } from './settings.js';
export { createObserver } from './observe.js';
export { wire, type Wiring } from './wiring.js';
