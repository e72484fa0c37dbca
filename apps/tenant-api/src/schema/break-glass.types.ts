import { Field, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ChangeInput, DateTime, payloadOf } from './building-blocks.js';

export enum BreakGlassState {
  UNARMED = 'UNARMED',
  NEEDS_PASSKEY = 'NEEDS_PASSKEY',
  ARMED = 'ARMED',
  EXPIRED = 'EXPIRED',
}
registerEnumType(BreakGlassState, {
  name: 'BreakGlassState',
  description: 'Only ARMED opens: two recovery codes that have not expired, and a passkey of the holder.',
});

@ObjectType({ description: 'The way in when the identity provider is gone: a recovery code and a passkey, both.' })
export class BreakGlass {
  @Field(() => BreakGlassState)
  state!: BreakGlassState;
  @Field(() => String, { nullable: true, description: 'E-mail address of the person whose passkey it takes.' })
  holder!: string | null;
  @Field(() => Int)
  codesLeft!: number;
  @Field(() => Int)
  passkeys!: number;
  @Field(() => DateTime, { nullable: true, description: 'A year after it was armed; arm it anew before.' })
  armedUntil!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'When it was used; absent once an owner has armed it anew.' })
  usedAt!: string | null;
}

@ObjectType({ description: 'What a browser hands to an authenticator. Each challenge is good once, for five minutes.' })
export class BreakGlassChallenge {
  @Field({ description: '`PublicKeyCredentialRequestOptionsJSON` of WebAuthn level 3, as JSON: for useBreakGlass.' })
  requestOptions!: string;
  @Field({
    description: '`PublicKeyCredentialCreationOptionsJSON`, as JSON: for registerBreakGlassPasskey.',
  })
  creationOptions!: string;
}

@InputType()
export class ArmBreakGlassInput extends ChangeInput {
  @Field(() => String, {
    nullable: true,
    description:
      "E-mail address of another person whose passkey it shall take; needs a second owner's approval. Absent: as before.",
  })
  holder?: string;
  @Field({
    defaultValue: false,
    description: 'For a lost passkey: those of before end, and the holder gets a one-time link for a new one.',
  })
  newPasskey!: boolean;
  @Field(() => [String], {
    nullable: true,
    description:
      'Up to ten addresses that hear of every use, beside the holder and every owner whose address is known.',
  })
  alarmTo?: string[];
}

@InputType()
export class UseBreakGlassInput {
  @Field(() => ID)
  tenantId!: string;
  @Field()
  code!: string;
  @Field({ description: '`AuthenticationResponseJSON` of WebAuthn level 3, as JSON.' })
  passkey!: string;
}

@InputType()
export class RegisterBreakGlassPasskeyInput {
  @Field({ description: 'What stands behind the # of the link that the holder got.' })
  link!: string;
  @Field({ description: '`RegistrationResponseJSON` of WebAuthn level 3, as JSON.' })
  passkey!: string;
}

export const ArmBreakGlassPayload = payloadOf('ArmBreakGlassPayload', {
  recoveryCodes: () => [String],
  breakGlass: () => BreakGlass,
});
export const RegisterBreakGlassPasskeyPayload = payloadOf('RegisterBreakGlassPasskeyPayload', {
  state: () => BreakGlassState,
});
export const UseBreakGlassPayload = payloadOf('UseBreakGlassPayload', {
  recoveryToken: () => String,
  expiresAt: () => DateTime,
});
