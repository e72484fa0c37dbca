import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import type { OutcomeRecord } from '@writ/ledger';
import { sealedFolder } from '@writ/platform';
import { type EnrolledLedger, OutcomeSpool, type OutcomeSpoolParts, schemaOf } from '@writ/postgres';
import { eventually } from './eventually.js';
import { LedgerGround, durably } from './ledger-ground.js';
import { aPermitRecord, anOutcomeRecord } from './records.js';

const place = mkdtempSync(join(tmpdir(), 'writ-spool-'));
const masterKey = randomBytes(32);
const problems: string[] = [];
let ground: LedgerGround;
let own: EnrolledLedger;

const aSpool = (more: Partial<OutcomeSpoolParts> = {}): OutcomeSpool =>
  new OutcomeSpool({
    folder: sealedFolder(place, masterKey, 'late-outcomes'),
    pid: process.pid,
    isAlive: () => true,
    logOf: (tenant) => ground.logOf(tenant),
    onProblem: (problem) => void problems.push(problem),
    ...more,
  });

beforeAll(async () => {
  ground = await LedgerGround.open();
  own = await ground.gateway(undefined, { spool: aSpool() });
});
afterAll(async () => {
  await own.close();
  await ground.close();
  rmSync(place, { recursive: true });
});

const answered = (record: OutcomeRecord): OutcomeRecord => ({
  ...record,
  response: {
    text: 'the answer that was destroyed',
    bytes: 29,
    windows: 1,
    digest: '0'.repeat(64),
    classification: undefined,
    redactions: 0,
    droppedEvents: 0,
  },
});

async function aPermit(): Promise<{ readonly tenant: TenantContext; readonly outcome: OutcomeRecord }> {
  const tenant = await ground.database.tenant();
  const permit = aPermitRecord();
  const receipt = await own.ledger.commit(await ground.logOf(tenant), permit, durably);
  if (!receipt.ok) throw new Error(receipt.error);
  return { tenant, outcome: answered(anOutcomeRecord(permit.request, receipt.value.leafHash)) };
}

async function outcomesOf({ tenant }: TenantContext): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await ground.admin.query<{ leaf: Buffer }>(
    `SELECT leaf FROM ${schemaOf(tenant)}.record WHERE kind = 'outcome'`,
  );
  return rows.map(
    ({ leaf }) =>
      JSON.parse(Buffer.from(leaf.toString('latin1').split('.')[1] ?? '', 'base64url').toString()) as Record<
        string,
        unknown
      >,
  );
}

describe('answer 4: an outcome that cannot commit in time', () => {
  it('lies encrypted on disk before its caller is refused, and goes into the ledger once it is back, marked late', async () => {
    const { tenant, outcome } = await aPermit();
    const log = await ground.logOf(tenant);
    await ground.database.crash();
    const committing = Array.from({ length: 3 }, (_, n) =>
      own.ledger.commit(log, n === 0 ? outcome : { ...outcome, id: aPermitRecord().id }, {
        level: 'committed',
        deadlineMs: 400,
      }),
    );
    expect(await Promise.all(committing)).toEqual(
      Array.from({ length: 3 }, () => ({ ok: false, error: 'ledger-unavailable' })),
    );
    const files = readdirSync(place);
    expect(files.filter((name) => name.startsWith(outcome.id))).toHaveLength(1);
    expect(files.map((name) => readFileSync(join(place, name), 'utf8')).join('')).not.toMatch(
      /answer|outcome|completed/,
    );
    await ground.database.restart();
    await ground.reconnect();
    await eventually(async () => {
      expect(readdirSync(place)).toEqual([]);
    }, 30_000);
    const stored = (await outcomesOf(tenant)).find(({ rid }) => rid === outcome.id);
    expect(stored).toMatchObject({ req: outcome.request, decisionLeaf: outcome.decisionLeaf });
  }, 60_000);

  it('is brought in by another process when its own was killed, once, and not while its own lives', async () => {
    const { tenant, outcome } = await aPermit();
    const dead = aSpool({ pid: 4_194_303 });
    await dead.keep(await ground.logOf(tenant), { ...outcome, late: true }, true);
    expect(await aSpool({ isAlive: () => true }).drain(own.ledger)).toBe(0);
    const heirs = [4_194_301, 4_194_302].map((pid) => aSpool({ pid, isAlive: (other) => other !== 4_194_303 }));
    const brought = await Promise.all(heirs.map((heir) => heir.drain(own.ledger)));
    expect(brought.reduce((sum, each) => sum + each, 0)).toBe(1);
    expect(await outcomesOf(tenant)).toMatchObject([{ rid: outcome.id, late: true, released: false }]);
    expect(readdirSync(place)).toEqual([]);
  });

  it('is not written twice when it had become durable before its process was killed', async () => {
    const { tenant, outcome } = await aPermit();
    const log = await ground.logOf(tenant);
    expect((await own.ledger.commit(log, outcome, durably)).ok).toBe(true);
    const dead = aSpool({ pid: 4_194_303 });
    await dead.keep(log, { ...outcome, late: true }, false);
    expect(await aSpool({ isAlive: () => false }).drain(own.ledger)).toBe(1);
    expect(await outcomesOf(tenant)).toHaveLength(1);
    expect(readdirSync(place)).toEqual([]);
  });

  it('stays where it is when its file was changed, and somebody is told', async () => {
    const { tenant, outcome } = await aPermit();
    await aSpool().keep(await ground.logOf(tenant), outcome, false);
    const [name = ''] = readdirSync(place);
    writeFileSync(join(place, name), 'w1.00000000.AAAA');
    expect(await aSpool().drain(own.ledger)).toBe(0);
    expect(problems.at(-1)).toMatch(/cannot be read back/);
    expect(readdirSync(place)).toEqual([name]);
    rmSync(join(place, name));
  });
});
