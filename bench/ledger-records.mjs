// Records as a gateway makes them, for the benches of the ledger.
import { noObligations } from '@writ/domain';
import { uuidv7 } from '@writ/platform';

const digest = `sha256:${'0'.repeat(64)}`;

export function aLog(tenant) {
  return { tenant, origin: '', hmacKey: new Uint8Array(32), contentKey: new Uint8Array(32), keep: 'y6' };
}

export function aPermitRecord() {
  return {
    kind: 'decision',
    id: uuidv7(Date.now()),
    request: uuidv7(Date.now()),
    decision: {
      effect: 'permit',
      policy: { name: 'p', version: 1, hash: digest, engine: '1' },
      matched: [],
      factsHash: digest,
      catalogueHash: digest,
      authorizedEndpoints: ['hospital-vllm'],
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
    prompt: { text: 'Which vaccines are recommended?', bytes: 31, estimatedTokens: 8 },
    clientAddress: '127.0.0.1',
    userAgent: 'bench',
    receivedAt: 0,
    reservedMicros: '0',
  };
}

export function anOutcomeRecord(request, decisionLeaf) {
  return {
    kind: 'outcome',
    id: uuidv7(Date.now()),
    request,
    decisionLeaf,
    dispatchLeaves: [],
    result: 'completed',
    attempts: [],
    phasesMs: {},
    handedToSocketBytes: 0,
  };
}
