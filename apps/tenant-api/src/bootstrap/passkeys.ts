import {
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { type Result, err, ok } from '@writ/domain';
import { PasskeyRow, SignUpRow } from '@writ/postgres/control';
import type { Ports } from '../ports.js';
import { resumeSignUp } from '../sign-up.js';
import { IssuerState } from './state.js';

const challengeSeconds = 300;
const passkeysPerPerson = 10;

/**
 * Passkeys (WebAuthn level 3) of people who administer a tenant before their own identity provider does. A challenge is used
 * once, the person is always verified by the authenticator, and a counter that went back is a copied key: refused.
 */
export class Passkeys {
  readonly #challenges: IssuerState;
  readonly #origin: string;
  readonly #host: string;

  constructor(
    private readonly ports: Ports,
    publicUrl: string,
  ) {
    const url = new URL(publicUrl);
    this.#origin = url.origin;
    this.#host = url.hostname;
    this.#challenges = new IssuerState(ports.control, ports.nowMs, 'PasskeyChallenge');
  }

  /** For a person who has just proved an e-mail address. `place` names the conversation that the challenge belongs to. */
  async offerRegistration(signUpId: string): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { email } = await this.person(signUpId);
    const known = await this.ports.control.inPlatform((manager) => manager.findBy(PasskeyRow, { email }));
    const options = await generateRegistrationOptions({
      rpName: 'Writ',
      rpID: this.#host,
      userName: email,
      attestationType: 'none',
      excludeCredentials: known.map(({ id }) => ({ id })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    await this.remember(`register ${signUpId}`, options.challenge);
    return options;
  }

  async register(signUpId: string, response: RegistrationResponseJSON): Promise<Result<void, 'refused'>> {
    const expectedChallenge = await this.challengeOf(`register ${signUpId}`);
    if (expectedChallenge === undefined) return err('refused');
    const { email } = await this.person(signUpId);
    const verified = await verifyRegistrationResponse({
      response,
      expectedChallenge,
      expectedOrigin: this.#origin,
      expectedRPID: this.#host,
      requireUserVerification: true,
    }).catch(() => undefined);
    if (!verified?.verified || !verified.registrationInfo) return err('refused');
    const { id, publicKey, counter } = verified.registrationInfo.credential;
    return this.ports.control.inPlatform(async (manager) => {
      if ((await manager.countBy(PasskeyRow, { email })) >= passkeysPerPerson) return err('refused');
      if (await manager.findOneBy(PasskeyRow, { id })) return err('refused');
      const createdAt = new Date(this.ports.nowMs());
      const text = Buffer.from(publicKey).toString('base64url');
      await manager.insert(PasskeyRow, { id, email, publicKey: text, counter: String(counter), createdAt });
      return ok(undefined);
    });
  }

  /** The authenticator names the person; nobody has to say who they are. */
  async offerSignIn(place: string): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const options = await generateAuthenticationOptions({ rpID: this.#host, userVerification: 'required' });
    await this.remember(`sign-in ${place}`, options.challenge);
    return options;
  }

  /** A new, verified sign-up of the person whose passkey it is, which goes on with the tenant that they began. */
  async signIn(place: string, response: AuthenticationResponseJSON): Promise<Result<string, 'refused'>> {
    const expectedChallenge = await this.challengeOf(`sign-in ${place}`);
    if (expectedChallenge === undefined || typeof response.id !== 'string') return err('refused');
    const row = await this.ports.control.inPlatform((manager) => manager.findOneBy(PasskeyRow, { id: response.id }));
    if (!row) return err('refused');
    const verified = await verifyAuthenticationResponse({
      response,
      expectedChallenge,
      expectedOrigin: this.#origin,
      expectedRPID: this.#host,
      requireUserVerification: true,
      credential: { id: row.id, publicKey: Buffer.from(row.publicKey, 'base64url'), counter: Number(row.counter) },
    }).catch(() => undefined);
    if (!verified?.verified) return err('refused');
    const counter = String(verified.authenticationInfo.newCounter);
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
