import { generateKeyPairSync } from 'node:crypto';
import type { TenantId } from '@writ/domain';
import { logSigner } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { logOrigin, postgresLedgerStore, sequencerStore, writerRegister } from '@writ/postgres';
import { Sequencer } from '@writ/worker';
import { LedgerStoreTwin } from '../support/ledger-store-twin.js';
import { aTenantId, startDatabase } from './database.js';
import { ledgerStoreContract } from './ledger-store.contract.js';

const logKey = logSigner(generateKeyPairSync('ed25519').privateKey);

const originOf = (tenant: TenantId): string => logOrigin('ledger.example.org', tenant);

ledgerStoreContract('in memory', () => {
  const store = new LedgerStoreTwin();
  return Promise.resolve({
    store,
    writer: 'gw-1',
    logKey,
    tenant: () => Promise.resolve(aTenantId()),
    originOf,
    hold: (tenant) => Promise.resolve(store.hold(tenant)),
    sequence: () => Promise.resolve(store.sequenceAll(originOf, logKey, Date.now())),
    close: () => Promise.resolve(),
  });
});

ledgerStoreContract('on Postgres', async () => {
  const database = await startDatabase();
  const gateway = database.plane('writ_gateway');
  await writerRegister(gateway).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 'statement' });
  const sequencing = sequencerStore(database.plane('writ_sequencer'));
  const sequencer = new Sequencer({
    store: sequencing,
    key: logKey,
    clock: systemClock,
    gate: () => Promise.resolve(),
    onPublished: () => undefined,
    onProblem: () => undefined,
  });
  return {
    store: postgresLedgerStore(gateway),
    writer: 'gw-1',
    logKey,
    tenant: async () => (await database.tenant()).tenant,
    originOf,
    hold: (tenant) => sequencing.holdIntegrity(tenant, 'a test'),
    async sequence() {
      while ((await sequencer.tick()).kind === 'committed');
    },
    close: () => database.close(),
  };
});
