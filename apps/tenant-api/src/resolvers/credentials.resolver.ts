import { createHmac } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { sealText } from '@writ/platform';
import { type ControlTx, ProviderCredentialRow, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, logContextOf, refusedWith } from '../administration.js';
import type { RequestContext } from '../caller.js';
import { badName, credentialAad, itemName, notFound, providers } from '../catalogue-rules.js';
import type { Ports } from '../ports.js';
import * as t from '../schema/catalogue.types.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import { viewCredential } from '../schema/views.js';
import { PORTS } from '../tokens.js';

@Resolver()
export class CredentialsResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Mutation(() => t.CreateProviderCredentialPayload, {
    description: "Seals a vendor's key under the tenant's key. It is never read back.",
  })
  async createProviderCredential(
    @Args('input') input: t.CreateProviderCredentialInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.provider-credential-created',
      step: async (tx) => {
        if (!itemName.test(input.name)) return refusedWith(badName);
        if (!providers.some((known) => known === input.provider))
          return refusedWith(userError('provider', UserErrorCode.INVALID, `Choose one of ${providers.join(', ')}.`));
        const id = this.ports.newId();
        const sealed = await this.seal(tx, id, input.secret);
        if (!sealed)
          return refusedWith(userError('secret', UserErrorCode.INVALID, 'A key has 8 to 8,192 visible characters.'));
        const row = await tx.insert(ProviderCredentialRow, {
          id,
          name: input.name,
          provider: input.provider,
          ...sealed,
        });
        const fields = { credential: row.name, provider: row.provider, fingerprint: row.fingerprint };
        return ok({ answer: { providerCredential: viewCredential(row) }, fields, publish: false });
      },
    });
  }

  @Mutation(() => t.RotateProviderCredentialPayload)
  async rotateProviderCredential(
    @Args('input') input: t.RotateProviderCredentialInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.provider-credential-rotated',
      step: async (tx) => {
        const row = await tx.byId(ProviderCredentialRow, fromId('ProviderCredential', input.id));
        if (!row) return refusedWith(notFound('id', 'provider credential'));
        const sealed = await this.seal(tx, row.id, input.secret);
        if (!sealed)
          return refusedWith(userError('secret', UserErrorCode.INVALID, 'A key has 8 to 8,192 visible characters.'));
        const done = await tx.update(ProviderCredentialRow, row, sealed, input.expectedVersion);
        const fields = { credential: row.name, fingerprint: sealed.fingerprint };
        return ok({ answer: { providerCredential: viewCredential(done) }, fields, publish: true });
      },
    });
  }

  private async seal(
    tx: ControlTx,
    id: string,
    secret: string,
  ): Promise<Pick<ProviderCredentialRow, 'sealed' | 'fingerprint' | 'lastFour'> | undefined> {
    if (!/^[\x20-\x7e\n\r\t]{8,8192}$/.test(secret)) return undefined;
    const tenant = await tx.one(TenantRow, { id: tx.tenantId });
    if (!tenant) return undefined;
    const log = await logContextOf(this.ports, tx.tenant, tenant);
    return {
      sealed: sealText(log.contentKey, credentialAad(tx.tenantId, id), secret),
      fingerprint: createHmac('sha256', log.hmacKey)
        .update(`provider-credential\0${secret}`)
        .digest('hex')
        .slice(0, 16),
      lastFour: secret.length >= 16 ? secret.slice(-4) : '',
    };
  }
}
