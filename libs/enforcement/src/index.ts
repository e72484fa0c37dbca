export type * from './ports.js';
export { standingOf, type Standing } from './standing.js';
export { enforceOrRefuse } from './edge.js';
export { type About, type Enforced } from './conclude.js';
export { type Step } from './answer.js';
export { type HoldingGround, holdSnapshot, holdSnapshotInSlices } from './hold-snapshot.js';
export { isReleased, releaseConstant, type Released } from './release.js';
