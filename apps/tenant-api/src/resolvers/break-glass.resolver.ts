import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { type TenantContext, ok } from '@writ/domain';
import { BreakGlassRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { RelyingParty } from '../bootstrap/relying-party.js';
import type { BootstrapIssuer } from '../bootstrap/issuer.js';
import {
  armBreakGlass,
  breakGlassOf,
  enrol,
  hashOfCode,
  hashOfEnrolment,
  standingOf,
  tenantNamed,
  useCode,
} from '../break-glass.js';
import { alarm } from '../break-glass-alarm.js';
import { assertedPasskey, digestOf, isNoticed, parsedAssertion, spendPasskey } from '../break-glass-try.js';
import type { Caller, RequestContext } from '../caller.js';
import { permissionsOf } from '../permissions.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import * as t from '../schema/break-glass.types.js';
import type { TenantApiSettings } from '../settings.js';
import { viewBreakGlass } from '../setup.js';
import { mailbox } from '../sign-up.js';
import { ISSUER, PORTS, SETTINGS } from '../tokens.js';

/** One sentence for whatever was wrong, so that who has one half learns nothing of the other. */
const refused = userError(
  '',
  UserErrorCode.CODE_REFUSED,
  'The code or the passkey is wrong, used or expired; take a new challenge and try again, or ask an owner to arm break-glass anew.',
);
const linkRefused = userError(
  '',
  UserErrorCode.CODE_REFUSED,
  'The link is wrong, used or expired, or the passkey could not be verified; ask an owner to arm break-glass anew.',
);
const wrongAddress = (field: string): ReturnType<typeof userError> =>
  userError(field, UserErrorCode.INVALID, 'This is not an e-mail address; correct it.');

const isAddress = (text: string): boolean => text.length <= 254 && mailbox.test(text);

const alarmed = 'If it was none of you, arm break-glass anew at once, which ends it, and see the change log.';

@Resolver()
export class BreakGlassResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(ISSUER) private readonly issuer: BootstrapIssuer,
    @Inject(SETTINGS) private readonly settings: TenantApiSettings,
    @Inject(RelyingParty) private readonly relyingParty: RelyingParty,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.BreakGlassChallenge, {
    description: 'A challenge for a passkey. Asking for one leaves nothing behind.',
  })
  async breakGlassChallenge(): Promise<t.BreakGlassChallenge> {
    const request = await this.relyingParty.requestOptions(this.relyingParty.ownChallenge());
    const creation = await this.relyingParty.creationOptions('Writ break-glass', [], this.relyingParty.ownChallenge());
    return { requestOptions: JSON.stringify(request), creationOptions: JSON.stringify(creation) };
  }

  @Mutation(() => t.ArmBreakGlassPayload, {
    description:
      'Gives two recovery codes to print, good for a year, each once, and only with a passkey of the holder. Older codes and a recovery that still runs end.',
  })
  async armBreakGlass(
    @Args('input') input: t.ArmBreakGlassInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const holder = input.holder?.trim().toLowerCase();
    const alarmTo = input.alarmTo?.map((address) => address.trim().toLowerCase());
    if (holder !== undefined && !isAddress(holder)) return { userErrors: [wrongAddress('holder')] };
    if (alarmTo !== undefined && (alarmTo.length > 10 || !alarmTo.every(isAddress)))
      return { userErrors: [wrongAddress('alarmTo')] };
    const sent: { enrolment?: string; to?: string } = {};
    const answer = await this.administration.change(context, info, input, {
      event: 'admin.break-glass-armed',
      step: async (tx) => {
        const nowMs = this.ports.nowMs();
        const { holder: before } = await breakGlassOf(tx, this.ports.newId);
        const isOther = holder !== undefined && holder !== before;
        const arming = { holder, alarmTo, newPasskey: input.newPasskey };
        const armed = await armBreakGlass(tx, arming, this.ports.newId, nowMs);
        if (armed.enrolment !== undefined) Object.assign(sent, { enrolment: armed.enrolment, to: armed.holder });
        const { recoveryCodes } = armed;
        const fields = { codes: recoveryCodes.length, newHolder: isOther, newPasskey: armed.enrolment !== undefined };
        const breakGlass = viewBreakGlass(await standingOf(tx, nowMs));
        return ok({ answer: { breakGlass }, once: { recoveryCodes }, fields, publish: false, needsApproval: isOther });
      },
    });
    // Neither a dry run nor a refusal has a record, and a repetition with the same key does not come by the step.
    if ('auditRecord' in answer && sent.enrolment !== undefined && sent.to !== undefined)
      await this.sendLink(sent.to, sent.enrolment);
    return answer;
  }

  @Mutation(() => t.RegisterBreakGlassPasskeyPayload, {
    description:
      'Registers the passkey of the holder by the link that arming sent. Every owner is told. Without a dry run: the link is used once.',
  })
  async registerBreakGlassPasskey(
    @Args('input') input: t.RegisterBreakGlassPasskeyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const tenant = tenantNamed(input.link.split('.')[0] ?? '');
    if (tenant === undefined) return { userErrors: [linkRefused] };
    const response = parsedAssertion(input.passkey) as RegistrationResponseJSON | undefined;
    const isOwn = (challenge: string): boolean => this.relyingParty.isOwnChallenge(challenge);
    const passkey = response && (await this.relyingParty.verifiedCreation(response, isOwn));
    const caller = callerWith(tenant, `link ${hashOfEnrolment(input.link).slice(0, 12)}`);
    const answer = await this.administration.change(
      { ...context, caller },
      info,
      {},
      {
        event: 'admin.break-glass-passkey-registered',
        step: async (tx) => {
          const nowMs = this.ports.nowMs();
          if (passkey === undefined || !(await enrol(tx, input.link, passkey, this.ports.newId, nowMs)))
            return refusedWith(linkRefused);
          const fields = { passkey: digestOf(passkey.id).slice(0, 12) };
          const { state } = await standingOf(tx, nowMs);
          return ok({ answer: { state }, fields, publish: false });
        },
      },
    );
    const subject = 'A passkey was registered for break-glass';
    const text = `The holder of your tenant's break-glass registered a passkey just now. ${alarmed}`;
    if ('auditRecord' in answer) await alarm(this.ports, tenant, { subject, text });
    return answer;
  }

  @Mutation(() => t.UseBreakGlassPayload, {
    description:
      'Exchanges a recovery code and an assertion of a passkey for an hour in which the federation can be mended. Every owner is told. Without a dry run: a code that could be tried without using it up could be guessed.',
  })
  async useBreakGlass(
    @Args('input') input: t.UseBreakGlassInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const tenant = tenantNamed(input.tenantId);
    if (tenant === undefined) return { userErrors: [refused] };
    const assertion = parsedAssertion(input.passkey);
    const asserted = await assertedPasskey(this.ports, this.relyingParty, tenant, assertion);
    const caller = callerWith(tenant, hashOfCode(input.code).slice(0, 12));
    const found = { isRightCode: false };
    const answer = await this.administration.change(
      { ...context, caller },
      info,
      {},
      {
        event: 'admin.break-glass-used',
        step: async (tx) => {
          const nowMs = this.ports.nowMs();
          const code = await useCode(tx, input.code, nowMs);
          found.isRightCode = code !== undefined;
          const isRight = asserted !== undefined && (await spendPasskey(tx, asserted));
          const row = await tx.one(BreakGlassRow, {});
          if (code === undefined || !isRight || !row?.armedAt) return refusedWith(refused);
          await tx.update(BreakGlassRow, row, { usedAt: new Date(nowMs) });
          const issued = await this.issuer.issue('tenant:recovery', `${tx.tenantId}/${code}`, nowMs);
          const once = { recoveryToken: issued.token, expiresAt: new Date(issued.expiresAt) };
          const fields = { code, passkey: digestOf(asserted.credentialId).slice(0, 12) };
          return ok({ answer: {}, once, fields, publish: false });
        },
      },
    );
    if ('recoveryToken' in answer) await this.tellOfUse(tenant);
    // The answer does not wait for it, so that its time tells nothing of which half was right.
    else if (found.isRightCode || asserted !== undefined)
      void this.notice({ ...context, caller }, tenant, found.isRightCode ? 'code' : 'passkey');
    return answer;
  }

  private async tellOfUse(tenant: TenantContext): Promise<void> {
    const subject = 'Break-glass was used';
    const text = `A recovery code and a passkey of your tenant were used just now: for an hour, its federation can be changed by one person. ${alarmed}`;
    await alarm(this.ports, tenant, { subject, text });
  }

  /** Half a key in the wrong hands is told like a use, and recorded, but not without bound. */
  private async notice(context: RequestContext, tenant: TenantContext, half: 'code' | 'passkey'): Promise<void> {
    try {
      const isTold = await this.ports.control.inTenant(tenant, (tx) => isNoticed(tx, this.ports.nowMs()));
      if (!isTold) return;
      await this.administration.note(context, 'admin.break-glass-refused', { right: half });
      const subject = 'Break-glass was tried';
      const text = `Somebody tried to use break-glass of your tenant with ${half === 'code' ? 'a right code but no right passkey' : 'a right passkey but no right code'}. ${alarmed}`;
      await alarm(this.ports, tenant, { subject, text });
    } catch (cause) {
      this.ports.report(cause, 'break-glass notice');
    }
  }

  /** It is armed whether or not the mail left: the operators learn of a mail that did not, and an owner arms it anew. */
  private async sendLink(to: string, enrolment: string): Promise<void> {
    const link = `${new URL('/break-glass/passkey', this.settings.publicUrl).href}#${enrolment}`;
    const text = `You hold the break-glass of a tenant. Open ${link} within 24 hours and register a passkey: together with a printed recovery code it opens the tenant on the day when its identity provider is gone. The link works once.`;
    try {
      await this.ports.mail.send({ to, subject: 'Register your passkey for break-glass', text });
    } catch (cause) {
      this.ports.report(cause, 'armBreakGlass');
    }
  }
}

function callerWith(tenant: TenantContext, code: string): Caller {
  return { kind: 'recovery', code, tenant, roles: [], permissions: permissionsOf([]) };
}
