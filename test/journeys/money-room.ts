import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseRecord } from '@writ/ledger';
import { type OnboardedTenant, type Stack, accessToken, control, repository } from '@writ/local';
import type { HookLedger } from '@writ/simulator';
import { Client } from 'pg';

export interface Sum {
  readonly model: string;
  readonly requests: number;
  readonly inputTokens: number;
  readonly costMicros: string;
}

export function today(): string {
  return new Date(Date.now()).toISOString().slice(0, 10);
}

/** What was used today by model, as the tenant API says it. */
export async function usageOf({ client }: OnboardedTenant): Promise<readonly Sum[]> {
  const query = `query ($from: String!, $to: String!) { usage(from: $from, to: $to) {
    settledAt sums { model requests denied inputTokens outputTokens costMicros } } }`;
  const answer = await client.run<{ readonly usage: { readonly sums: readonly Sum[] } }>(query, {
    from: today(),
    to: today(),
  });
  return answer.usage.sums;
}

export function costOf(sums: readonly Sum[]): number {
  return sums.reduce((all, { costMicros }) => all + Number(costMicros), 0);
}

/** One chat of the published wire, sent as these very bytes. */
export async function chat(stack: Stack, token: string, body: object): Promise<number> {
  const answer = await fetch(`${stack.urls.gateway}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.text();
  return answer.status;
}

/** So many of it, so many at a time; how many had each status. */
export async function many(
  count: number,
  atOnce: number,
  ask: () => Promise<number>,
): Promise<Readonly<Record<number, number>>> {
  const seen: Record<number, number> = {};
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other in each lane
      const status = await ask();
      seen[status] = (seen[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return seen;
}

/** What the newest permit of this tenant reserved, in micro-units. */
export async function reservedByTheNewest(stack: Stack, tenant: OnboardedTenant): Promise<number> {
  const record = await recordWhere(stack, tenant, `kind = 'decision' AND effect = 'permit'`);
  return Number(record['reserved']);
}

/** The clear part of the record that a change of the tenant API names. */
export function recordOf(
  stack: Stack,
  tenant: OnboardedTenant,
  recordId: string,
): Promise<Readonly<Record<string, unknown>>> {
  return recordWhere(stack, tenant, `record_id = '${uuidOf(recordId)}'`);
}

/** The newest of these. */
async function recordWhere(
  stack: Stack,
  { tenantId }: OnboardedTenant,
  where: string,
): Promise<Readonly<Record<string, unknown>>> {
  return asAdmin(stack, async (admin) => {
    const schema = `t_${uuidOf(tenantId).replaceAll('-', '')}`;
    const { rows } = await admin.query<{ leaf: Buffer }>(
      `SELECT leaf FROM ${schema}.record WHERE ${where} ORDER BY record_id DESC LIMIT 1`,
    );
    const record = parseRecord(rows[0]?.leaf ?? new Uint8Array());
    if (!record) throw new Error('there is no such record');
    return JSON.parse(Buffer.from(record.payload).toString('utf8')) as Readonly<Record<string, unknown>>;
  });
}

const letters = 'abcdefghijklmnopqrstuvwxyz234567';

/** Ids of the tenant API are a prefix and the UUID in lower-case base32. */
function uuidOf(id: string): string {
  const bits = Array.from(id.slice(id.indexOf('_') + 1), (letter) =>
    letters.indexOf(letter).toString(2).padStart(5, '0'),
  );
  const hex = (bits.join('').slice(0, 128).match(/.{4}/g) ?? []).map((four) => parseInt(four, 2).toString(16)).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Lets whatever waits for another try, try again at once: the pauses between tries have their own test. */
export function triesComeAtOnce(stack: Stack): Promise<void> {
  return asAdmin(stack, async (admin) => {
    await admin.query('UPDATE control.work SET due_at = clock_timestamp() WHERE dead_at IS NULL');
  });
}

async function asAdmin<T>(stack: Stack, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: stack.postgres.url('postgres') });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

export function hook(stack: Stack, name: string): Promise<HookLedger> {
  return control<HookLedger>(stack, `hooks/${name}`);
}

export async function hookIs(stack: Stack, name: string, how: object): Promise<void> {
  await control(stack, `hooks/${name}`, how);
}

/** The command line as an operator runs it, against this stack's tenant API. */
export async function writ(stack: Stack, tokenFile: string, ...args: readonly string[]): Promise<string> {
  const how = ['--api', stack.urls.tenantApi, '--token-file', tokenFile];
  const child = spawn(process.execPath, [join(repository, 'apps/cli/dist/main.js'), ...args, ...how]);
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => void child.on('close', resolve));
  if (status !== 0) throw new Error(`writ ${args.join(' ')} ended with ${status}: ${text.err}`);
  return text.out;
}

export function tokenFor(stack: Stack, person: string, audience: 'gateway' | 'admin'): Promise<string> {
  return accessToken(stack, person, stack.audiences[audience]);
}
