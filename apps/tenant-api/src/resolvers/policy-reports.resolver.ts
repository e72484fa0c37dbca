import { Inject } from '@nestjs/common';
import { Args, Context, ID, Query, Resolver } from '@nestjs/graphql';
import { type Snapshot, parseRecordId } from '@writ/domain';
import type { LogContext } from '@writ/ledger';
import { policyLimits } from '@writ/policy';
import { PolicyVersionRow } from '@writ/postgres/control';
import { GraphQLError } from 'graphql';
import { Administration, ownLog } from '../administration.js';
import { type RequestContext, refusedError, tenantOf } from '../caller.js';
import { layers, refusalOf, sourceLimit, toldProof } from '../policy-work.js';
import type { DecisionQuery, Ports } from '../ports.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/policy-reports.types.js';
import { nothingReplayed, replay } from '../replay.js';
import { viewExplanation, viewSimulation } from '../schema/policy-views.js';
import { denyAllPolicy, endpointsOf } from '../snapshot.js';
import { PORTS } from '../tokens.js';
import type { UserError } from '../schema/building-blocks.js';

/** Questions about policies. Nothing is stored; reading facts of past requests leaves a record first. */
@Resolver()
export class PolicyReportsResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.PolicyTestReport, {
    description: 'Runs the tests that a text carries, under the layer of the platform.',
  })
  async policyTests(@Args('source') source: string, @Context() context: RequestContext): Promise<t.PolicyTestReport> {
    const { tenant } = tenantOf(sized(source, context).caller);
    const tested = await this.ports.policy.perform(tenant, 'test', { source, ...layers(this.ports.policy) });
    if (!tested.ok) throw shown(refusalOf(tested.error));
    if (!tested.value.ok) return { diagnostics: [...tested.value.error], tests: [], survivors: [], passed: false };
    const { results, mutation } = tested.value.value;
    return {
      diagnostics: [],
      tests: results.map(({ name, line, passed, differences }) => ({
        name,
        line,
        passed,
        differences: [...differences],
      })),
      survivors: [...(mutation?.survivors ?? [])],
      passed: results.every(({ passed }) => passed),
    };
  }

  @Query(() => t.PolicyProofReport, {
    description: 'Proves the invariants of a text, for every request and catalogue.',
  })
  async policyProofs(@Args('source') source: string, @Context() context: RequestContext): Promise<t.PolicyProofReport> {
    const { tenant } = tenantOf(sized(source, context).caller);
    const proofs = await this.ports.policy.prover(tenant).prove(source);
    return proofs.ok
      ? { diagnostics: [], proofs: proofs.value.map(toldProof) }
      : { diagnostics: [...proofs.error], proofs: [] };
  }

  @Query(() => t.PolicyDifference, { description: 'What a text would change against the version in force.' })
  async policyDifference(
    @Args('source') source: string,
    @Context() context: RequestContext,
  ): Promise<t.PolicyDifference> {
    const { tenant } = tenantOf(sized(source, context).caller);
    const before = await this.inForce(context);
    const diff = await this.ports.policy.perform(tenant, 'diff', { before, after: source });
    if (!diff.ok) throw shown(refusalOf(diff.error));
    if (!diff.value.ok) return { diagnostics: [...diff.value.error], beforeHash: null, afterHash: null, changes: [] };
    const { beforeHash, afterHash, changes } = diff.value.value;
    return { diagnostics: [], beforeHash, afterHash, changes: [...changes] };
  }

  @Query(() => t.PolicySimulation, {
    description: 'Which of the requests of a window would a text decide otherwise than the version in force?',
  })
  async policySimulation(
    @Args('source') source: string,
    @Args('window') window: t.SimulationWindow,
    @Context() context: RequestContext,
  ): Promise<t.PolicySimulation> {
    const tenant = tenantOf(sized(source, context).caller);
    const query = queryOf(window);
    const log = await this.logOf(context);
    await this.administration.note(context, 'access.facts', { first: query.first, from: window.from, to: window.to });
    const before = await this.inForce(context);
    const endpoints = await this.ports.control.inTenant(tenant, endpointsOf);
    const versions = { ...layers(this.ports.policy), before, after: source, endpoints };
    const replayed = await replay(this.ports, log, query, versions);
    if (replayed.ok) return viewSimulation(replayed.value);
    if ('code' in replayed.error) throw shown(replayed.error);
    return viewSimulation(nothingReplayed, replayed.error);
  }

  @Query(() => t.DecisionExplanation, {
    nullable: true,
    description: 'Why it was decided so: decided again from the recorded facts, under the configuration of its moment.',
  })
  async decisionExplanation(
    @Args('id', { type: () => ID }) id: string,
    @Context() context: RequestContext,
  ): Promise<t.DecisionExplanation | null> {
    const record = fromId('Record', id) ?? (parseRecordId(id).ok ? id : undefined);
    if (record === undefined) return null;
    const log = await this.logOf(context);
    await this.administration.note(context, 'access.decision', { record });
    const decision = await this.ports.evidence.recordedDecision(log, record);
    if (decision?.facts === undefined) return null;
    const { facts, policy, catalogueHash, factsHash, snapshotVersion } = decision;
    const snapshot = await this.snapshotAt(context, snapshotVersion);
    if (snapshot === undefined) return null;
    const { source, version } = snapshot.policy;
    const ask = { ...layers(this.ports.policy), source, version, endpoints: snapshot.endpoints, facts };
    const explained = await this.ports.policy.perform(log.tenant.tenant, 'explain', ask);
    if (!explained.ok) throw shown(refusalOf(explained.error));
    if (!explained.value.ok) return null;
    const explanation = explained.value.value;
    const exact =
      explanation.policy.hash === policy.hash &&
      explanation.policy.engine === policy.engine &&
      explanation.catalogueHash === catalogueHash &&
      explanation.factsHash === factsHash;
    return { exact, explanation: viewExplanation(explanation) };
  }

  private async logOf({ caller }: RequestContext): Promise<LogContext> {
    return ownLog(this.ports, tenantOf(caller));
  }

  /** The text in force: before the first one, that which denies everything. */
  private async inForce({ caller }: RequestContext): Promise<string> {
    return this.ports.control.inTenant(
      tenantOf(caller),
      async (tx) => (await tx.one(PolicyVersionRow, { state: 'published' }))?.source ?? denyAllPolicy,
    );
  }

  /** What gateways held: rows of it are only ever inserted, by this API. */
  private async snapshotAt({ caller }: RequestContext, version: number): Promise<Snapshot | undefined> {
    const body = await this.ports.control.inTenant(tenantOf(caller), async (tx) => {
      const text = 'SELECT body FROM control.snapshot WHERE tenant_id = $1 AND version = $2';
      return (await tx.client.query(text, [tx.tenantId, version])).rows[0]?.['body'];
    });
    return typeof body === 'string' ? (JSON.parse(body) as Snapshot) : undefined;
  }
}

