import { expect } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isCleared, fulfil } from '@writ/classification';
import { limits as allLimits, noObligations, type Ask, type Classification, type TenantContext } from '@writ/domain';
import * as gateway from '@writ/gateway';
import * as identity from '@writ/identity';
import { createLedger, isReceipt, logSigner, statementSigner } from '@writ/ledger';
import * as local from '@writ/local';
import * as nest from '@writ/nest';
import { createLog, guardedDispatcher, systemClock } from '@writ/platform';
import * as postgres from '@writ/postgres';
import { dialects, parseRoute } from '@writ/providers';
import * as redis from '@writ/redis';
import { choose, healthOf, isAuthorizedBy, localHealth } from '@writ/routing';
import { s3Bucket } from '@writ/s3';
import { type Simulator, startObjectStore, startSimulator } from '@writ/simulator';
import * as worker from '@writ/worker';
import { fastify, type FastifyInstance } from 'fastify';
import { type TestDatabase, aTenantId, passwordsOf, startDatabase } from '../../contract/database.js';
import { startServer } from '../../contract/limits-room.js';
import { eventually } from '../../contract/eventually.js';
import { aLog, aPermitRecord } from '../../contract/records.js';
import { House, anAsk } from '../../support/house.js';
import { DirectoryTwin, aSnapshot, aSubject, aTenantContext, anEndpoint, must, tenantA } from '../../support/index.js';
import { repository } from './blocks.js';
import { aLedger, aPermitFor, refuse } from './core.js';
import type { Surroundings } from './run-typescript.js';

let database: Promise<TestDatabase> | undefined;

/** One database for every snippet that needs one. */
function theDatabase(): Promise<TestDatabase> {
  return (database ??= startDatabase());
}

export async function closeDatabase(): Promise<void> {
  await (await database)?.close();
}

/** What an administrator's statement of a runbook answers while one log is on hold; the hold ends with it. */
export async function onHold(statement: string): Promise<readonly unknown[]> {
  const held = await theDatabase();
  const { tenant } = await held.tenant();
  const administrator = await held.session('postgres');
  await administrator.query('SELECT ledger.place_integrity_hold($1, $2)', [tenant, 'a test']);
  const { rows } = await administrator.query<object>(statement.replaceAll('<tenant>', tenant));
  await administrator.query('DELETE FROM ledger.integrity_hold');
  return rows;
}

