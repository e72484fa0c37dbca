import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalPostgres, startPostgres } from '@writ/local';
import { type Login, logins, migrate } from '@writ/postgres';
import { controlMigrations } from '@writ/postgres/control';
import {
  type Ports,
  type TenantApi,
  type TenantApiSettings,
  serveTenantApi,
  tenantApiSettings,
  wire,
} from '@writ/tenant-api';
import { type CryptoKey, SignJWT, exportJWK, generateKeyPair } from 'jose';
import { Pool } from 'pg';

export const adminAudience = 'https://admin.writ.test';

/** The tenant API on a real Postgres, with its real ledger and identity; the mailbox is in memory. */
export interface House {
  readonly api: TenantApi;
  readonly ports: Ports;
  readonly issuer: Issuer;
  /** As the database's owner: for looking behind the scenes. */
  readonly admin: Pool;
  /** Of another login: what the worker's roles connect with. */
  url(login: Login): string;
  /** Of the login that the tenant API has. */
  readonly databaseUrl: string;
  code(email: string): string;
  /** Every mail that left, in order. */
  readonly mails: readonly Mail[];
  /** What the operators were told of. */
  readonly reported: readonly string[];
  ask<T>(query: string, variables?: object, token?: string): Promise<Answered<T>>;
  close(): Promise<void>;
}

export type Mail = Parameters<Ports['mail']['send']>[0];

export interface Answered<T> {
  readonly status: number;
  readonly data: T;
  readonly errors: readonly { readonly message: string; readonly extensions: { readonly code: string } }[] | undefined;
  readonly extensions: { readonly cost?: { readonly requested: number } } | undefined;
}

/** `more` replaces settings, such as a public address that can be dialled. */
export async function openHouse(more: Partial<TenantApiSettings> = {}): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-tenant-api-'));
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined });
  try {
    return await furnish(folder, postgres, more);
  } catch (cause) {
    await postgres.stop();
    throw cause;
  }
}

async function furnish(folder: string, postgres: LocalPostgres, more: Partial<TenantApiSettings>): Promise<House> {
  const passwords = Object.fromEntries(logins.map((login) => [login, postgres.password(login)])) as Record<
    Login,
    string
  >;
  await migrate(postgres.url('postgres'), passwords, controlMigrations);
  const keys = keyFiles(folder);
  const issuer = await openIssuer();
  const settings: TenantApiSettings = tenantApiSettings.parse({
    databaseUrl: postgres.url('writ_tenant_api'),
    exporterDatabaseUrl: postgres.url('writ_exporter'),
    publicUrl: 'https://admin.writ.test',
    adminAudience,
    ...keys,
    logName: 'writ.test',
    mail: 'print',
    egressAllowHosts: new URL(issuer.url).host,
    logLevel: 'error',
    ...more,
  });
  const admin = new Pool({ connectionString: postgres.url('postgres'), max: 2 });
  admin.on('error', () => undefined);
  const wired = await wire(settings);
  const mails: Mail[] = [];
  const reported: string[] = [];
  const ports: Ports = {
    ...wired.ports,
    mail: {
      send: async (mail) => {
        if (mail.to.startsWith('unreachable@')) throw new Error('this mailbox cannot be reached');
        mails.push(mail);
      },
    },
    report: (cause, request) => void reported.push(`${request}: ${String(cause)}`),
  };
  const api = await serveTenantApi(settings, ports);
  return {
    api,
    ports,
    issuer,
    admin,
    url: (login) => postgres.url(login),
    databaseUrl: settings.databaseUrl,
    code: (email) => /\b\d{8}\b/.exec(mails.findLast(({ to }) => to === email)?.text ?? '')?.[0] ?? '',
    mails,
    reported,
    ask: (query, variables, token) => ask(api.url, query, variables, token),
    async close() {
      await api.close();
      await wired.close();
      await admin.end();
      await issuer.close();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type KeyFiles = Pick<
  TenantApiSettings,
  'masterKeyFile' | 'writerAuthorityKeyFile' | 'snapshotKeyFile' | 'exportKeyFile' | 'keysetFile'
>;

const ed25519 = (): string => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });

function keyFiles(folder: string): KeyFiles {
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  return {
    masterKeyFile: write('master.key', randomBytes(32).toString('base64')),
    writerAuthorityKeyFile: write('authority.pem', ed25519()),
    exportKeyFile: write('export.pem', ed25519()),
    // No journey here opens a bundle; who verifies one brings the keyset.
    keysetFile: write('keyset.jws', 'not a keyset'),
    snapshotKeyFile: write('snapshot.pem', ed25519()),
  };
}

async function ask<T>(url: string, query: string, variables?: object, token?: string): Promise<Answered<T>> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  return { status: answer.status, ...((await answer.json()) as Omit<Answered<T>, 'status'>) };
}

export interface Issuer {
  readonly url: string;
  /** Fields that the discovery document has from now on, instead of the right ones. */
  answer(wrong: Readonly<Record<string, unknown>>): void;
  token(claims: Readonly<Record<string, unknown>>): Promise<string>;
  close(): Promise<void>;
}

/** A small OIDC issuer: discovery, keys, and tokens on demand. */
async function openIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] };
  let wrong: Readonly<Record<string, unknown>> = {};
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const document = {
      issuer: url,
      jwks_uri: `${url}/jwks`,
      id_token_signing_alg_values_supported: ['ES256', 'HS256', 'none'],
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/jwks' ? jwks : { ...document, ...wrong }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    answer: (fields) => {
      wrong = fields;
    },
    token: (claims) => sign(privateKey, url, claims),
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

function sign(key: CryptoKey, url: string, claims: Readonly<Record<string, unknown>>): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setIssuer(url)
    .setAudience((claims['aud'] as string | undefined) ?? adminAudience)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(key);
}
