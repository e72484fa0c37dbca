import type { StaleVersion } from '@writ/postgres/control';
import { type UserError, UserErrorCode } from './schema/building-blocks.js';

/** Columns whose values a conflict may show, under the name that the input has. Whatever is not here is never shown: it may be a secret. */
const shown: ReadonlySet<string> = new Set([
  'active',
  'audiences',
  'baseUrl',
  'candidates',
  'concurrency',
  'costClass',
  'dispatchClasses',
  'enabled',
  'endpointIds',
  'evidenceLevel',
  'hard',
  'keep',
  'limitMicros',
  'match',
  'maxClassification',
  'models',
  'name',
  'policyApproval',
  'region',
  'requestsPerMinute',
  'residency',
  'retiredAt',
  'revokedAt',
  'roleMappings',
  'roles',
  'scope',
  'selfHosted',
  'state',
  'strategy',
  'tokensPerMinute',
  'unpricedModels',
  'zeroRetention',
]);

const asText = (value: unknown): string | null =>
  value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);

/** The refusal of a change that was made from an old version: the version that stands, and what of it the change would have set. */
export function conflict({ current, differences }: StaleVersion): UserError {
  return {
    field: ['expectedVersion'],
    code: UserErrorCode.CONFLICT,
    message: `Another change was faster; read version ${current} and try again.`,
    currentVersion: current,
    differences: differences
      .filter(({ column }) => shown.has(column))
      .map(({ column, stands, sent }) => ({ field: column, stands: asText(stands), sent: asText(sent) })),
  };
}
