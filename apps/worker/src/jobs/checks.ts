import { Resolver } from 'node:dns/promises';
import type { JsonObject } from '@writ/domain';
import { limits } from '@writ/domain';
import { type PlanePool, type TenantTransaction, enqueue, jobIdOf, withTenant } from '@writ/postgres';
import { type Dispatcher, request } from 'undici';
import type { JobRun } from './runtime.js';
import type { Upkeep } from './upkeep.js';

interface Thing extends Record<string, unknown> {
  readonly kind: 'domain' | 'identity-provider';
  readonly name: string;
  readonly target: string;
  /** The challenge that a domain's TXT record holds. */
  readonly expected: string;
}

/** Why it is not as it should be; undefined when it is. */
export type Check = (thing: Pick<Thing, 'kind' | 'target' | 'expected'>) => Promise<string | undefined>;

/**
 * Looks at every verified domain and every enabled identity provider of a tenant again. Nothing is switched off by it: what
 * no longer holds is shown, and told once to the tenant's webhooks when it stops holding and when it holds again.
 */
export function checking(plane: PlanePool, check: Check): Upkeep {
  return async (run) => {
    const things = await withTenant(plane, run.tenant, ({ query, tenant }) =>
      query<Thing>('SELECT kind, name, target, expected FROM control.things_to_check($1)', [tenant]),
    );
    const found = await Promise.all(things.map(async (thing) => ({ thing, because: await check(thing) })));
    await run.finish(async (transaction) => {
      // oxlint-disable-next-line no-await-in-loop -- one transaction, one statement after the other
      for (const { thing, because } of found) await note(transaction, run, thing, because);
    });
  };
}

async function note({ query, tenant }: TenantTransaction, run: JobRun, thing: Thing, because?: string): Promise<void> {
  const { kind, name } = thing;
  const [before] = await query<{ ok: boolean }>(
    'SELECT ok FROM control.upkeep_check WHERE tenant_id = $1 AND kind = $2 AND name = $3',
    [tenant, kind, name],
  );
  const isOk = because === undefined;
  await query(
    `INSERT INTO control.upkeep_check (tenant_id, kind, name, ok, failures, because) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (tenant_id, kind, name) DO UPDATE SET ok = $4, because = $6, checked_at = clock_timestamp(),
       failures = CASE WHEN $4 THEN 0 ELSE control.upkeep_check.failures + 1 END`,
    [tenant, kind, name, isOk, isOk ? 0 : 1, because ?? null],
  );
  if ((before?.ok ?? true) === isOk) return;
  const payload: JsonObject = {
    kind: `upkeep.${isOk ? 'mended' : 'broken'}`,
    what: kind,
    name,
    because: because ?? null,
  };
  await enqueue(query, tenant, {
    id: jobIdOf(tenant, 'notify', `${run.id}/${kind}/${name}`),
    queue: 'notify',
    payload,
  });
}

/** Asks the name servers and the identity providers, the latter through the egress guard. */
export function outsideCheck(egress: Dispatcher, nameServers: readonly string[]): Check {
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  if (nameServers.length > 0) resolver.setServers(nameServers);
  return ({ kind, target, expected }) =>
    kind === 'domain' ? domainCheck(resolver, target, expected) : keysCheck(egress, target);
}

async function domainCheck(resolver: Resolver, name: string, challenge: string): Promise<string | undefined> {
  try {
    const records = await resolver.resolveTxt(`_writ-challenge.${name}`).catch(() => resolver.resolveTxt(name));
    return records.some((pieces) => pieces.join('').includes(challenge))
      ? undefined
      : 'the TXT record no longer holds the challenge';
  } catch (cause) {
    return `the TXT record cannot be read (${codeOf(cause)})`;
  }
}

async function keysCheck(dispatcher: Dispatcher, url: string): Promise<string | undefined> {
  try {
    const answer = await request(url, { dispatcher, signal: AbortSignal.timeout(5_000) });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      return `the key set answered ${answer.statusCode}`;
    }
    const text = await answer.body.text();
    if (text.length > limits.jwksBytes) return 'the key set is larger than a gateway reads';
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    return Array.isArray(keys) && keys.length > 0 ? undefined : 'the key set holds no key';
  } catch (cause) {
    return `the key set cannot be read (${codeOf(cause)})`;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no answer';
}
