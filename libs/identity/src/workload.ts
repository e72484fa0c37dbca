import type { IdentityConnection } from '@writ/domain';

/**
 * A workload's issuer (a cluster, a forge, a trust domain) speaks for many workloads of many owners. Trust in it must name
 * one of them exactly: its subject, or the repository together with where it runs.
 */
export function trustIsTooWide(connection: IdentityConnection): boolean {
  return connection.kind === 'workload' && trustComplaints(connection).length > 0;
}

/** What is wrong with a workload trust, for the API that writes it. Empty means it may be published. */
export function trustComplaints({ boundClaims, audiences }: IdentityConnection): readonly string[] {
  const complaints: string[] = [];
  for (const [claim, value] of Object.entries(boundClaims))
    if (/[*?]/.test(value)) complaints.push(`the bound claim ${claim} holds a wildcard; bind its exact value`);
  if (audiences.length === 0) complaints.push('no audience; bind the one that you ask the issuer for');
  const { sub, repository_id: repository, environment, ref, job_workflow_ref: workflow } = boundClaims;
  const place = environment ?? ref ?? workflow;
  if (sub === undefined && (repository === undefined || place === undefined))
    complaints.push('bind `sub`, or `repository_id` with `environment`, `ref` or `job_workflow_ref`');
  return complaints;
}

/** SPIFFE JWT-SVIDs need no `iss`: their trust domain is in the subject. */
export function issuerOfSpiffe(subject: string | undefined): string | undefined {
  return /^spiffe:\/\/[a-z0-9._-]{1,255}(?=\/)/.exec(subject ?? '')?.[0];
}