/** What the snippets of the adapters and apps need around them: real servers on free ports, or the simulator. */
export const outsideSurroundings: Readonly<Record<string, () => Surroundings | Promise<Surroundings>>> = {
  'libs/nest/README.md': () => {
    const app: FastifyInstance = fastify();
    return {
      given: { ...nest, app, keys: [] },
      check: async () =>
        expect((await app.inject('/readyz')).json()).toEqual({ ready: false, because: ['no signing key'] }),
    };
  },

  'libs/s3/README.md': async () => {
    const simulated = await startObjectStore();
    const { url: endpoint, accessKeyId, secretAccessKey } = simulated;
    const allowHosts = [new URL(endpoint).host];
    const bytes = Buffer.from('{}');
    return {
      given: { s3Bucket, endpoint, accessKeyId, secretAccessKey, allowHosts, bytes },
      check: async ({ read, opened }) => {
        expect(read).toMatchObject({ ok: true, value: { bytes } });
        await (opened as { value: { close(): Promise<void> } }).value.close();
      },
      close: () => simulated.stop(),
    };
  },

  'libs/identity/README.md': async () => {
    const simulator = await startSimulator();
    const issuer = simulator.urls.issuer;
    const guarded = guardedDispatcher({ allowHosts: [new URL(issuer).host], connectMs: 1_000 });
    const { accessToken: token } = await simulator.loginAs('nora', 'https://gateway.example');
    const url = 'https://gateway.example/v1/chat/completions';
    return {
      given: { ...identity, directory: aDirectory(issuer), guarded, clock: systemClock, token, url, refuse },
      check: ({ subject, tenant }) => {
        expect(subject).toMatchObject({ issuer, kind: 'human' });
        expect(tenant).toMatchObject({ tenant: tenantA });
      },
      close: () => Promise.all([simulator.stop(), guarded.close()]),
    };
  },

  'libs/providers/README.md': async () => {
    const simulator = await startSimulator();
    return { ...(await aCommittedCall(simulator)), close: () => simulator.stop() };
  },

  'libs/postgres/README.md': async () => {
    const { server } = await theDatabase();
    const tenant = aTenantId();
    return {
      given: {
        ...postgres,
        tenant,
        context: aTenantContext(tenant),
        passwords: passwordsOf(server),
        adminUrl: server.url('postgres'),
        apiUrl: server.url('writ_tenant_api'),
      },
      check: async ({ api, rows }) => {
        expect(rows).toEqual([]);
        await (api as postgres.PlanePool).close();
      },
    };
  },

  'libs/redis/README.md': async () => {
    const [held, server] = [await theDatabase(), await startServer()];
    const tenant = await held.tenant();
    const budget = { id: 'team', scope: 'tenant', period: 'month', limitMicros: '1000000', hard: true } as const;
    const snapshot = aSnapshot({
      budgets: [budget],
      limits: [{ id: 'r', scope: 'tenant', requestsPerMinute: 10 }],
    });
    const usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    let made: { readonly limits?: redis.Limits; readonly redis?: redis.RedisConnection } = {};
    return {
      given: {
        ...redis,
        url: server.url,
        onProblem: refuse,
        tenant,
        snapshot,
        refuse,
        systemClock,
        budgetStore: postgres.budgetStore,
        plane: held.plane('writ_gateway'),
        instances: 2,
        subject: aSubject(),
        ask: anAsk(new House(), 'Hello', { maxOutputTokens: 100 }),
        estimatedTokens: 10,
        usage: { ...usage, estimated: false },
        costMicros: '20',
      },
      check: (values) => {
        made = values;
        expect(values['reserved']).toMatchObject({ ok: true, value: { mode: 'shared' } });
      },
      async close() {
        await made.limits?.close();
        await made.redis?.close();
        await server.stop();
      },
    };
  },

  'deploy/local/README.md': () => {
    // The Redis that was fetched for this machine once; the snippet's own folder is new.
    mkdirSync('.writ');
    mkdirSync(join(repository, '.writ/cache'), { recursive: true });
    symlinkSync(join(repository, '.writ/cache'), '.writ/cache');
    return {
      given: { ...local, console: { error: () => undefined } },
      check: ({ admin }) => expect(admin).toMatch(/^postgres(ql)?:\/\/postgres:/),
    };
  },

  'apps/simulator/README.md': () => ({
    check: ({ accessToken }) => expect(accessToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/),
  }),

  'apps/gateway/README.md': () => {
    const house = new House({ realTime: true });
    const ports = { ...house.ports, dialects };
    return {
      given: { ...gateway, ports, log: createLog('test', 'silent'), token: 'good' },
      check: ({ answered }) => expect((answered as Response).headers.get('x-writ-decision')).toMatch(/^[\da-f-]{36}$/),
    };
  },

  'apps/worker/README.md': async () => {
    const held = await theDatabase();
    const tenant = await held.tenant();
    const gatewayLedger = await commitOne(held, tenant);
    const published: worker.PublishedHead[] = [];
    return {
      given: {
        ...worker,
        sequencerStore: postgres.sequencerStore,
        plane: held.plane('writ_sequencer'),
        key: logSigner(generateKeyPairSync('ed25519').privateKey),
        clock: systemClock,
        onPublished: (heads: readonly worker.PublishedHead[]) => published.push(...heads),
        onProblem: refuse,
      },
      check: () =>
        expect(published.filter((head) => head.tenant === tenant.tenant)).toMatchObject([{ batch: { sizeAfter: 1 } }]),
      close: () => gatewayLedger.close(),
    };
  },
};

