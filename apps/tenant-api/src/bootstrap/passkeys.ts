import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { type Result, err, ok } from '@writ/domain';
import { PasskeyRow, SignUpRow } from '@writ/postgres/control';
import type { Ports } from '../ports.js';
import { resumeSignUp } from '../sign-up.js';
import type { RelyingParty } from './relying-party.js';
import { IssuerState } from './state.js';

const challengeSeconds = 300;
const passkeysPerPerson = 10;

/**
 * Passkeys of people who administer a tenant before their own identity provider does. A challenge is remembered for the
 * conversation that it belongs to, and used once.
 */
export class Passkeys {
  readonly #challenges: IssuerState;

  constructor(
    private readonly ports: Ports,
    private readonly relyingParty: RelyingParty,
  ) {
    this.#challenges = new IssuerState(ports.control, ports.nowMs, 'PasskeyChallenge');
  }

  /** For a person who has just proved an e-mail address. `place` names the conversation that the challenge belongs to. */
  async offerRegistration(signUpId: string): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { email } = await this.person(signUpId);
    const known = await this.ports.control.inPlatform((manager) => manager.findBy(PasskeyRow, { email }));
    const options = await this.relyingParty.creationOptions(email, known);
    await this.remember(`register ${signUpId}`, options.challenge);
    return options;
  }

  async register(signUpId: string, response: RegistrationResponseJSON): Promise<Result<void, 'refused'>> {
    const expectedChallenge = await this.challengeOf(`register ${signUpId}`);
    if (expectedChallenge === undefined) return err('refused');
    const { email } = await this.person(signUpId);
    const made = await this.relyingParty.verifiedCreation(response, expectedChallenge);
    if (made === undefined) return err('refused');
    return this.ports.control.inPlatform(async (manager) => {
      if ((await manager.countBy(PasskeyRow, { email })) >= passkeysPerPerson) return err('refused');
      if (await manager.findOneBy(PasskeyRow, { id: made.id })) return err('refused');
      const createdAt = new Date(this.ports.nowMs());
      await manager.insert(PasskeyRow, { ...made, email, createdAt });
      return ok(undefined);
    });
  }

  /** The authenticator names the person; nobody has to say who they are. */
  async offerSignIn(place: string): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const options = await this.relyingParty.requestOptions();
    await this.remember(`sign-in ${place}`, options.challenge);
    return options;
  }

  /** A new, verified sign-up of the person whose passkey it is, which goes on with the tenant that they began. */
  async signIn(place: string, response: AuthenticationResponseJSON): Promise<Result<string, 'refused'>> {
    const expectedChallenge = await this.challengeOf(`sign-in ${place}`);
    if (expectedChallenge === undefined || typeof response.id !== 'string') return err('refused');
    const row = await this.ports.control.inPlatform((manager) => manager.findOneBy(PasskeyRow, { id: response.id }));
    if (!row) return err('refused');
    const counter = await this.relyingParty.verifiedAssertion(response, expectedChallenge, row);
    if (counter === undefined) return err('refused');
    await this.ports.control.inPlatform((manager) => manager.update(PasskeyRow, { id: row.id }, { counter }));
    return ok(await this.vouched(row.email));
  }

  private async vouched(email: string): Promise<string> {
    const id = this.ports.newId();
    const now = new Date(this.ports.nowMs());
    await this.ports.control.inPlatform((manager) =>
      // No code was sent, and no code has this hash.
      manager.insert(SignUpRow, { id, email, codeHash: '', createdAt: now, expiresAt: now, verifiedAt: now }),
    );
    await resumeSignUp(this.ports, id);
    return id;
  }

  private async person(signUpId: string): Promise<SignUpRow> {
    return this.ports.control.inPlatform((manager) => manager.findOneByOrFail(SignUpRow, { id: signUpId }));
  }

  private async remember(place: string, challenge: string): Promise<void> {
    await this.#challenges.upsert(place, { challenge }, challengeSeconds);
  }

  private async challengeOf(place: string): Promise<string | undefined> {
    const challenge = (await this.#challenges.take(place))?.['challenge'];
    return typeof challenge === 'string' ? challenge : undefined;
  }
}
