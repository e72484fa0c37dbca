import type { Permission } from './permission.js';

const reading: readonly Permission[] = [
  'tenant:read',
  'identity:read',
  'members:read',
  'catalogue:read',
  'apps:read',
  'budgets:read',
  'policy:read',
  'approvals:read',
  'jobs:read',
  'reviews:read',
  'sinks:read',
];

/** The roles that mean something here; a claim mapping may name others for policy. `setup` and `recovery` are no mapping's to give. */
export const rolePermissions: Readonly<Record<string, readonly Permission[]>> = {
  setup: ['tenant:create', 'tenant:read', 'identity:read', 'identity:write'],
  /** For an hour, after a recovery code: mend the federation, nothing else. */
  recovery: ['tenant:read', 'identity:read', 'identity:write'],
  owner: [
    ...reading,
    'tenant:write',
    'identity:write',
    'members:write',
    'catalogue:write',
    'credentials:write',
    'apps:write',
    'budgets:write',
    'policy:write',
    'policy:publish',
    'policy:simulate',
    'approvals:decide',
    'evidence:read',
    'evidence:export',
    'jobs:write',
    'reviews:decide',
    'sinks:write',
    'evidence:hold',
    'evidence:erase',
  ],
  admin: [
    ...reading,
    'tenant:write',
    'identity:write',
    'catalogue:write',
    'credentials:write',
    'apps:write',
    'budgets:write',
    'policy:write',
    'policy:publish',
    'policy:simulate',
    'approvals:decide',
    'evidence:read',
    'jobs:write',
    'reviews:decide',
    'sinks:write',
  ],
  'policy-author': [
    'tenant:read',
    'catalogue:read',
    'policy:read',
    'policy:write',
    'policy:simulate',
    'approvals:read',
  ],
  'policy-approver': [
    'tenant:read',
    'catalogue:read',
    'policy:read',
    'policy:publish',
    'policy:simulate',
    'approvals:read',
    'approvals:decide',
  ],
  auditor: [...reading, 'evidence:read', 'evidence:export'],
  /** Decides what a model could not: reads the tokenised text of requests under review, and nothing else. */
  'content-reviewer': ['tenant:read', 'reviews:read', 'reviews:decide'],
  billing: ['tenant:read', 'budgets:read', 'budgets:write'],
};

/** Roles that only this API itself gives. */
export const reservedRoles: readonly string[] = ['setup', 'recovery'];
