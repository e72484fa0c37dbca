import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import {
  AssuranceRow,
  type ControlTx,
  EndpointRow,
  EndpointSetRow,
  ProviderCredentialRow,
} from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, tenantOf } from '../caller.js';
import { DialBudget, tooManyDials } from '../dial-budget.js';
import { badName, endpointChanges, endpointProblem, itemName, notFound } from '../catalogue-rules.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, recordOf, userError } from '../schema/building-blocks.js';
import * as t from '../schema/catalogue.types.js';
import { fromId } from '../schema/ids.js';
import { viewBaa, viewEndpoint, viewEndpointSet } from '../schema/views.js';
import { PORTS } from '../tokens.js';

@Resolver()
export class CatalogueResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
    @Inject(DialBudget) private readonly dials: DialBudget,
  ) {}

  @Mutation(() => t.RegisterEndpointPayload, {
    description: 'Adds an endpoint. Its address is checked now and again at every connection.',
  })
  async registerEndpoint(
    @Args('input') input: t.RegisterEndpointInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const problem = endpointProblem(input);
    if (problem) return { userErrors: [problem] };
    if (!this.dials.take(tenantOf(context.caller).tenant)) return { userErrors: [tooManyDials] };
    const url = await this.ports.checkUrl(input.baseUrl);
    if (!url.ok) return { userErrors: [userError('baseUrl', UserErrorCode.FORBIDDEN_TARGET, url.error)] };
    return this.administration.change(context, info, input, {
      event: 'admin.endpoint-registered',
      step: async (tx) => {
        const credentialIds = await this.own(tx, ProviderCredentialRow, 'ProviderCredential', input.credentialIds);
        if (!credentialIds) return refusedWith(notFound('credentialIds', 'provider credential'));
        const { name, provider, region, residency, zeroRetention, selfHosted, costClass, maxClassification, models } =
          input;
        const row = await tx.insert(EndpointRow, {
          id: this.ports.newId(),
          name,
          provider,
          region,
          residency,
          zeroRetention,
          selfHosted,
          costClass,
          maxClassification,
          models,
          baseUrl: url.value.href.replace(/\/$/, ''),
          credentialIds,
          settings: recordOf(input.settings),
          retiredAt: null,
        });
        const fields = {
          endpoint: name,
          provider,
          host: url.value.host,
          region,
          residency,
          zeroRetention,
          selfHosted,
          models,
        };
        return ok({ answer: { endpoint: viewEndpoint(row, []) }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.UpdateEndpointPayload, {
    description: 'Changes what is given and leaves the rest. A new address is checked like a first one.',
  })
  async updateEndpoint(
    @Args('input') input: t.UpdateEndpointInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const { baseUrl } = input;
    if (baseUrl && !this.dials.take(tenantOf(context.caller).tenant)) return { userErrors: [tooManyDials] };
    const url = baseUrl ? await this.ports.checkUrl(baseUrl) : undefined;
    if (url && !url.ok) return { userErrors: [userError('baseUrl', UserErrorCode.FORBIDDEN_TARGET, url.error)] };
    return this.administration.change(context, info, input, {
      event: 'admin.endpoint-updated',
      step: async (tx) => {
        const row = await tx.byId(EndpointRow, fromId('Endpoint', input.id));
        if (!row) return refusedWith(notFound('id', 'endpoint'));
        if (row.retiredAt !== null)
          return refusedWith(userError('id', UserErrorCode.WRONG_STATE, 'This endpoint is retired; register another.'));
        const credentialIds = await this.own(
          tx,
          ProviderCredentialRow,
          'ProviderCredential',
          input.credentialIds ?? [],
        );
        if (!credentialIds) return refusedWith(notFound('credentialIds', 'provider credential'));
        const changes = {
          ...endpointChanges(input),
          ...(url && { baseUrl: url.value.href.replace(/\/$/, '') }),
          ...(input.credentialIds && { credentialIds }),
        };
        const { name, provider, region, residency, costClass, maxClassification, models } = row;
        const stands = { name, provider, region, residency, costClass, maxClassification, models };
        const problem = endpointProblem({ ...stands, ...changes, settings: input.settings ?? [] });
        if (problem) return refusedWith(problem);
        const done = await tx.update(EndpointRow, row, changes, input.expectedVersion);
        const { credentialIds: keys, settings, ...facts } = changes;
        const fields = {
          endpoint: row.name,
          ...facts,
          ...(keys && { credentials: keys.length }),
          ...(settings && { settings: Object.keys(settings).toSorted() }),
        };
        const baas = await tx.all(AssuranceRow, { endpointId: row.id });
        return ok({ answer: { endpoint: viewEndpoint(done, baas) }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.RetireEndpointPayload)
  async retireEndpoint(
    @Args('input') input: t.RetireEndpointInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.endpoint-retired',
      step: async (tx) => {
        const row = await tx.byId(EndpointRow, fromId('Endpoint', input.id));
        if (!row) return refusedWith(notFound('id', 'endpoint'));
        const retiredAt = new Date(this.ports.nowMs());
        const done = await tx.update(EndpointRow, row, { retiredAt }, input.expectedVersion);
        return ok({ answer: { endpoint: viewEndpoint(done, []) }, fields: { endpoint: row.name }, publish: true });
      },
    });
  }

  @Mutation(() => t.AttachBaaPayload, {
    description: 'Says from when to when a contract covers an endpoint; outside those days policy does not see it.',
  })
  async attachBaa(
    @Args('input') input: t.AttachBaaInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.baa-attached',
      step: async (tx) => {
        const endpoint = await tx.byId(EndpointRow, fromId('Endpoint', input.endpointId));
        if (!endpoint) return refusedWith(notFound('endpointId', 'endpoint'));
        if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(input.name))
          return refusedWith(
            userError('name', UserErrorCode.INVALID, 'A contract has 1 to 63 letters, digits and hyphens.'),
          );
        const validFrom = new Date(input.validFrom);
        const validUntil = new Date(input.validUntil);
        if (validUntil <= validFrom)
          return refusedWith(userError('validUntil', UserErrorCode.INVALID, 'A contract must end after it begins.'));
        const row = await tx.insert(AssuranceRow, {
          id: this.ports.newId(),
          name: input.name,
          endpointId: endpoint.id,
          validFrom,
          validUntil,
          document: input.document ?? null,
        });
        const all = await tx.all(AssuranceRow, { endpointId: endpoint.id });
        const fields = {
          endpoint: endpoint.name,
          contract: row.name,
          validFrom: input.validFrom,
          validUntil: input.validUntil,
        };
        return ok({ answer: { baa: viewBaa(row), endpoint: viewEndpoint(endpoint, all) }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.CreateEndpointSetPayload)
  async createEndpointSet(
    @Args('input') input: t.CreateEndpointSetInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.endpoint-set-created',
      step: async (tx) => {
        if (!itemName.test(input.name)) return refusedWith(badName);
        const endpointIds = await this.own(tx, EndpointRow, 'Endpoint', input.endpointIds);
        if (!endpointIds) return refusedWith(notFound('endpointIds', 'endpoint'));
        const row = await tx.insert(EndpointSetRow, { id: this.ports.newId(), name: input.name, endpointIds });
        const fields = { set: row.name, endpoints: endpointIds.length };
        return ok({ answer: { endpointSet: viewEndpointSet(row) }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.UpdateEndpointSetPayload)
  async updateEndpointSet(
    @Args('input') input: t.UpdateEndpointSetInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.endpoint-set-updated',
      step: async (tx) => {
        const row = await tx.byId(EndpointSetRow, fromId('EndpointSet', input.id));
        if (!row) return refusedWith(notFound('id', 'endpoint set'));
        const endpointIds = await this.own(tx, EndpointRow, 'Endpoint', input.endpointIds);
        if (!endpointIds) return refusedWith(notFound('endpointIds', 'endpoint'));
        const done = await tx.update(EndpointSetRow, row, { endpointIds }, input.expectedVersion);
        return ok({
          answer: { endpointSet: viewEndpointSet(done) },
          fields: { set: row.name, endpoints: endpointIds.length },
          publish: true,
        });
      },
    });
  }

  /** The UUIDs, when every id is of this kind and belongs to this tenant. */
  private async own(
    tx: ControlTx,
    entity: typeof EndpointRow | typeof ProviderCredentialRow,
    kind: 'Endpoint' | 'ProviderCredential',
    ids: readonly string[],
  ): Promise<string[] | undefined> {
    const known = new Set((await tx.all<EndpointRow | ProviderCredentialRow>(entity)).map((row) => row.id));
    const wanted = ids.map((id) => fromId(kind, id));
    return wanted.every((id) => id !== undefined && known.has(id)) ? [...new Set(wanted as string[])] : undefined;
  }
}
