import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Classification, type TenantContext, parseEndpointId } from '@writ/domain';
import { type DecisionRecord, subjectRef } from '@writ/ledger';
import {
  type EnrolledLedger,
  type ExportSelection,
  SelectionTooLarge,
  evidenceStore,
  retentionStore,
  withExport,
} from '@writ/postgres';
import { LedgerGround, durably } from './ledger-ground.js';
import { aPermitRecord, anOutcomeRecord } from './records.js';

let ground: LedgerGround;
let own: EnrolledLedger;
let tenant: TenantContext;
const folder = mkdtempSync(join(tmpdir(), 'writ-selection-'));
const second = fileURLToPath(new URL('../../verifier/verify.py', import.meta.url));
const nurse = { issuer: 'https://idp.example', id: 'nora' };
const doctor = { issuer: 'https://idp.example', id: 'dan' };
const asked: { readonly who: string; readonly endpoint: string; readonly decision: string }[] = [];

beforeAll(async () => {
  ground = await LedgerGround.open();
  tenant = await ground.database.tenant();
  own = await ground.gateway();
  for (const [who, endpoint, more] of [
    ['nora', 'east', { route: '/v1/messages', prompt: 'PHI' }],
    ['dan', 'east', {}],
    ['nora', 'west', {}],
    ['dan', 'west', { answer: 'PHI' }],
    ['nora', 'east', {}],
  ] as const)
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    await request(who, endpoint, more);
  const sequencer = ground.sequencer();
  while ((await sequencer.tick()).kind === 'committed');
});
afterAll(async () => {
  await own.close();
  await ground.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Peculiar {
  readonly route?: string;
  /** A class that the prompt, or the answer, was found to hold. */
  readonly prompt?: string;
  readonly answer?: string;
}

function found(name: string): Classification {
  return {
    classes: { [name]: 900 },
    findings: [],
    complete: true,
    incompleteBecause: [],
    taxonomyVersion: '1',
    engineVersion: '1',
    leavesScanned: 1,
    charactersScanned: 10,
  };
}

async function request(who: string, endpoint: string, { route, prompt, answer }: Peculiar): Promise<void> {
  const log = await ground.logOf(tenant);
  const made = aPermitRecord();
  const permit: DecisionRecord = {
    ...made,
    ...(route === undefined ? {} : { route }),
    ...(prompt === undefined ? {} : { classification: found(prompt) }),
    subject: { ...made.subject, id: who },
    prompt: { text: `${who} asks ${endpoint}`, bytes: 15, estimatedTokens: 4 },
    decision: { ...made.decision, obligations: { ...made.decision.obligations, auditFull: true } },
  };
  const receipt = await own.ledger.commit(log, permit, durably);
  if (!receipt.ok) throw new Error(receipt.error);
  const place = parseEndpointId(endpoint);
  if (!place.ok) throw new Error(place.error);
  const attempt = { attempt: 1, endpoint: place.value, model: 'm', result: 'completed', milliseconds: 1 };
  const outcome = { ...anOutcomeRecord(permit.request, receipt.value.leafHash), attempts: [attempt] };
  const response = { text: 'an answer', bytes: 9, windows: 1, digest: '00', redactions: 0, droppedEvents: 0 };
  expect(
    (
      await own.ledger.commit(
        log,
        { ...outcome, ...(answer === undefined ? {} : { response: { ...response, classification: found(answer) } }) },
        durably,
      )
    ).ok,
  ).toBe(true);
  asked.push({ who, endpoint, decision: permit.id });
}

const handleOf = (who: typeof nurse) => subjectRef(new Uint8Array(32).fill(1), who);

/** Both verifiers judge. */
async function exported(selection: ExportSelection, disclose: readonly string[] = []) {
  const bundle = await ground.bundle(tenant, { selection, disclose });
  const report = await ground.verify(bundle);
  const file = join(folder, 'bundle.tar');
  writeFileSync(file, bundle);
  const root = Buffer.from(ground.root.publicKey).toString('hex');
  expect(spawnSync('python3', ['-B', second, file, '--root', root]).status).toBe(report.exit);
  const names = [...bundle.toString('latin1').matchAll(/(?:records|open|sealed)\/\d+\.\w+(?=\0)/g)].map(
    ([name]) => name,
  );
  return { bundle, report, names, records: names.filter((name) => name.startsWith('records/')).length };
}

describe('a filtered export', () => {
  it('holds every record of one subject, each proven by itself, and says that it is a selection', async () => {
    const { report, records } = await exported({ subjectRef: handleOf(nurse) });
    expect(report.findings).toEqual([]);
    expect(report.exit).toBe(0);
    expect(records).toBe(6);
    const complete = report.claims.find(({ name }) => name === 'COMPLETE');
    expect(complete).toEqual({ name: 'COMPLETE', holds: false, what: expect.stringContaining('a selection') });
  });

  it('holds the requests of which an attempt went to one endpoint', async () => {
    expect((await exported({ endpoint: 'west' })).records).toBe(4);
    expect((await exported({ endpoint: 'west', subjectRef: handleOf(doctor) })).records).toBe(2);
    expect((await exported({ endpoint: 'nowhere' })).report.exit).toBe(0);
  });

  it('holds the requests that came in on one route, and those that hold a class in the prompt or in the answer', async () => {
    expect((await exported({ route: '/v1/messages' })).records).toBe(2);
    expect((await exported({ class: 'PHI' })).records).toBe(4);
    expect((await exported({ class: 'PHI', route: '/v1/messages' })).records).toBe(2);
    expect((await exported({ class: 'PHI', endpoint: 'east' })).records).toBe(2);
    const { report, records } = await exported({ class: 'SECRET' });
    expect([report.exit, records]).toEqual([0, 0]);
  });

  it('discloses the fields that were asked for, of one record, to whoever can check its commitment', async () => {
    const [first] = asked;
    const { bundle, report, names } = await exported({ records: [first?.decision ?? ''] }, ['prompt']);
    expect(report.exit).toBe(0);
    expect(names.filter((name) => name.startsWith('open/'))).toHaveLength(1);
    expect(bundle.toString('latin1')).toContain('nora asks east');
    expect(bundle.toString('latin1')).not.toContain('"sub":{"salt"');
    const edited = Buffer.from(bundle);
    edited.write('dora', edited.indexOf('nora asks east'), 'latin1');
    expect((await ground.verify(edited)).exit).toBe(15);
  });

  it('refuses rather than leave a record out', async () => {
    const reading = ground.database.plane('writ_exporter', 1);
    const select = withExport(reading, tenant, (reader) =>
      reader.select({ subjectRef: handleOf(nurse) }, { fromMs: 0, toMs: Date.now() + 60_000 }, 1_000, 5),
    );
    await expect(select).rejects.toThrow(SelectionTooLarge);
  });

  it('discloses nothing of a person whose keys were destroyed, and proves the records as before', async () => {
    const order = await ground.event(own, tenant, 'erasure.executed', { subject_ref: handleOf(doctor) });
    const sequencer = ground.sequencer();
    while ((await sequencer.tick()).kind === 'committed');
    const retention = retentionStore(ground.database.plane('writ_retention'));
    // One key to a transaction: the erasure goes on from key to key.
    expect(await retention.erase(tenant.tenant, order.id, 1)).toEqual({ erased: 3, spared: 0 });
    const { report, names, records } = await exported({ subjectRef: handleOf(doctor) }, ['prompt', 'sub']);
    expect(report.exit).toBe(0);
    expect(records).toBe(4);
    expect(names.filter((name) => name.startsWith('open/'))).toEqual([]);
  });
});

describe('an erasure', () => {
  it('reaches the keys behind those that a hold covers', async () => {
    const [first] = asked;
    const { rows } = await ground.admin.query<{ idx: string }>(
      `SELECT first_idx + array_position(record_ids, $1::uuid) - 1 AS idx FROM t_${tenant.tenant.replaceAll('-', '')}.batch WHERE $1::uuid = ANY (record_ids)`,
      [first?.decision],
    );
    const from = Number(rows[0]?.idx);
    const placed = await ground.event(own, tenant, 'hold.placed', { hold: placedId, from, to: from + 2 });
    const hold = { id: placedId, event: 'placed' as const, from, to: from + 2, matter: 'test', record: placed.id };
    await evidenceStore(ground.database.plane('writ_tenant_api', 1)).writeHold(tenant, hold);
    const order = await ground.event(own, tenant, 'erasure.executed', { subject_ref: handleOf(nurse) });
    const sequencer = ground.sequencer();
    while ((await sequencer.tick()).kind === 'committed');
    const retention = retentionStore(ground.database.plane('writ_retention'));
    expect(await retention.erase(tenant.tenant, order.id, 1)).toEqual({ erased: 2, spared: 1 });
  });
});

const placedId = '01990000-0000-7000-8000-00000000aaaa';