/** Where a replay goes on. */
function recordIn(after: string): string {
  const record = fromId('Record', after);
  if (record === undefined) throw refusedError('BAD_USER_INPUT', '`after` is the `reached` of a replay.');
  return record;
}

/** Requests of a replay that does not say how many. */
const usuallyReplayed = 10_000;

function queryOf(window: t.SimulationWindow): DecisionQuery {
  const first = window.first ?? usuallyReplayed;
  if (first < 1 || first > policyLimits.replayed)
    throw refusedError('BAD_USER_INPUT', `A replay reads 1 to ${policyLimits.replayed} requests.`);
  return {
    first,
    fromMs: Date.parse(window.from),
    toMs: Date.parse(window.to),
    ...(window.after !== undefined && { after: recordIn(window.after) }),
    ...(window.effect !== undefined && { effect: window.effect }),
    ...(window.code !== undefined && { code: window.code }),
    ...(window.class !== undefined && { class: window.class }),
  };
}

/** The size is checked before anything reads the text. */
function sized(source: string, context: RequestContext): RequestContext {
  if (Buffer.byteLength(source) <= sourceLimit) return context;
  throw refusedError('BAD_USER_INPUT', 'A policy has at most 256 KiB; shorten it.');
}

function shown({ code, message }: UserError): GraphQLError {
  return refusedError(code, message);
}
