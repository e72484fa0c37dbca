import { type DynamicModule, Module } from '@nestjs/common';
import { type BuildSchemaOptions, GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { DirectiveLocation, GraphQLDirective, GraphQLNonNull, GraphQLString } from 'graphql';
import type { FastifyRequest } from 'fastify';
import { Administration } from '../administration.js';
import type { BootstrapIssuer } from '../bootstrap/issuer.js';
import { RelyingParty } from '../bootstrap/relying-party.js';
import type { RequestContext } from '../caller.js';
import { DialBudget } from '../dial-budget.js';
import type { Ports } from '../ports.js';
import { AliasesResolver } from '../resolvers/aliases.resolver.js';
import { AuditRecordResolver } from '../resolvers/audit-record.resolver.js';
import { BreakGlassResolver } from '../resolvers/break-glass.resolver.js';
import { CatalogueResolver } from '../resolvers/catalogue.resolver.js';
import { ConnectionsResolver } from '../resolvers/connections.resolver.js';
import { CredentialsResolver } from '../resolvers/credentials.resolver.js';
import { DirectoryResolver } from '../resolvers/directory.resolver.js';
import { EvidenceResolver } from '../resolvers/evidence.resolver.js';
import { IdentityResolver } from '../resolvers/identity.resolver.js';
import { InvitationsResolver } from '../resolvers/invitations.resolver.js';
import { JobsResolver } from '../resolvers/jobs.resolver.js';
import { MappingReportResolver } from '../resolvers/mapping-report.resolver.js';
import { MoneyResolver } from '../resolvers/money.resolver.js';
import { OffboardingResolver } from '../resolvers/offboarding.resolver.js';
import { OnboardingResolver } from '../resolvers/onboarding.resolver.js';
import { PeopleResolver } from '../resolvers/people.resolver.js';
import { PolicyLifecycleResolver } from '../resolvers/policy-lifecycle.resolver.js';
import { PolicyReportsResolver } from '../resolvers/policy-reports.resolver.js';
import { PolicyResolver } from '../resolvers/policy.resolver.js';
import { ReadingResolver } from '../resolvers/reading.resolver.js';
import { RetentionResolver } from '../resolvers/retention.resolver.js';
import { ReviewsResolver } from '../resolvers/reviews.resolver.js';
import { SinksResolver } from '../resolvers/sinks.resolver.js';
import { TaxonomyResolver } from '../resolvers/taxonomy.resolver.js';
import { TaxonomyTrialResolver } from '../resolvers/taxonomy-trial.resolver.js';
import { TermsResolver } from '../resolvers/terms.resolver.js';
import { TestingResolver } from '../resolvers/testing.resolver.js';
import { UsageResolver } from '../resolvers/usage.resolver.js';
import type { TenantApiSettings } from '../settings.js';
import { ISSUER, PORTS, SETTINGS } from '../tokens.js';
import { formatExecution } from './format-error.js';
import { guardFields } from './guard-fields.js';
import { documentLimits } from './measure.js';
import { screenedOf } from './screen.js';

export const idempotent = new GraphQLDirective({
  name: 'idempotent',
  description: 'A repetition with this key within 24 hours gets the first answer; with other arguments it is refused.',
  locations: [DirectiveLocation.FIELD],
  args: { key: { type: new GraphQLNonNull(GraphQLString) } },
});

export const resolvers = [
  AliasesResolver,
  AuditRecordResolver,
  InvitationsResolver,
  MappingReportResolver,
  BreakGlassResolver,
  OffboardingResolver,
  OnboardingResolver,
  IdentityResolver,
  CatalogueResolver,
  ConnectionsResolver,
  CredentialsResolver,
  DirectoryResolver,
  TaxonomyResolver,
  TaxonomyTrialResolver,
  TermsResolver,
  TestingResolver,
  MoneyResolver,
  UsageResolver,
  PeopleResolver,
  PolicyResolver,
  PolicyLifecycleResolver,
  PolicyReportsResolver,
  EvidenceResolver,
  JobsResolver,
  ReviewsResolver,
  SinksResolver,
  ReadingResolver,
  RetentionResolver,
];

export const buildOptions: BuildSchemaOptions = { directives: [idempotent], numberScalarMode: 'integer' };

interface Parts {
  readonly ports: Ports;
  readonly issuer: BootstrapIssuer;
  readonly settings: TenantApiSettings;
  readonly relyingParty: RelyingParty;
}

/** The one Nest module of this app: it wires; the administration decides nothing that policy should. */
@Module({})
export class TenantApiModule {
  static of({ ports, issuer, settings, relyingParty }: Parts): DynamicModule {
    return {
      module: TenantApiModule,
      imports: [GraphQLModule.forRoot<MercuriusDriverConfig>(driver(ports))],
      providers: [
        { provide: PORTS, useValue: ports },
        { provide: ISSUER, useValue: issuer },
        { provide: SETTINGS, useValue: settings },
        { provide: RelyingParty, useValue: relyingParty },
        { provide: Administration, useFactory: () => new Administration(ports) },
        { provide: DialBudget, useFactory: () => new DialBudget(ports.nowMs) },
        ...resolvers,
      ],
    };
  }
}

function driver(ports: Ports): MercuriusDriverConfig {
  return {
    driver: MercuriusDriver,
    path: '/graphql',
    autoSchemaFile: true,
    sortSchema: true,
    buildSchemaOptions: buildOptions,
    transformSchema: guardFields,
    allowBatchedQueries: false,
    graphiql: false,
    ide: false,
    cache: 256,
    graphql: { parseOptions: { maxTokens: documentLimits.tokens } },
    context: (request: FastifyRequest): RequestContext => ({ caller: screenedOf(request).caller, address: request.ip }),
    errorFormatter: (execution, context) => {
      const { reply, caller } = context as unknown as {
        reply?: { request: FastifyRequest };
        caller?: RequestContext['caller'];
      };
      const mayLearn = caller !== undefined && caller.kind !== 'anonymous';
      const { statusCode, data, errors } = formatExecution(execution, reply?.request.id ?? '', mayLearn, ports.report);
      return { statusCode, response: { data, errors: errors as never } };
    },
    hooks: {
      onResolution: (execution, context) => {
        const cost = screenedOf((context as unknown as { reply: { request: FastifyRequest } }).reply.request).cost;
        execution.extensions = { ...execution.extensions, cost: { requested: cost, limit: documentLimits.cost } };
      },
    },
  };
}
