import { Inject } from '@nestjs/common';
import { Args, Context, ID, Query, Resolver } from '@nestjs/graphql';
import * as c from '@writ/postgres/control';
import { type RequestContext, actorOf, refusedError, tenantOf } from '../caller.js';
import { permissionOf } from '../permissions.js';
import { pageOf } from '../page.js';
import type { Ports } from '../ports.js';
import * as catalogue from '../schema/catalogue.types.js';
import { type Connection, Node, PageArgs } from '../schema/building-blocks.js';
import { type IdKind, fromAnyId, fromId } from '../schema/ids.js';
import * as identity from '../schema/identity.types.js';
import * as money from '../schema/money.types.js';
import * as policy from '../schema/policy.types.js';
import * as tenant from '../schema/tenant.types.js';
import * as view from '../schema/views.js';
import { setupChecklist, viewTenant } from '../setup.js';
import { viewPolicy } from '../schema/policy-views.js';
import { PORTS } from '../tokens.js';

@Resolver()
export class ReadingResolver {
  constructor(@Inject(PORTS) private readonly ports: Ports) {}

  @Query(() => tenant.Viewer)
  viewer(@Context() { caller }: RequestContext): tenant.Viewer {
    return {
      subject: actorOf(caller),
      kind: caller.kind,
      roles: caller.kind === 'anonymous' ? [] : caller.roles,
      permissions: [...caller.permissions].toSorted(),
    };
  }

  @Query(() => tenant.Tenant, { nullable: true, description: 'The one tenant of this credential.' })
  async tenant(@Context() { caller }: RequestContext): Promise<tenant.Tenant | null> {
    if (caller.kind === 'anonymous' || caller.tenant === undefined) return null;
    return this.ports.control.inTenant(caller.tenant, async (tx) => {
      const row = await tx.one(c.TenantRow, { id: tx.tenantId });
      return row ? viewTenant(tx, row, this.ports.nowMs()) : null;
    });
  }

  @Query(() => [tenant.SetupStep], { description: 'Every step on the way to LIVE, done or not.' })
  async setupChecklist(@Context() { caller }: RequestContext): Promise<tenant.SetupStep[]> {
    return this.ports.control.inTenant(tenantOf(caller), async (tx) => {
      const row = await tx.one(c.TenantRow, { id: tx.tenantId });
      return row ? setupChecklist(tx, row, this.ports.nowMs()) : [];
    });
  }

