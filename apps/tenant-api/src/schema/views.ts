import type * as c from '@writ/postgres/control';
import { tlogProof } from '@writ/ledger';
import type { CheckpointView, DecisionView, EntryView, HoldView, ProofView } from '../ports.js';
import type { Alias, Baa, Endpoint, EndpointSet, ProviderCredential } from './catalogue.types.js';
import { pairsOf } from './building-blocks.js';
import type { DirectoryGroup } from './directory.types.js';
import type { AuditProof, Checkpoint, Decision, EvidenceExport, LedgerEntry, LegalHold } from './evidence.types.js';
import { toId } from './ids.js';
import type { IdentityProvider } from './identity.types.js';
import type { Budget, LimitRule, Price } from './money.types.js';
import type { App, AppKey, Approval, Member } from './people.types.js';
import type { Change, Domain } from './tenant.types.js';
import { viewTried } from '../taxonomy-trial.js';

/** The one translation from rows to GraphQL. Plain JSON, so that an answer can be remembered. */
const at = (date: Date): string => date.toISOString();
const maybeAt = (date: Date | null | undefined): string | null => (date ? at(date) : null);

export const viewDomain = (row: c.DomainRow): Domain => ({
  id: toId('Domain', row.id),
  name: row.name,
  recordName: `_writ-challenge.${row.name}`,
  recordValue: `writ-domain-verification=${row.challenge}`,
  verifiedAt: maybeAt(row.verifiedAt),
  version: row.version,
});

export const viewIdentityProvider = (row: c.IdentityProviderRow): IdentityProvider => ({
  id: toId('IdentityProvider', row.id),
  name: row.name,
  kind: row.kind,
  issuer: row.issuer,
  audiences: row.audiences,
  jwksUri: row.jwksUri,
  algorithms: row.algorithms,
  boundClaims: pairsOf(row.boundClaims),
  subjectKind: row.subjectKind,
  claimMappings: row.roleMappings,
  groupsClaim: row.claims.groups,
  enabled: row.enabled,
  testedAt: maybeAt(row.testedAt),
  version: row.version,
});

export const viewDirectoryGroup = (
  row: c.DirectoryGroupRow,
  memberships: readonly c.DirectoryMembershipRow[],
): DirectoryGroup => ({
  id: toId('DirectoryGroup', row.id),
  name: row.name,
  identityProviderId: toId('IdentityProvider', row.identityProviderId),
  members: memberships.filter(({ groupId }) => groupId === row.id).length,
  roles: row.roles,
  version: row.version,
});

export const viewCredential = (row: c.ProviderCredentialRow): ProviderCredential => ({
  id: toId('ProviderCredential', row.id),
  name: row.name,
  provider: row.provider,
  fingerprint: row.fingerprint,
  lastFour: row.lastFour,
  version: row.version,
});

export const viewBaa = (row: c.AssuranceRow): Baa => ({
  id: toId('Baa', row.id),
  name: row.name,
  validFrom: at(row.validFrom),
  validUntil: at(row.validUntil),
  document: row.document,
});

export const viewEndpoint = (row: c.EndpointRow, baas: readonly c.AssuranceRow[]): Endpoint => ({
  id: toId('Endpoint', row.id),
  name: row.name,
  provider: row.provider,
  baseUrl: row.baseUrl,
  region: row.region,
  residency: row.residency,
  zeroRetention: row.zeroRetention,
  selfHosted: row.selfHosted,
  costClass: row.costClass,
  maxClassification: row.maxClassification,
  models: row.models,
  credentialIds: row.credentialIds.map((id) => toId('ProviderCredential', id)),
  settings: pairsOf(row.settings),
  baas: baas.filter((baa) => baa.endpointId === row.id).map(viewBaa),
  retiredAt: maybeAt(row.retiredAt),
  version: row.version,
});

export const viewEndpointSet = (row: c.EndpointSetRow): EndpointSet => ({
  id: toId('EndpointSet', row.id),
  name: row.name,
  endpointIds: row.endpointIds.map((id) => toId('Endpoint', id)),
  version: row.version,
});

export const viewAlias = (row: c.AliasRow): Alias => ({
  id: toId('Alias', row.id),
  name: row.name,
  strategy: row.strategy,
  candidates: row.candidates,
  version: row.version,
});

export const viewBudget = (row: c.BudgetRow): Budget => ({
  id: toId('Budget', row.id),
  name: row.name,
  scope: row.scope,
  match: row.match,
  period: row.period,
  limitMicros: row.limitMicros,
  hard: row.hard,
  version: row.version,
});

export const viewLimitRule = (row: c.LimitRuleRow): LimitRule => ({
  id: toId('LimitRule', row.id),
  name: row.name,
  scope: row.scope,
  match: row.match,
  requestsPerMinute: row.requestsPerMinute,
  tokensPerMinute: row.tokensPerMinute,
  concurrency: row.concurrency,
  version: row.version,
});

