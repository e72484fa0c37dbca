import { rolePermissions } from './roles.js';

/** What a caller may do. `anyone` needs no credential; `signed-in` any verified one. */
export type Permission =
  | 'anyone'
  | 'signed-in'
  | 'tenant:create'
  | 'tenant:read'
  | 'tenant:write'
  | 'identity:read'
  | 'identity:write'
  | 'members:read'
  | 'members:write'
  | 'catalogue:read'
  | 'catalogue:write'
  | 'credentials:write'
  | 'apps:read'
  | 'apps:write'
  | 'budgets:read'
  | 'budgets:write'
  | 'policy:read'
  | 'policy:write'
  | 'policy:publish'
  | 'policy:simulate'
  | 'approvals:read'
  | 'approvals:decide'
  | 'evidence:read'
  | 'evidence:export'
  | 'evidence:hold'
  | 'evidence:erase'
  | 'jobs:read'
  | 'jobs:write'
  | 'sinks:read'
  | 'sinks:write'
  | 'reviews:read'
  | 'reviews:decide';

/**
 * Every field of the schema with the permission it needs: the root fields one by one, the other types as a whole unless
 * a field asks for more. A field that is not here is refused to everyone, and a test names it.
 */
export const fieldPermissions: Readonly<Record<string, Permission>> = {
  'Query.viewer': 'signed-in',
  'Query.tenant': 'tenant:read',
  'Query.setupChecklist': 'tenant:read',
  'Query.node': 'tenant:read',
  'Query.changeLog': 'tenant:read',
  'Query.domains': 'identity:read',
  'Query.identityProviders': 'identity:read',
  'Query.previewClaimMappings': 'identity:write',
  'Query.providerCredentials': 'catalogue:read',
  'Query.endpoints': 'catalogue:read',
  'Query.endpointSets': 'catalogue:read',
  'Query.aliases': 'catalogue:read',
  'Query.budgets': 'budgets:read',
  'Query.limitRules': 'budgets:read',
  'Query.prices': 'budgets:read',
  'Query.usage': 'budgets:read',
  'Query.budgetStates': 'budgets:read',
  'Query.usageFile': 'budgets:read',
  'Query.policies': 'policy:read',
  'Query.policyTests': 'policy:write',
  'Query.policyProofs': 'policy:write',
  'Query.policyDifference': 'policy:read',
  'Query.policySimulation': 'policy:simulate',
  'Query.taxonomy': 'policy:read',
  'Query.detectors': 'policy:read',
  'Query.testText': 'policy:write',
  'Query.shadowReport': 'policy:write',
  'Query.termUploads': 'policy:read',
  'Query.apps': 'apps:read',
  'Query.members': 'members:read',
  'Query.directoryGroups': 'members:read',
  'Query.roles': 'members:read',
  'Query.approvals': 'approvals:read',
  'Query.decision': 'evidence:read',
  'Query.decisions': 'evidence:read',
  'Query.decisionExplanation': 'evidence:read',
  'Query.checkpoints': 'evidence:read',
  'Query.exports': 'evidence:read',
  'Query.auditProof': 'evidence:read',
  'Query.legalHolds': 'evidence:read',
  'Query.retentionClasses': 'tenant:read',
  'Query.jobs': 'jobs:read',
  'Query.checks': 'identity:read',
  'Query.reviews': 'reviews:read',
  'Query.sinks': 'sinks:read',
  'Query.reviewSettings': 'policy:read',

  'Mutation.signUp': 'anyone',
  'Mutation.verifyEmail': 'anyone',
  'Mutation.createTenant': 'tenant:create',
  'Mutation.completeSetup': 'members:write',
  'Mutation.updateTenant': 'tenant:write',
  'Mutation.suspendTenant': 'members:write',
  'Mutation.resumeTenant': 'members:write',
  'Mutation.requestTenantDeletion': 'members:write',
  'Mutation.cancelTenantDeletion': 'members:write',
  'Mutation.completeTenantDeletion': 'members:write',
  'Mutation.createDomain': 'identity:write',
  'Mutation.verifyDomain': 'identity:write',
  'Mutation.removeDomain': 'identity:write',
  'Mutation.createIdentityProvider': 'identity:write',
  'Mutation.testIdentityProvider': 'identity:write',
  'Mutation.setClaimMappings': 'identity:write',
  'Mutation.enableIdentityProvider': 'identity:write',
  'Mutation.disableIdentityProvider': 'identity:write',
  'Mutation.updateIdentityProvider': 'identity:write',
  'Mutation.rotateClientSecret': 'identity:write',
  'Mutation.removeIdentityProvider': 'identity:write',
  'Mutation.createProviderCredential': 'credentials:write',
  'Mutation.rotateProviderCredential': 'credentials:write',
  'Mutation.registerEndpoint': 'catalogue:write',
  'Mutation.retireEndpoint': 'catalogue:write',
  'Mutation.attachBaa': 'catalogue:write',
  'Mutation.createEndpointSet': 'catalogue:write',
  'Mutation.updateEndpointSet': 'catalogue:write',
  'Mutation.setAlias': 'catalogue:write',
  'Mutation.createBudget': 'budgets:write',
  'Mutation.updateBudget': 'budgets:write',
  'Mutation.createLimitRule': 'budgets:write',
  'Mutation.setPrice': 'budgets:write',
  'Mutation.treatUnpricedModels': 'budgets:write',
  'Mutation.correctUsage': 'budgets:write',
  'Mutation.upsertTaxonomy': 'policy:publish',
  'Mutation.amendTaxonomy': 'policy:publish',
  'Mutation.startTermUpload': 'policy:publish',
  'Mutation.uploadTerms': 'policy:publish',
  'Mutation.finishTermUpload': 'policy:publish',
  'Mutation.abandonTermUpload': 'policy:publish',
  'Mutation.draftPolicy': 'policy:write',
  'Mutation.validatePolicy': 'policy:write',
  'Mutation.checkPolicy': 'policy:write',
  'Mutation.submitPolicy': 'policy:write',
  'Mutation.approvePolicy': 'policy:publish',
  'Mutation.rejectPolicy': 'policy:publish',
  'Mutation.publishPolicy': 'policy:publish',
  'Mutation.rollbackPolicy': 'policy:publish',
  'Mutation.tryPolicy': 'policy:publish',
  'Mutation.createApp': 'apps:write',
  'Mutation.createAppKey': 'apps:write',
  'Mutation.revokeAppKey': 'apps:write',
  'Mutation.setMemberRoles': 'members:write',
  'Mutation.removeMember': 'members:write',
  'Mutation.setDirectoryGroupRoles': 'members:write',
  'Mutation.approveChange': 'approvals:decide',
  'Mutation.rejectChange': 'approvals:decide',
  'Mutation.armBreakGlass': 'members:write',
  'Mutation.useBreakGlass': 'anyone',
  'Mutation.rotateScimToken': 'members:write',
  'Mutation.requestExport': 'evidence:export',
  'Mutation.placeLegalHold': 'evidence:hold',
  'Mutation.releaseLegalHold': 'evidence:hold',
  'Mutation.chooseRetention': 'tenant:write',
  'Mutation.eraseSubject': 'evidence:erase',
  'Mutation.retryJob': 'jobs:write',
  'Mutation.dismissJob': 'jobs:write',
  'Mutation.createSink': 'sinks:write',
  'Mutation.createWebhook': 'sinks:write',
  'Mutation.testSink': 'sinks:write',
  'Mutation.rotateSigningKey': 'sinks:write',
  'Mutation.removeSink': 'sinks:write',
  'Mutation.setReview': 'policy:publish',
  'Mutation.takeReview': 'reviews:decide',
  'Mutation.decideReview': 'reviews:decide',

  UserError: 'anyone',
  AuditRecord: 'anyone',
  PageInfo: 'signed-in',
  Pair: 'signed-in',
  Viewer: 'signed-in',
  SetupStep: 'tenant:read',
  Tenant: 'tenant:read',
  Change: 'tenant:read',
  Domain: 'identity:read',
  IdentityProvider: 'identity:read',
  ClaimMapping: 'identity:read',
  ExplainNode: 'identity:read',
  ClaimMappingPreview: 'identity:read',
  ProviderCredential: 'catalogue:read',
  Endpoint: 'catalogue:read',
  Baa: 'catalogue:read',
  EndpointSet: 'catalogue:read',
  Alias: 'catalogue:read',
  AliasTarget: 'catalogue:read',
  Budget: 'budgets:read',
  LimitRule: 'budgets:read',
  Price: 'budgets:read',
  UsageReport: 'budgets:read',
  UsageSum: 'budgets:read',
  BudgetState: 'budgets:read',
  UsageFile: 'budgets:read',
  Policy: 'policy:read',
  PolicyDiagnostic: 'policy:read',
  PolicyChange: 'policy:read',
  PolicyTestResult: 'policy:read',
  PolicyMutant: 'policy:read',
  PolicyProof: 'policy:read',
  PolicyChangeCount: 'policy:read',
  PolicyCheck: 'policy:read',
  PolicyTestReport: 'policy:write',
  PolicyProofReport: 'policy:write',
  PolicyDifference: 'policy:read',
  PolicySimulation: 'policy:simulate',
  SimulationGroup: 'policy:simulate',
  SimulationExample: 'policy:simulate',
  Taxonomy: 'policy:read',
  Term: 'policy:read',
  Pattern: 'policy:read',
  Threshold: 'policy:read',
  Detector: 'policy:read',
  TermUpload: 'policy:read',
  TestedFinding: 'policy:write',
  TestedText: 'policy:write',
  ShadowReport: 'policy:write',
  App: 'apps:read',
  AppKey: 'apps:read',
  Member: 'members:read',
  DirectoryGroup: 'members:read',
  Role: 'members:read',
  Approval: 'approvals:read',
  LedgerEntry: 'evidence:read',
  Decision: 'evidence:read',
  ShadowDecision: 'evidence:read',
  DecisionExplanation: 'evidence:read',
  Checkpoint: 'evidence:read',
  EvidenceExport: 'evidence:read',
  AuditProof: 'evidence:read',
  LegalHold: 'evidence:read',
  RetentionClass: 'tenant:read',
  Erasure: 'evidence:read',
  Job: 'jobs:read',
  UpkeepCheck: 'identity:read',
  Sink: 'sinks:read',
  Review: 'reviews:read',
  ReviewedClass: 'reviews:read',
  ReviewSettings: 'policy:read',
};

/** Parts of an explanation are reached by who may replay and by who may read evidence; both roots were checked. */
const explanationParts = [
  'PolicyExplanation',
  'PolicyBecause',
  'PolicyMatch',
  'PolicyExclusion',
  'PolicyOverride',
  'PolicyUnknown',
  'PolicyNearMiss',
  'PolicyRedaction',
];

/** Wrappers hold nothing of their own: what they wrap has its own permission, and the root field was checked. */
const wrapper = /(Payload|Connection|Edge)$/;

export function permissionOf(type: string, field: string): Permission | undefined {
  const exact = fieldPermissions[`${type}.${field}`];
  if (exact !== undefined || type === 'Query' || type === 'Mutation') return exact;
  if (explanationParts.includes(type)) return 'signed-in';
  return fieldPermissions[type] ?? (wrapper.test(type) ? 'anyone' : undefined);
}

export function permissionsOf(roles: readonly string[]): ReadonlySet<Permission> {
  const own = roles.flatMap((role) => (Object.hasOwn(rolePermissions, role) ? rolePermissions[role]! : []));
  return new Set<Permission>(['anyone', 'signed-in', ...own]);
}
