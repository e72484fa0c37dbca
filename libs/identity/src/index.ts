export type { Directory, Trust } from './directory.js';
export { documentFetcher, type DocumentRequest, type FetchDocument } from './document.js';
export type { Explained, TokenExplanation } from './explain.js';
export { createIdentity, type Identified, type Identity, type IdentityNeeds } from './identity.js';
export type { KeySetStatus } from './key-store.js';
export { mapRoles, type MappedRoles } from './subject-of-claims.js';
export { trustComplaints } from './workload.js';
