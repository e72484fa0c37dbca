import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { err, ok } from '@writ/domain';
import { DomainRow, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import type { BootstrapIssuer } from '../bootstrap/issuer.js';
import { demoteSetupSubject } from '../break-glass.js';
import { type RequestContext, callerDigest, refusedError } from '../caller.js';
import { DialBudget, tooManyDials } from '../dial-budget.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId, toId } from '../schema/ids.js';
import * as t from '../schema/tenant.types.js';
import { viewDomain } from '../schema/views.js';
import { viewTenant } from '../setup.js';
import { checkSignUp, prepareTenant, signUp, verifyEmail } from '../sign-up.js';
import type { TenantApiSettings } from '../settings.js';
import { ISSUER, PORTS, SETTINGS } from '../tokens.js';

const domainName = /^(?=.{4,253}$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
/** Retention classes of the ledger, shortest first. */
const keepClasses = ['m6', 'y1', 'y3', 'y6', 'y7', 'y10'];
const evidenceLevels = ['committed', 'receipted', 'witnessed'] as const;

/** True when the tenant would be left with less evidence, or with one person where two were needed. */
function weakens(before: TenantRow, after: Partial<TenantRow>): boolean {
  const { evidenceLevel = before.evidenceLevel, dispatchClasses = before.dispatchClasses, keep = before.keep } = after;
  return (
    (before.policyApproval && after.policyApproval === false) ||
    evidenceLevels.indexOf(evidenceLevel) < evidenceLevels.indexOf(before.evidenceLevel) ||
    keepClasses.indexOf(keep) < keepClasses.indexOf(before.keep) ||
    before.dispatchClasses.some((name) => !dispatchClasses.includes(name))
  );
}

@Resolver()
export class OnboardingResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(ISSUER) private readonly issuer: BootstrapIssuer,
    @Inject(SETTINGS) private readonly settings: TenantApiSettings,
    @Inject(Administration) private readonly administration: Administration,
    @Inject(DialBudget) private readonly dials: DialBudget,
  ) {}

  @Mutation(() => t.SignUpPayload, { description: 'Sends a one-time code to the address. Needs no credential.' })
  async signUp(@Args('input') input: t.SignUpInput): Promise<Answer> {
    if (input.dryRun) {
      const checked = await checkSignUp(this.ports, input.email);
      return { userErrors: checked.ok ? [] : [checked.error] };
    }
    const done = await signUp(this.ports, input.email);
    return done.ok ? { signUpId: toId('SignUp', done.value), userErrors: [] } : { userErrors: [done.error] };
  }

  @Mutation(() => t.VerifyEmailPayload, {
    description:
      'Exchanges the code for a setup token of 24 hours that can only federate. Without a dry run: trying a code uses up one of five attempts, and must.',
  })
  async verifyEmail(@Args('input') input: t.VerifyEmailInput): Promise<Answer> {
    const done = await verifyEmail(this.ports, this.issuer, fromId('SignUp', input.signUpId), input.code);
    if (!done.ok) return { userErrors: [done.error] };
    return { setupToken: done.value.token, expiresAt: new Date(done.value.expiresAt), userErrors: [] };
  }

  @Mutation(() => t.CreateTenantPayload, {
    description: "Creates the setup subject's one tenant: schema, log and keys.",
  })
  async createTenant(
    @Args('input') input: t.CreateTenantInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const { caller } = context;
    if (caller.kind !== 'setup')
      throw refusedError('FORBIDDEN', 'Only a setup subject creates a tenant; sign up first.');
    const problem = !/^\S.{0,98}\S$/u.test(input.name)
      ? userError('name', UserErrorCode.INVALID, 'A name has 2 to 100 characters.')
      : !/^[a-z]{2,}(-[a-z0-9]+){0,3}$/.test(input.region)
        ? userError('region', UserErrorCode.INVALID, 'A region is such as eu-central-1.')
        : caller.tenant
          ? userError('', UserErrorCode.TAKEN, 'This setup credential has created its tenant already; query `tenant`.')
          : undefined;
    if (problem) return { userErrors: [problem] };
    const prepared = await prepareTenant(this.ports, caller.signUp, {
      name: input.name,
      region: input.region,
      cell: this.settings.cell,
      logName: this.settings.logName,
      dryRun: input.dryRun,
    });
    const bound: RequestContext = { ...context, caller: { ...caller, tenant: prepared.context } };
    return this.administration.change(bound, info, input, {
      event: 'admin.tenant-created',
      step: async (tx) => {
        const row = await prepared.insert(tx);
        if (!row.ok) return err([row.error]);
        return ok({
          answer: { tenant: await viewTenant(tx, row.value, this.ports.nowMs()) },
          fields: { region: input.region },
          publish: true,
        });
      },
    });
  }

  @Mutation(() => t.CompleteSetupPayload, {
    description:
      'Called by the first federated owner: from now on the setup token is refused, and the setup subject is demoted to break-glass, which `tenant.breakGlass` shows and `armBreakGlass` arms.',
  })
  async completeSetup(
    @Args('input', { nullable: true, type: () => t.CompleteSetupInput }) input: t.CompleteSetupInput | null,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(
      context,
      info,
      { dryRun: input?.dryRun === true },
      {
        event: 'admin.setup-completed',
        step: async (tx) => {
          const tenant = await this.own(tx);
          if (tenant.federatedAt)
            return ok({
              answer: { tenant: await viewTenant(tx, tenant, this.ports.nowMs()) },
              fields: { repeated: true },
              publish: false,
            });
          const done = await tx.update(TenantRow, tenant, { federatedAt: new Date(this.ports.nowMs()) });
          await demoteSetupSubject(tx, this.ports.newId);
          return ok({
            answer: { tenant: await viewTenant(tx, done, this.ports.nowMs()) },
            fields: { owner: callerDigest(context.caller) },
            publish: false,
          });
        },
      },
    );
  }

  @Mutation(() => t.UpdateTenantPayload)
  async updateTenant(
    @Args('input') input: t.UpdateTenantInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.tenant-updated',
      step: async (tx) => {
        const level = evidenceLevels.find((known) => known === input.evidenceLevel);
        if (input.evidenceLevel !== undefined && level === undefined)
          return refusedWith(
            userError('evidenceLevel', UserErrorCode.INVALID, `Choose one of ${evidenceLevels.join(', ')}.`),
          );
        if (input.keep !== undefined && !keepClasses.includes(input.keep))
          return refusedWith(userError('keep', UserErrorCode.INVALID, `Choose one of ${keepClasses.join(', ')}.`));
        const changes = {
          ...(input.keep !== undefined && { keep: input.keep }),
          ...(input.name !== undefined && { name: input.name }),
          ...(level !== undefined && { evidenceLevel: level }),
          ...(input.dispatchClasses !== undefined && { dispatchClasses: input.dispatchClasses }),
          ...(input.policyApproval !== undefined && { policyApproval: input.policyApproval }),
        };
        const before = await this.own(tx);
        const needsApproval = weakens(before, changes);
        const done = await tx.update(TenantRow, before, changes, input.expectedVersion);
        const fields = {
          ...(input.keep !== undefined && { keep: input.keep }),
          ...(level && { evidenceLevel: level }),
          ...(input.dispatchClasses && { dispatchClasses: input.dispatchClasses }),
          ...(input.policyApproval !== undefined && { policyApproval: input.policyApproval }),
        };
        return ok({
          answer: { tenant: await viewTenant(tx, done, this.ports.nowMs()) },
          fields,
          publish: true,
          needsApproval,
        });
      },
    });
  }

  @Mutation(() => t.CreateDomainPayload, { description: 'Gives the TXT record that proves the domain.' })
  async createDomain(
    @Args('input') input: t.CreateDomainInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const name = input.name.trim().toLowerCase().replace(/\.$/, '');
    return this.administration.change(context, info, input, {
      event: 'admin.domain-created',
      step: async (tx) => {
        if (!domainName.test(name))
          return refusedWith(
            userError('name', UserErrorCode.INVALID, 'This is not a domain name; write such as example.com.'),
          );
        const challenge = this.ports.newId().replaceAll('-', '') + String(this.ports.randomBelow(1_000_000_000));
        const row = await tx.insert(DomainRow, { id: this.ports.newId(), name, challenge, verifiedAt: null });
        return ok({ answer: { domain: viewDomain(row) }, fields: { domain: name }, publish: false });
      },
    });
  }

  @Mutation(() => t.VerifyDomainPayload, { description: 'Asks the name servers for the TXT record.' })
  async verifyDomain(
    @Args('input') input: t.VerifyDomainInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.domain-verified',
      step: async (tx) => {
        const row = await tx.byId(DomainRow, fromId('Domain', input.id));
        if (!row) return refusedWith(userError('id', UserErrorCode.NOT_FOUND, 'There is no such domain.'));
        const view = viewDomain(row);
        if (!this.dials.take(tx.tenantId)) return refusedWith(tooManyDials);
        const found = await this.ports.names.txt(view.recordName);
        if (!found.ok) return refusedWith(userError('id', UserErrorCode.UNAVAILABLE, found.error));
        if (!found.value.includes(view.recordValue))
          return refusedWith(
            userError(
              'id',
              UserErrorCode.NOT_VERIFIED,
              `The TXT record ${view.recordName} does not hold the value yet; add it at your DNS host.`,
            ),
          );
        const done = await tx.update(DomainRow, row, { verifiedAt: new Date(this.ports.nowMs()) });
        return ok({ answer: { domain: viewDomain(done) }, fields: { domain: row.name }, publish: false });
      },
    });
  }

  @Mutation(() => t.RemoveDomainPayload)
  async removeDomain(
    @Args('input') input: t.RemoveDomainInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.domain-removed',
      step: async (tx) => {
        const row = await tx.byId(DomainRow, fromId('Domain', input.id));
        if (!row) return refusedWith(userError('id', UserErrorCode.NOT_FOUND, 'There is no such domain.'));
        await tx.remove(DomainRow, { id: row.id });
        return ok({ answer: { domain: viewDomain(row) }, fields: { domain: row.name }, publish: false });
      },
    });
  }

  private async own(tx: Parameters<Parameters<Ports['control']['inTenant']>[1]>[0]): Promise<TenantRow> {
    const row = await tx.one(TenantRow, { id: tx.tenantId });
    if (!row) throw refusedError('NO_TENANT', 'This tenant does not exist any more.');
    return row;
  }
}
