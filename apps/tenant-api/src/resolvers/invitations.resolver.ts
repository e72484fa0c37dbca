import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { IdentityProviderRow, MemberRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import type { RequestContext } from '../caller.js';
import { isAdministrative } from '../identity-rules.js';
import type { Ports } from '../ports.js';
import { reservedRoles } from '../roles.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/people.types.js';
import { viewMember } from '../schema/views.js';
import type { TenantApiSettings } from '../settings.js';
import { mailbox } from '../sign-up.js';
import { PORTS, SETTINGS } from '../tokens.js';

/** People whom an owner names before they come. They sign in through the tenant's own provider like everybody else. */
@Resolver()
export class InvitationsResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(SETTINGS) private readonly settings: TenantApiSettings,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Mutation(() => t.InviteMemberPayload, {
    description:
      'Names a person of an identity provider before they sign in, and tells them by e-mail. Granting roles needs a second person.',
  })
  async inviteMember(
    @Args('input') input: t.InviteMemberInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    let isNew = false;
    const answer = await this.administration.change(context, info, input, {
      event: 'admin.member-invited',
      step: async (tx) => {
        const provider = await tx.byId(IdentityProviderRow, fromId('IdentityProvider', input.identityProviderId));
        if (!provider)
          return refusedWith(
            userError('identityProviderId', UserErrorCode.NOT_FOUND, 'There is no such identity provider.'),
          );
        if (!/^[^\p{C}]{1,256}$/u.test(input.subject))
          return refusedWith(userError('subject', UserErrorCode.INVALID, 'A subject has 1 to 256 characters.'));
        const email = input.email ?? null;
        if (email !== null && !mailbox.test(email))
          return refusedWith(userError('email', UserErrorCode.INVALID, 'This is not an e-mail address; correct it.'));
        if (input.roles.some((role) => !isAdministrative(role) || reservedRoles.includes(role)))
          return refusedWith(
            userError('roles', UserErrorCode.INVALID, 'Only roles that `roles` lists can be granted here.'),
          );
        const roles = [...new Set(input.roles)].toSorted();
        const id = this.ports.newId();
        const person = { identityProviderId: provider.id, subject: input.subject, email, roles };
        const row = await tx.insert(MemberRow, { id, ...person, active: true, userName: null, externalId: null });
        const fields = { member: row.id, provider: provider.name, roles };
        isNew = true;
        return ok({ answer: { member: viewMember(row) }, fields, publish: true, needsApproval: roles.length > 0 });
      },
    });
    // Neither a dry run nor a refusal has a record, and a repetition with the same key does not come by the step.
    if (isNew && 'auditRecord' in answer && input.email) await this.tell(input.email);
    return answer;
  }

  /** The invitation stands whether or not the mail left: the operators learn of a mail that did not. */
  private async tell(to: string): Promise<void> {
    const { publicUrl } = this.settings;
    const text = `You were invited to administer a tenant at ${publicUrl}. Sign in there through your organisation's own identity provider; this mail holds no secret.`;
    try {
      await this.ports.mail.send({ to, subject: 'You were invited', text });
    } catch (cause) {
      this.ports.report(cause, 'inviteMember');
    }
  }
}