  @Query(() => Node, {
    nullable: true,
    description: 'Anything of this tenant by its global id; null for what is not there.',
  })
  async node(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<object | null> {
    const parsed = fromAnyId(id);
    const reader = parsed.ok ? readers[parsed.value.kind] : undefined;
    if (!parsed.ok || !reader) return null;
    const permission = permissionOf(reader.type, 'id');
    if (permission === undefined || !context.caller.permissions.has(permission)) return null;
    const found = await this.ports.control.inTenant(tenantOf(context.caller), (tx) =>
      reader.read(tx, parsed.value.uuid, this.ports.nowMs()),
    );
    return found ? { __typename: reader.type, ...found } : null;
  }

  @Query(() => tenant.ChangeConnection, { description: 'What changed, newest first.' })
  async changeLog(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<tenant.Change>> {
    return this.page(context, page, 'Change', c.ChangeRow, view.viewChange);
  }

  @Query(() => tenant.DomainConnection)
  async domains(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<tenant.Domain>> {
    return this.page(context, page, 'Domain', c.DomainRow, view.viewDomain);
  }

  @Query(() => identity.IdentityProviderConnection)
  async identityProviders(
    @Args() page: PageArgs,
    @Context() context: RequestContext,
  ): Promise<Connection<identity.IdentityProvider>> {
    return this.page(context, page, 'IdentityProvider', c.IdentityProviderRow, view.viewIdentityProvider);
  }

  @Query(() => catalogue.ProviderCredentialConnection, { description: 'Fingerprints only.' })
  async providerCredentials(
    @Args() page: PageArgs,
    @Context() context: RequestContext,
  ): Promise<Connection<catalogue.ProviderCredential>> {
    return this.page(context, page, 'ProviderCredential', c.ProviderCredentialRow, view.viewCredential);
  }

  @Query(() => catalogue.EndpointConnection)
  async endpoints(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<catalogue.Endpoint>> {
    const after = page.after === undefined ? undefined : fromId('Endpoint', page.after);
    return this.ports.control.inTenant(tenantOf(context.caller), async (tx) => {
      const baas = await tx.all(c.AssuranceRow);
      const rows = await tx.page(c.EndpointRow, page.first + 1, after);
      return pageOf(
        rows.map((row) => view.viewEndpoint(row, baas)),
        page.first,
      );
    });
  }

  @Query(() => catalogue.EndpointSetConnection)
  async endpointSets(
    @Args() page: PageArgs,
    @Context() context: RequestContext,
  ): Promise<Connection<catalogue.EndpointSet>> {
    return this.page(context, page, 'EndpointSet', c.EndpointSetRow, view.viewEndpointSet);
  }

  @Query(() => catalogue.AliasConnection)
  async aliases(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<catalogue.Alias>> {
    return this.page(context, page, 'Alias', c.AliasRow, view.viewAlias);
  }

  @Query(() => money.BudgetConnection)
  async budgets(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<money.Budget>> {
    return this.page(context, page, 'Budget', c.BudgetRow, view.viewBudget);
  }

  @Query(() => money.LimitRuleConnection)
  async limitRules(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<money.LimitRule>> {
    return this.page(context, page, 'LimitRule', c.LimitRuleRow, view.viewLimitRule);
  }

  @Query(() => money.PriceConnection)
  async prices(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<money.Price>> {
    return this.page(context, page, 'Price', c.PriceRow, view.viewPrice);
  }

  @Query(() => policy.PolicyConnection, { description: 'Versions, newest first.' })
  async policies(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<policy.Policy>> {
    return this.page(context, page, 'Policy', c.PolicyVersionRow, viewPolicy);
  }

  private async page<R extends c.ControlRow, T extends { readonly id: string }>(
    context: RequestContext,
    page: PageArgs,
    kind: IdKind,
    entity: new () => R,
    viewOf: (row: R) => T,
  ): Promise<Connection<T>> {
    const after = page.after === undefined ? undefined : fromId(kind, page.after);
    if (page.after !== undefined && after === undefined)
      throw refusedError('BAD_USER_INPUT', '`after` is not a cursor of this list.');
    const rows = await this.ports.control.inTenant(tenantOf(context.caller), (tx) =>
      tx.page<R>(entity, page.first + 1, after),
    );
    return pageOf(rows.map(viewOf), page.first);
  }
}

interface Reader {
  readonly type: string;
  readonly read: (tx: c.ControlTx, uuid: string, nowMs: number) => Promise<object | undefined>;
}

function readerOf<R extends c.ControlRow>(type: string, entity: new () => R, viewOf: (row: R) => object): Reader {
  return {
    type,
    async read(tx, uuid) {
      const row = await tx.byId<R>(entity, uuid);
      return row && viewOf(row);
    },
  };
}

/** What `node` can find. A kind that is not here is null for everyone. */
const readers: Partial<Record<IdKind, Reader>> = {
  Tenant: {
    type: 'Tenant',
    async read(tx, uuid, nowMs) {
      const row = await tx.byId(c.TenantRow, uuid);
      return row && viewTenant(tx, row, nowMs);
    },
  },
  Endpoint: {
    type: 'Endpoint',
    async read(tx, uuid) {
      const row = await tx.byId(c.EndpointRow, uuid);
      return row && view.viewEndpoint(row, await tx.all(c.AssuranceRow, { endpointId: row.id }));
    },
  },
  Domain: readerOf('Domain', c.DomainRow, view.viewDomain),
  IdentityProvider: readerOf('IdentityProvider', c.IdentityProviderRow, view.viewIdentityProvider),
  ProviderCredential: readerOf('ProviderCredential', c.ProviderCredentialRow, view.viewCredential),
  Baa: readerOf('Baa', c.AssuranceRow, view.viewBaa),
  EndpointSet: readerOf('EndpointSet', c.EndpointSetRow, view.viewEndpointSet),
  Alias: readerOf('Alias', c.AliasRow, view.viewAlias),
  Budget: readerOf('Budget', c.BudgetRow, view.viewBudget),
  LimitRule: readerOf('LimitRule', c.LimitRuleRow, view.viewLimitRule),
  Price: readerOf('Price', c.PriceRow, view.viewPrice),
  Policy: readerOf('Policy', c.PolicyVersionRow, viewPolicy),
  App: {
    type: 'App',
    async read(tx, uuid) {
      const row = await tx.byId(c.AppRow, uuid);
      return row && view.viewApp(row, await tx.all(c.AppKeyRow, { appId: row.id }));
    },
  },
  AppKey: readerOf('AppKey', c.AppKeyRow, view.viewAppKey),
  DirectoryGroup: {
    type: 'DirectoryGroup',
    async read(tx, uuid) {
      const row = await tx.byId(c.DirectoryGroupRow, uuid);
      return row && view.viewDirectoryGroup(row, await tx.all(c.DirectoryMembershipRow, { groupId: row.id }));
    },
  },
  Member: readerOf('Member', c.MemberRow, view.viewMember),
  Approval: readerOf('Approval', c.ApprovalRow, view.viewApproval),
  Change: readerOf('Change', c.ChangeRow, view.viewChange),
  Export: readerOf('EvidenceExport', c.EvidenceExportRow, (row) => view.viewExport(row)),
};
