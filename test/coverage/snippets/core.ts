import { expect } from '@jest/globals';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import * as classification from '@writ/classification';
import * as domain from '@writ/domain';
import * as enforcement from '@writ/enforcement';
import * as ledger from '@writ/ledger';
import { systemClock } from '@writ/platform';
import * as policy from '@writ/policy';
import * as routing from '@writ/routing';
import { aLog, aPermitRecord } from '../../contract/records.js';
import { House, anAsk, goodCredential } from '../../support/house.js';
import { LedgerStoreTwin, aSnapshot, aSubject, aTenantContext, hospitalPolicy, seeded } from '../../support/index.js';
import type { Surroundings } from './run-typescript.js';

/** Stands for the door's `refuse`: no snippet is meant to be refused. */
export function refuse(refusal: unknown): never {
  throw new Error(`refused: ${JSON.stringify(refusal)}`);
}

const tenant = aTenantContext();
const { endpoints, aliases, prices } = aSnapshot();
const authorizedEndpoints = endpoints.map(({ id }) => id);

export function aPermitFor(ask: domain.Ask): ReturnType<typeof aPermitRecord> {
  const record = aPermitRecord(ask.request);
  return { ...record, decision: { ...record.decision, authorizedEndpoints } };
}

export function aLedger(store: ledger.LedgerStore) {
  const writer = ledger.writerSigner('gateway-1', generateKeyPairSync('ed25519').privateKey);
  const settings = { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 0 } };
  return {
    store,
    writer,
    clock: systemClock,
    random: (size: number) => randomBytes(size),
    settings,
    logKeys: () => [],
  };
}

const facts: policy.Facts = {
  schema: 1,
  subject: { ...aSubject(), id: 'nora', kind: 'human' },
  tenant: { id: tenant.tenant },
  data: { classes: {}, detectors: [], residual: {}, spanless: [], deep: 'none', attachments: [] },
  request: {
    route: '/v1/chat/completions',
    model: 'fast',
    tools: [],
    mcpServers: [],
    stream: false,
    estimatedTokens: 10,
    metadata: {},
  },
  atMs: Date.UTC(2026, 10, 21),
  budget: undefined,
  ext: {},
};

/** What the snippets of the libs without anything outside need around them. */
export const coreSurroundings: Readonly<Record<string, () => Surroundings>> = {
  'libs/domain/README.md': () => ({}),
  'libs/platform/README.md': () => ({}),

  'libs/policy/README.md': () => ({
    given: { ...policy, source: hospitalPolicy, endpoints, facts },
    check: ({ allowed }) => expect((allowed as readonly string[]).toSorted()).toEqual(authorizedEndpoints.toSorted()),
  }),

  'libs/routing/README.md': () => ({
    given: {
      ...routing,
      aliases,
      endpoints,
      prices,
      refuse,
      permit: { ...aPermitRecord().decision, authorizedEndpoints },
      random: seeded(1),
      nowMs: 0,
      now: () => 0,
      fault: { class: 'unavailable', detail: '' },
      health: routing.localHealth(),
      tenant: tenant.tenant,
    },
    check: ({ tried }) => expect(new Set(tried as readonly string[])).toEqual(new Set(authorizedEndpoints)),
  }),

  'libs/ledger/README.md': () => {
    const store = new LedgerStoreTwin();
    const decision = aPermitRecord();
    return {
      given: { ...ledger, ...aLedger(store), limits: domain.limits, log: aLog(tenant), decision, refuse },
      check: ({ committed }) => {
        expect(committed).toMatchObject({ ok: true, value: { level: 'committed' } });
        expect(store.leaves.get(tenant.tenant)?.map(({ record }) => record)).toEqual([decision.id]);
      },
    };
  },

  'libs/classification/README.md': () => {
    const options = { digestKey: randomBytes(32), attachments: [], expired: () => false };
    const response = { ...domain.noObligations.response, redactions: [{ class: 'PII', style: 'mask', by: [] }] };
    const obligations = { ...domain.noObligations, response };
    const part = { kind: 'text', choice: 0, text: 'Write to maria.lopez@example.org, please. ' };
    return {
      given: {
        ...classification,
        digestKey: options.digestKey,
        options,
        ask: anAsk(new House(), 'Which vaccines are recommended?'),
        permit: { ...aPermitRecord().decision, obligations },
        conversationKey: randomBytes(32),
        event: { parts: [part], terminal: false },
      },
      check: ({ cleared, inspector }) => {
        expect(cleared).toMatchObject({ ok: true });
        (inspector as classification.AnswerInspector).flush(true);
        const { text, redactions } = (inspector as classification.AnswerInspector).summary();
        expect({ text: text.includes('maria.lopez'), redactions }).toEqual({ text: false, redactions: 1 });
      },
    };
  },

  'libs/enforcement/README.md': () => {
    const house = new House({ realTime: true });
    return {
      given: {
        ...enforcement,
        ports: house.ports,
        ask: anAsk(house, 'Hello'),
        credential: goodCredential,
        refuse,
        hangUp: new AbortController(),
        log: { error: (error: unknown) => refuse(String(error)) },
        send: (released: unknown) => void released,
      },
      check: ({ enforced }) => {
        expect(enforced).toMatchObject({ kind: 'answered' });
        const kinds = (house.store.leaves.get(tenant.tenant) ?? []).map(({ kind }) => kind);
        expect(kinds).toEqual(['decision', 'outcome']);
      },
    };
  },

  'test/README.md': () => ({
    given: { House, anAsk, goodCredential, aSnapshot },
    check: ({ enforced }) => expect(enforced).toMatchObject({ kind: 'refused' }),
  }),
};
