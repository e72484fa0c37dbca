import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repository } from '@writ/local';
import { type House, adminAudience, openHouse } from './house.js';

let house: House;
const folder = mkdtempSync(join(tmpdir(), 'writ-cli-'));
beforeAll(async () => {
  house = await openHouse();
});
afterAll(async () => {
  await house?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function writ(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(repository, 'apps/cli/dist/main.js'), ...args, '--api', house.api.url]);
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => void child.on('close', resolve));
  return { status, ...text };
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { status, out, err } = await writ(...args, '--json');
  expect([status, err]).toEqual([0, '']);
  return JSON.parse(out) as T;
}

describe('writ on the command line', () => {
  it('takes a new user from an e-mail address to a federated tenant', async () => {
    const setup = join(folder, 'setup.token');
    const { signUpId } = await json<{ signUpId: string }>('tenant', 'sign-up', '--email', 'ops@cli.example');
    await json('tenant', 'verify', '--sign-up', signUpId, '--code', house.code('ops@cli.example'), '--save', setup);
    expect(statSync(setup).mode & 0o777).toBe(0o600);
    await json('tenant', 'create', '--name', 'cli hospital', '--region', 'eu', '--token-file', setup);
    const issuer = ['--issuer', house.issuer.url, '--audience', adminAudience, '--bind', 'org_id=cli'];
    await json('idp', 'add', '--name', 'main', ...issuer, '--token-file', setup);
    await json('idp', 'map', '--name', 'main', '--rule', 'groups=it-admins:owner', '--token-file', setup);

    const token = join(folder, 'ada.token');
    writeFileSync(token, await house.issuer.token({ sub: 'ada', org_id: 'cli', groups: ['it-admins'] }));
    const stranger = join(folder, 'eve.token');
    writeFileSync(stranger, await house.issuer.token({ sub: 'eve', org_id: 'other', groups: ['it-admins'] }));
    const refused = await writ('idp', 'test', '--name', 'main', '--token', stranger, '--token-file', setup);
    expect([refused.status, refused.out.split('\n')[0]]).toEqual([
      1,
      'fail    token: At least one check failed; mend what is marked.',
    ]);
    await json('idp', 'test', '--name', 'main', '--token', token, '--token-file', setup);
    await json('idp', 'enable', '--name', 'main', '--token-file', setup);

    const status = await writ('tenant', 'status', '--token-file', token);
    expect(status.out.split('\n').slice(0, 6)).toEqual([
      'cli hospital is PENDING_SETUP, configuration 2',
      '  may  verify-domain (createDomain): A verified domain settles who may claim a shared issuer.',
      '  done  create-identity-provider',
      '  done  test-identity-provider',
      '  done  map-an-owner',
      '  next  sign-in-as-owner (completeSetup): The first federated owner takes over; the setup token ends.',
    ]);
    const taken = await writ('tenant', 'complete', '--token-file', token);
    expect([taken.out, taken.err]).toEqual([
      'The tenant is FEDERATED; break-glass is UNARMED. Next: writ tenant status\n',
      '',
    ]);
    expect((await writ('tenant', 'status', '--token-file', setup)).err).toContain('SETUP_ENDED');
    const record = await json<{ domain: { recordName: string } }>(
      'tenant',
      'domain',
      '--name',
      'Cli.example',
      '--token-file',
      token,
    );
    expect(record.domain.recordName).toContain('cli.example');
    const codes = join(folder, 'codes');
    const armed = await writ('tenant', 'arm-break-glass', '--save', codes, '--token-file', token);
    expect([armed.err, armed.out]).toEqual([
      '',
      expect.stringContaining('until ops@cli.example has registered a passkey'),
    ]);
    expect(readFileSync(codes, 'utf8')).toMatch(/^(?:[A-Z0-9]{5}(?:-[A-Z0-9]{5}){3}\n){2}$/);
    expect(statSync(codes).mode & 0o777).toBe(0o600);
    expect((await writ('tenant', 'arm-break-glass', '--save', codes, '--token-file', token)).err).toContain(
      'is there already',
    );
  }, 60_000);

  it('says a refusal in one sentence and ends with status 1', async () => {
    const { status, out, err } = await writ('tenant', 'status');
    expect([status, out, err]).toEqual([
      1,
      '',
      'writ: UNAUTHENTICATED: Send a credential as `Authorization: Bearer <token>`.\n',
    ]);
  });
});
