import { describe, expect, it } from '@jest/globals';
import type { Classification, EndpointId, JsonObject, RequestId, Subject } from '@writ/domain';
import { decision, dispatch, log, outcome, segment, writer } from './bundle/log.fixtures.js';
import { canonicalJson } from './canonical-json.js';
import { event, id } from './create-ledger.fixtures.js';
import { noPrevious, placeRecord, prepareRecord } from './leaf.js';
import type { DecisionRecord, LedgerRecord, OutcomeRecord } from './record.js';

const settings = {
  build: { version: '1.0.0', image: 'sha256:1', config: 'sha256:2' },
  environment: 'test',
  clock: { source: 'system', errorMs: 1 },
};
const classification: Classification = {
  classes: { PII: 900, 2: 10, 10: 10 },
  findings: [],
  complete: false,
  incompleteBecause: ['budget:time'],
  taxonomyVersion: '1',
  engineVersion: '1',
  leavesScanned: 1,
  charactersScanned: 5,
};
const request = id(1) as RequestId;
const permit = decision(id(2), request, 1, 'permit', 1);
const plainOutcome = outcome(id(3), request, '00', [], 'completed');
const delegate: Subject = {
  ...permit.subject,
  id: 'agent',
  attributes: { b: '1', a: '2' },
  app: 'ward',
  department: 'icu',
};

const decided: DecisionRecord = {
  ...permit,
  subject: { ...delegate, onBehalfOf: permit.subject },
  tools: ['search'],
  classification,
  reviewed: { state: 'clear', classes: { PHI: 1, A: 2 } },
  budgetLeases: ['b', 'a'],
  idempotencyKey: 'once',
  justification: 'an emergency',
  facts: '{}',
  shadow: { version: 2, hash: 'h', effect: 'deny', changes: ['effect'] },
  shadowTaxonomy: {
    version: '2',
    state: 'read',
    gained: [],
    gone: ['B', 'A'],
    added: { Z: 1, A: 1 },
    removed: {},
    effect: 'deny',
  },
};
const denied: DecisionRecord = {
  ...decided,
  refusal: 'answer-withheld',
  decision: { ...decided.decision, effect: 'deny', code: 'no-permit', reason: 'Nothing permits it.' },
};
const attempt = { attempt: 1, endpoint: 'azure-eu' as EndpointId, model: 'm', result: 'failed', milliseconds: 1.5 };
const closed: OutcomeRecord = {
  ...plainOutcome,
  refusal: 'answer-withheld',
  attempts: [attempt, { ...attempt, reason: 'fallback', key: 'k', status: 200, upstreamRequestId: 'u' }],
  reportedModel: 'm-1',
  finishReason: 'stop',
  usage: {
    inputTokens: 1,
    outputTokens: 2,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    estimated: false,
  },
  costMicros: '1',
  priceVersion: '1',
  response: { text: 'x', bytes: 1, windows: 1, digest: 'd', classification, redactions: 0, droppedEvents: 0 },
  phasesMs: { wait: 1.2, 10: 2, 9: 3, commit: 4 },
  late: true,
};

const random = (length: number): Uint8Array => new Uint8Array(length);

function payload(record: LedgerRecord): string {
  const prepared = prepareRecord(record, log, settings, 1, random);
  if (!prepared.ok) throw new Error(prepared.error);
  const placed = placeRecord(prepared.value, { lane: 'gw-1/1', sequence: 1, previous: noPrevious }, writer);
  const [, text] = Buffer.from(placed.statement.signedPart).toString('latin1').split('.');
  return Buffer.from(text ?? '', 'base64url').toString('utf8');
}

describe('a record', () => {
  it.each<readonly [name: string, record: LedgerRecord]>([
    ['a permit', permit],
    ['a permit with everything', decided],
    ['a denial', denied],
    ['a dispatch', dispatch(id(4), request, '00')],
    ['a segment, which has a member between two of the chain', segment(id(5), request, '00', 1, 0, 9)],
    ['an outcome', plainOutcome],
    ['an outcome with everything', closed],
    ['an event', event(1)],
  ])('is canonical JSON, and each of its members stands in its order: %s', (_name, record) => {
    const text = payload(record);
    const parsed = JSON.parse(text) as JsonObject;
    expect(text).toBe(canonicalJson(parsed));
    expect(parsed).toMatchObject({ w: 'gw-1/1', wseq: 2, prev: '00'.repeat(32) });
  });

  it('is refused for a number that two readers could read differently', () => {
    expect(() => payload({ ...permit, receivedAt: 0.5 })).toThrow('safe integers');
    expect(() => payload({ ...closed, handedToSocketBytes: 2 ** 53 })).toThrow('safe integers');
  });
});
