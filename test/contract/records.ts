import {
  type Permit,
  type RequestId,
  type TenantContext,
  noObligations,
  parseEndpointId,
  parseRequestId,
} from '@writ/domain';
import type { DecisionRecord, LogContext, OutcomeRecord } from '@writ/ledger';
import { uuidv7 } from '@writ/platform';
import { aRecordId } from './leaves.js';

export function aLog(tenant: TenantContext): LogContext {
  return {
    tenant,
    origin: `ledger.example.org/${tenant.tenant}`,
    hmacKey: new Uint8Array(32).fill(1),
    contentKey: new Uint8Array(32).fill(2),
    keep: 'y6',
  };
}

export function aRequestId(): RequestId {
  const parsed = parseRequestId(uuidv7(Date.now()));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

export function aPermitRecord(request = aRequestId()): DecisionRecord<Permit> {
  const endpoint = parseEndpointId('hospital-vllm');
  if (!endpoint.ok) throw new Error(endpoint.error);
  return {
    kind: 'decision',
    id: aRecordId(),
    request,
    decision: {
      effect: 'permit',
      policy: { name: 'p', version: 1, hash: `sha256:${'0'.repeat(64)}`, engine: '1' },
      matched: [],
      factsHash: `sha256:${'0'.repeat(64)}`,
      catalogueHash: `sha256:${'0'.repeat(64)}`,
      authorizedEndpoints: [endpoint.value],
      obligations: noObligations,
    },
    subject: {
      id: 'nora',
      kind: 'human',
      issuer: 'https://idp.example',
      method: 'jwt',
      connection: 'main',
      credentialThumbprint: '0'.repeat(64),
      roles: [],
      groups: [],
      scopes: [],
      clearance: 0,
      attributes: {},
    },
    snapshotVersion: 1,
    action: 'chat',
    route: '/v1/chat/completions',
    dialect: 'openai.chat',
    requestedModel: 'fast',
    stream: false,
    tools: [],
    classification: undefined,
    prompt: { text: 'hello', bytes: 5, estimatedTokens: 1 },
    clientAddress: '127.0.0.1',
    userAgent: 'test',
    receivedAt: 0,
    reservedMicros: '0',
  };
}

export function anOutcomeRecord(request: RequestId, decisionLeaf: string): OutcomeRecord {
  return {
    kind: 'outcome',
    id: aRecordId(),
    request,
    decisionLeaf,
    dispatchLeaves: [],
    result: 'completed',
    attempts: [],
    phasesMs: {},
    handedToSocketBytes: 0,
  };
}
