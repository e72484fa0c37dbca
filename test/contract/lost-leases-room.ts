import type { Snapshot } from '@writ/domain';
import { aSnapshot } from '../support/index.js';
import { worstMicros } from './limits-room.js';

export const scopes = ['tenant', 'app', 'subject', 'role', 'team'] as const;
/** For forty requests at their worst: a process alone leases an eighth of it at once, which is five. */
export const ceilingMicros = worstMicros * 40n;

/** One budget for each kind of holder. */
export const budgetsOfAllScopes: Snapshot = aSnapshot({
  budgets: scopes.map((scope) => ({
    id: scope,
    scope,
    period: 'total',
    limitMicros: String(ceilingMicros),
    hard: true,
  })),
});