export const viewPrice = (row: c.PriceRow): Price => ({
  id: toId('Price', row.id),
  endpoint: row.endpoint === '' ? null : row.endpoint,
  model: row.model,
  inputMicrosPerMillion: row.inputMicrosPerMillion,
  outputMicrosPerMillion: row.outputMicrosPerMillion,
  cacheReadMicrosPerMillion: row.cacheReadMicrosPerMillion,
  cacheWriteMicrosPerMillion: row.cacheWriteMicrosPerMillion,
  reasoningMicrosPerMillion: row.reasoningMicrosPerMillion,
  validFrom: row.validFrom.getTime() === 0 ? null : row.validFrom.toISOString(),
  version: row.version,
});

export const viewChange = (row: c.ChangeRow): Change => ({
  id: toId('Change', row.id),
  event: row.event,
  actor: row.actor,
  fields: JSON.stringify(row.fields),
  recordId: toId('Record', row.recordId),
  at: at(row.createdAt),
});

/** How far a worker has come with an export. */
export interface ExportProgressRow {
  readonly export_id: string;
  readonly records_done: string;
  readonly records_total: string;
  readonly bytes: string;
  readonly sha256: string | null;
  readonly stored_at: string | null;
}

export const viewExport = (row: c.EvidenceExportRow, progress?: ExportProgressRow): EvidenceExport => ({
  id: toId('Export', row.id),
  purpose: row.purpose,
  from: at(row.from),
  to: at(row.to),
  state: row.state,
  location: row.location,
  isSelection: row.selection !== null,
  disclose: row.disclose,
  version: row.version,
  recordsDone: Number(progress?.records_done ?? 0),
  recordsTotal: progress === undefined ? null : Number(progress.records_total),
  bytes: progress === undefined ? null : progress.bytes,
  sha256: progress?.sha256 ?? null,
  storedAt: progress?.stored_at ?? null,
});

const viewEntry = (entry: EntryView): LedgerEntry => ({
  id: toId('Record', entry.record),
  kind: entry.kind,
  at: new Date(entry.atMs).toISOString(),
  leaf: entry.leaf,
  leafHash: entry.leafHash,
  index: entry.index ?? null,
});

export const viewDecision = (view: DecisionView): Decision => ({
  id: toId('Record', view.record),
  effect: view.effect,
  code: view.code ?? null,
  matched: [...view.matched],
  classes: [...view.classes],
  authorizedEndpoints: [...view.authorizedEndpoints],
  requestedModel: view.requestedModel,
  policyHash: view.policyHash,
  policyVersion: view.policyVersion,
  shadow: view.shadow
    ? { policyVersion: view.shadow.version, effect: view.shadow.effect, changes: [...view.shadow.changes] }
    : null,
  shadowTaxonomy: view.shadowTaxonomy ? viewTried(view.shadowTaxonomy) : null,
  at: new Date(view.atMs).toISOString(),
  result: view.result ?? null,
  records: view.entries.map(viewEntry),
});

export const viewCheckpoint = (view: CheckpointView): Checkpoint => ({
  origin: view.origin,
  size: view.size,
  rootHash: view.rootHash,
  note: view.note,
  at: new Date(view.atMs).toISOString(),
});

export const viewProof = ({ record, leaf, leafHash, place }: ProofView): AuditProof => ({
  recordId: toId('Record', record),
  leaf,
  leafHash,
  index: place?.index ?? null,
  size: place?.size ?? null,
  inclusionProof: (place?.proof ?? []).map((hash) => Buffer.from(hash).toString('hex')),
  checkpoint: place?.checkpoint ?? null,
  tlogProof: place ? Buffer.from(tlogProof(place.index, place.proof, place.checkpoint)).toString('utf8') : null,
});

/** Beyond every index that a log can have. */
export const endless = Number.MAX_SAFE_INTEGER;

export const viewHold = ({ id, matter, from, to, placedAtMs, releasedAtMs }: HoldView): LegalHold => ({
  id: toId('Hold', id),
  matter,
  fromIndex: String(from),
  toIndex: to >= endless ? null : String(to),
  placedAt: new Date(placedAtMs).toISOString(),
  releasedAt: releasedAtMs === undefined ? null : new Date(releasedAtMs).toISOString(),
});

export const viewAppKey = (row: c.AppKeyRow): AppKey => ({
  id: toId('AppKey', row.id),
  prefix: row.prefix,
  lastFour: row.lastFour,
  expiresAt: maybeAt(row.expiresAt),
  revokedAt: maybeAt(row.revokedAt),
  version: row.version,
});

export const viewApp = (row: c.AppRow, keys: readonly c.AppKeyRow[]): App => ({
  id: toId('App', row.id),
  name: row.name,
  kind: row.kind,
  roles: row.roles,
  keys: keys.filter(({ appId }) => appId === row.id).map(viewAppKey),
  version: row.version,
});

export const viewMember = (row: c.MemberRow): Member => ({
  id: toId('Member', row.id),
  subject: row.subject,
  email: row.email,
  roles: row.roles,
  active: row.active,
  version: row.version,
});

export const viewApproval = (row: c.ApprovalRow): Approval => ({
  id: toId('Approval', row.id),
  kind: row.kind,
  subject: JSON.stringify(row.subject),
  state: row.state,
  requestedBy: row.requestedBy,
  decidedBy: row.decidedBy,
  reason: row.reason,
  expiresAt: at(row.expiresAt),
  version: row.version,
});
