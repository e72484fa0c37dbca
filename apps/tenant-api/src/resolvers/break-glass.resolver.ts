import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { ok, parseTenantId } from '@writ/domain';
import { SignUpRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import type { BootstrapIssuer } from '../bootstrap/issuer.js';
import { armBreakGlass, hashOfCode, tenantOfCode, useCode } from '../break-glass.js';
import type { RequestContext } from '../caller.js';
import { permissionsOf } from '../permissions.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/people.types.js';
import { ISSUER, PORTS } from '../tokens.js';

const refused = userError('code', UserErrorCode.CODE_REFUSED, 'The code is wrong, used or expired.');

@Resolver()
export class BreakGlassResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(ISSUER) private readonly issuer: BootstrapIssuer,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Mutation(() => t.ArmBreakGlassPayload, {
    description: 'Gives two recovery codes to print, for the day when the identity provider is gone. Older codes end.',
  })
  async armBreakGlass(
    @Args('input') input: t.ArmBreakGlassInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.break-glass-armed',
      step: async (tx) => {
        const recoveryCodes = await armBreakGlass(tx, this.ports.newId, this.ports.nowMs());
        return ok({ answer: {}, once: { recoveryCodes }, fields: { codes: recoveryCodes.length }, publish: false });
      },
    });
  }

  @Mutation(() => t.UseBreakGlassPayload, {
    description:
      'Exchanges a recovery code for an hour in which the federation can be mended. The founder is told by e-mail. Without a dry run: a code that could be tried without using it up could be guessed.',
  })
  async useBreakGlass(
    @Args('input') input: t.UseBreakGlassInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const id = parseTenantId(fromId('Tenant', input.tenantId) ?? '');
    if (!id.ok) return { userErrors: [refused] };
    const tenant = tenantOfCode(id.value);
    const code = hashOfCode(input.code).slice(0, 12);
    const caller = { kind: 'recovery', code, tenant, roles: [], permissions: permissionsOf([]) } as const;
    const answer = await this.administration.change(
      { ...context, caller },
      info,
      {},
      {
        event: 'admin.break-glass-used',
        step: async (tx) => {
          const used = await useCode(tx, input.code, this.ports.nowMs());
          if (used === undefined) return refusedWith(refused);
          const issued = await this.issuer.issue('tenant:recovery', `${id.value}/${used}`, this.ports.nowMs());
          const once = { recoveryToken: issued.token, expiresAt: new Date(issued.expiresAt) };
          return ok({ answer: {}, once, fields: { code: used }, publish: false });
        },
      },
    );
    if ('recoveryToken' in answer) await this.tellFounder(id.value);
    return answer;
  }

  private async tellFounder(tenantId: string): Promise<void> {
    const founder = await this.ports.control.inPlatform((manager) => manager.findOneBy(SignUpRow, { tenantId }));
    if (!founder) return;
    const text = 'A recovery code of your tenant was used just now. If it was none of you, suspend the tenant at once.';
    await this.ports.mail.send({ to: founder.email, subject: 'A recovery code was used', text });
  }
}
