import { type Snapshot, type TenantId, tenantOfJob } from '@writ/domain';
import type { DecisionRecord, LogContext } from '@writ/ledger';
import { type Facts, canonicalFacts, compile, decide, link } from '@writ/policy';
import { aPermitRecord } from '../../contract/records.js';
import type { House } from './house.js';

/** Decides, by the tenant's published policy, one request for each PHI score, and commits the records as a gateway does. */
export async function recordDecisions(
  house: House,
  tenant: TenantId,
  scores: readonly number[],
): Promise<readonly string[]> {
  const snapshot = await newest(house, tenant);
  const image = compile(snapshot.policy.source, snapshot.policy.version);
  if (!image.ok) throw new Error(JSON.stringify(image.error));
  const log = await logOf(house, tenant, snapshot);
  const ids: string[] = [];
  for (const score of scores) {
    const facts = factsWith(tenant, score);
    const decision = decide(link(image.value, snapshot.endpoints, facts.atMs), facts);
    const { subject, ...record } = aPermitRecord();
    const decided: DecisionRecord = {
      ...record,
      subject: { ...subject, roles: facts.subject.roles },
      decision,
      snapshotVersion: snapshot.version,
      facts: canonicalFacts(facts),
    };
    // oxlint-disable-next-line no-await-in-loop -- in order, so that the newest is the last
    const committed = await house.ports.ledger.commit(log, decided, { level: 'committed', deadlineMs: 5_000 });
    if (!committed.ok) throw new Error(committed.error);
    ids.push(record.id);
  }
  return ids;
}

async function newest({ admin }: House, tenant: TenantId): Promise<Snapshot> {
  const text = 'SELECT body FROM control.snapshot WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1';
  const { rows } = await admin.query<{ body: string }>(text, [tenant]);
  return JSON.parse(rows[0]?.body ?? '{}') as Snapshot;
}

async function logOf({ admin, ports }: House, tenant: TenantId, snapshot: Snapshot): Promise<LogContext> {
  const { rows } = await admin.query<{ origin: string }>('SELECT origin FROM control.tenant WHERE id = $1', [tenant]);
  const key = (purpose: 'hmac' | 'content') =>
    ports.kms.unwrap(`tenant/${tenant}/${purpose}`, snapshot.wrappedKeys[purpose]);
  return {
    tenant: tenantOfJob(tenant),
    origin: rows[0]?.origin ?? '',
    keep: snapshot.evidence.keep,
    hmacKey: await key('hmac'),
    contentKey: await key('content'),
  };
}

function factsWith(tenant: TenantId, phi: number): Facts {
  return {
    schema: 1,
    subject: {
      id: 'nora',
      kind: 'human',
      issuer: 'https://idp.example',
      roles: ['nurse'],
      groups: [],
      scopes: [],
      clearance: 0,
      attributes: {},
    },
    tenant: { id: tenant },
    data: { classes: { PHI: phi }, detectors: [], residual: {}, spanless: [], deep: 'none', attachments: [] },
    request: {
      route: '/v1/chat/completions',
      model: 'fast',
      tools: [],
      mcpServers: [],
      stream: false,
      estimatedTokens: 10,
      metadata: {},
    },
    atMs: Date.parse('2026-11-01T10:00:00Z'),
    budget: { class: 'standard', remainingCents: 100 },
    ext: {},
  };
}
