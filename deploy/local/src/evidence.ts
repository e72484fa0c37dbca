import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import type { OnboardedTenant } from './onboard.js';
import { repository } from './processes.js';
import type { Stack } from './stack.js';

/** Asks the tenant API for a bundle of everything so far and writes it to `file`, as an auditor would. */
export async function exportLedger(stack: Stack, { client }: OnboardedTenant, file: string): Promise<void> {
  const day = 24 * 60 * 60 * 1000;
  const input = {
    purpose: 'demo',
    from: new Date(Date.now() - day).toISOString(),
    to: new Date(Date.now() + day).toISOString(),
  };
  const { export: exported } = await client.mutate<{ export: { location: string | null } }>(
    'requestExport',
    input,
    'export { location }',
  );
  if (exported.location === null) throw new Error('the export has no location yet');
  const response = await fetch(new URL(exported.location, stack.urls.tenantApi), {
    headers: { authorization: `Bearer ${client.token ?? ''}` },
  });
  if (!response.ok || !response.body)
    throw new Error(`the export answered ${response.status}: ${await response.text()}`);
  await pipeline(response.body, createWriteStream(file));
}

/** Runs `writ verify` as its own process: no network, nothing but the file and the root key. */
export async function verifyExport(
  stack: Stack,
  bundle: string,
  say: (line: string) => void,
): Promise<{ readonly code: number; readonly output: string }> {
  const entry = join(repository, 'apps/cli/dist/main.js');
  const done = spawnSync(process.execPath, [entry, 'verify', bundle, '--root', stack.keys.rootPublicKeyFile], {
    encoding: 'utf8',
  });
  const output = `${done.stdout}${done.stderr}`;
  for (const line of output.trimEnd().split('\n')) say(`         ${line}`);
  say(`         exit code ${done.status}`);
  return await Promise.resolve({ code: done.status ?? -1, output });
}

/** What no login of Writ can do: a superuser turns the triggers off and changes one byte of one stored record. */
export async function breakOneByte(
  stack: Stack,
  { tenantId }: OnboardedTenant,
): Promise<{ readonly record: string; readonly index: number }> {
  const admin = new Client({ connectionString: stack.postgres.url('postgres') });
  await admin.connect();
  try {
    const { rows: logs } = await admin.query<{ schema: string }>(
      `SELECT 't_' || replace(tenant_id::text, '-', '') AS schema FROM ledger.log ORDER BY tenant_id`,
    );
    const schema = logs.map((log) => log.schema).find((name) => tenantId.includes(name.slice(2)) || logs.length === 1);
    if (schema === undefined) throw new Error('the log of the demo tenant was not found');
    await admin.query(`ALTER TABLE ${schema}.record DISABLE TRIGGER ALL`);
    const { rows } = await admin.query<{ record: string }>(
      `UPDATE ${schema}.record SET leaf = set_byte(leaf, octet_length(leaf) / 2, get_byte(leaf, octet_length(leaf) / 2) # 1)
        WHERE record_id = (SELECT record_id FROM ${schema}.record WHERE kind = 'decision' ORDER BY record_id LIMIT 1)
        RETURNING record_id::text AS record`,
    );
    await admin.query(`ALTER TABLE ${schema}.record ENABLE TRIGGER ALL`);
    const record = rows[0]?.record;
    if (record === undefined) throw new Error('no decision was found to edit');
    const { rows: places } = await admin.query<{ index: string }>(
      `SELECT first_idx + array_position(record_ids, $1::uuid) - 1 AS index FROM ${schema}.batch WHERE $1::uuid = ANY (record_ids)`,
      [record],
    );
    return { record, index: Number(places[0]?.index) };
  } finally {
    await admin.end();
  }
}
