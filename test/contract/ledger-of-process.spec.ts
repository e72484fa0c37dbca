import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LedgerAlarm, statementSigner } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { type EnrolledLedger, enrolledLedger } from '@writ/postgres';
import type { Client } from 'pg';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import { aLog, aPermitRecord } from './records.js';

const patiently = { level: 'committed', deadlineMs: 10_000 } as const;

let database: TestDatabase;
let admin: Client;

beforeAll(async () => {
  database = await startDatabase();
  admin = await database.session('postgres');
});
afterAll(() => database.close());

function ledgerOfProcess(onAlarm: (alarm: LedgerAlarm) => void): EnrolledLedger {
  return enrolledLedger({
    plane: database.plane('writ_gateway', 4),
    authority: statementSigner(generateKeyPairSync('ed25519').privateKey),
    kind: 'gateway',
    settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [],
    onAlarm,
    onProblem: () => undefined,
  });
}

describe('the ledger of a process', () => {
  it('serves what came before its writer was enrolled: the store never meets a writer that it does not know', async () => {
    const alarms: LedgerAlarm[] = [];
    const log = aLog(await database.tenant());
    for (let start = 0; start < 10; start += 1) {
      const own = ledgerOfProcess((alarm) => alarms.push(alarm));
      const first = Array.from({ length: 5 }, () => own.ledger.commit(log, aPermitRecord(), patiently));
      // oxlint-disable-next-line no-await-in-loop -- one process after the other
      expect((await Promise.all(first)).filter(({ ok }) => !ok)).toEqual([]);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await own.close();
    }
    expect(alarms).toEqual([]);
  });

  it('replaces a writer that the store refused, though the register calls it active', async () => {
    const own = ledgerOfProcess(() => undefined);
    const log = aLog(await database.tenant());
    expect((await own.ledger.commit(log, aPermitRecord(), patiently)).ok).toBe(true);
    const refused = own.writer();
    await admin.query(`UPDATE ledger.writer SET state = 'lost' WHERE id = $1`, [refused]);
    expect(await own.ledger.commit(log, aPermitRecord(), patiently)).toEqual({
      ok: false,
      error: 'ledger-unavailable',
    });
    await admin.query(`UPDATE ledger.writer SET state = 'active' WHERE id = $1`, [refused]);
    await eventually(async () => expect((await own.ledger.commit(log, aPermitRecord(), patiently)).ok).toBe(true));
    expect(own.writer()).not.toBe(refused);
    await own.close();
  });
});