function aDirectory(issuer: string): DirectoryTwin {
  const directory = new DirectoryTwin();
  directory.trust(tenantA, {
    id: 'main',
    kind: 'oidc',
    issuer,
    audiences: ['https://gateway.example'],
    algorithms: ['RS256', 'ES256'],
    boundClaims: {},
    acceptIdTokens: false,
    maxLifetimeSeconds: 3_600,
    skewSeconds: 60,
    subjectKind: 'human',
    roleMappings: [],
    claims: { groups: 'groups', attributes: [] },
    settings: {},
  });
  return directory;
}

/** A record in the tenant's log, committed by a writer that is enrolled as a gateway is. */
async function commitOne(held: TestDatabase, tenant: TenantContext): Promise<postgres.EnrolledLedger> {
  const plane = held.plane('writ_gateway');
  const gatewayLedger = postgres.enrolledLedger({
    plane,
    authority: statementSigner(generateKeyPairSync('ed25519').privateKey),
    kind: 'gateway',
    settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [],
    onAlarm: () => undefined,
    onProblem: () => undefined,
  });
  const log = { ...aLog(tenant), origin: (await postgres.originOf(plane, tenant.tenant)) ?? '' };
  const how = { level: 'committed', deadlineMs: 5_000 } as const;
  await gatewayLedger.enrolled;
  const record = aPermitRecord();
  // An unknown outcome is answered by asking again for the same record; the reason shows should it stay refused.
  await eventually(
    async () => expect(await gatewayLedger.ledger.commit(log, record, how)).toMatchObject({ ok: true }),
    20_000,
  );
  return gatewayLedger;
}

/** Everything that a call of an endpoint demands, made by the rooms that alone can make it. */
async function aCommittedCall(simulator: Simulator): Promise<Surroundings> {
  const dispatcher = guardedDispatcher({ allowHosts: [new URL(simulator.urls.models).host], connectMs: 1_000 });
  const key = { id: 'k1', sealed: 'sk-1' };
  const endpoint = anEndpoint('openai-us', { baseUrl: simulator.urls.openai, models: ['fast'], keys: [key] });
  const bytes = Buffer.from('{"model":"fast","messages":[{"role":"user","content":"Hello"}]}');
  const meta = aMeta();
  const ask: Ask = must(parseRoute('/v1/chat/completions', bytes, meta));
  const record = aPermitFor(ask);
  const log = aLog(aTenantContext());
  const how = { level: 'committed', deadlineMs: allLimits.decisionCommitMs } as const;
  const receipt = must(await createLedger(aLedger(new House({ realTime: true }).store)).commit(log, record, how));
  const needs = { model: 'fast', aliases: [], endpoints: [endpoint], random: () => 0, nowMs: 0 };
  const route = must(choose(record.decision, needs, healthOf(localHealth(), tenantA)));
  const prompt = must(fulfil(noObligations, ask, nothingFound, new Uint8Array(32)));
  const call = { model: 'fast', key, log, dispatch: undefined, maxOutputTokens: undefined };
  return {
    given: {
      bytes,
      meta,
      ask,
      receipt,
      prompt,
      model: 'fast',
      endpoint: route.next(undefined, 0)?.endpoint,
      proofs: { isReceipt, isAuthorizedBy, isCleared },
      dispatcherFor: () => dispatcher,
      openKey: () => Promise.resolve(key.sealed),
      how: { ...call, signal: new AbortController().signal },
    },
    check: async ({ parsed }) => {
      expect(parsed).toMatchObject({ ok: true });
      expect(simulator.requests()).toHaveLength(1);
      await dispatcher.close();
    },
  };
}

const nothingFound: Classification = {
  complete: true,
  incompleteBecause: [],
  findings: [],
  classes: {},
  taxonomyVersion: '1',
  engineVersion: '1',
  leavesScanned: 1,
  charactersScanned: 5,
};

function aMeta(): Parameters<typeof parseRoute>[2] {
  const { request, route, receivedAt, clientAddress, userAgent } = anAsk(new House(), '');
  return { request, route, receivedAt, clientAddress, userAgent };
}
