import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
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

/** What is kept of a passkey: the key is the COSE key, base64url. */
export interface KnownPasskey {
  readonly id: string;
  readonly publicKey: string;
  readonly counter: string;
}

/** Says of a challenge that came back whether it was ours to give; asked once for each answer. */
export type ExpectedChallenge = string | ((challenge: string) => boolean | Promise<boolean>);

const nonceBytes = 16;
const timeBytes = 8;
const macBytes = 32;
const challengeMs = 300_000;

/**
 * This API as a relying party of WebAuthn level 3. The person is always verified by the authenticator, and a counter that went
 * back is a copied key: refused. What an authenticator says wrongly is undefined here, never an exception; a challenge that could
 * not be looked up is one, since nobody was wrong.
 */
export class RelyingParty {
  readonly #origin: string;
  readonly #host: string;

  constructor(
    publicUrl: string,
    /** Known to every process of this API, and to nobody else. */
    private readonly secret: Uint8Array,
    private readonly nowMs: () => number,
  ) {
    const url = new URL(publicUrl);
    this.#origin = url.origin;
    this.#host = url.hostname;
  }

  creationOptions(
    userName: string,
    known: readonly { readonly id: string }[] = [],
    challenge?: Uint8Array<ArrayBuffer>,
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return generateRegistrationOptions({
      rpName: 'Writ',
      rpID: this.#host,
      userName,
      attestationType: 'none',
      excludeCredentials: known.map(({ id }) => ({ id })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      ...(challenge && { challenge }),
    });
  }

  /** No passkey is listed: the authenticator names its own, and a stranger learns of none. */
  requestOptions(challenge?: Uint8Array<ArrayBuffer>): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const own = challenge && { challenge };
    return generateAuthenticationOptions({ rpID: this.#host, userVerification: 'required', ...own });
  }

  async verifiedCreation(
    response: RegistrationResponseJSON,
    expectedChallenge: ExpectedChallenge,
  ): Promise<KnownPasskey | undefined> {
    const verified = await heard(expectedChallenge, (challenge) =>
      verifyRegistrationResponse({ response, expectedChallenge: challenge, ...this.#expected() }),
    );
    if (!verified?.verified || !verified.registrationInfo) return undefined;
    const { id, publicKey, counter } = verified.registrationInfo.credential;
    return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter: String(counter) };
  }

  /** The passkey's counter after this use. */
  async verifiedAssertion(
    response: AuthenticationResponseJSON,
    expectedChallenge: ExpectedChallenge,
    { id, publicKey, counter }: KnownPasskey,
  ): Promise<string | undefined> {
    const credential = { id, publicKey: Buffer.from(publicKey, 'base64url'), counter: Number(counter) };
    const verified = await heard(expectedChallenge, (challenge) =>
      verifyAuthenticationResponse({ response, expectedChallenge: challenge, ...this.#expected(), credential }),
    );
    return verified?.verified ? String(verified.authenticationInfo.newCounter) : undefined;
  }

  /** A challenge that nobody has to remember: it names its own end, under a MAC. So asking for one leaves nothing behind. */
  ownChallenge(): Uint8Array<ArrayBuffer> {
    const time = Buffer.alloc(timeBytes);
    time.writeBigUInt64BE(BigInt(this.nowMs() + challengeMs));
    const told = Buffer.concat([randomBytes(nonceBytes), time]);
    return Uint8Array.from(Buffer.concat([told, this.#mac(told)]));
  }

  /** True for what `ownChallenge` gave in the last five minutes. That it is used once is the caller's to see to. */
  isOwnChallenge(challenge: string): boolean {
    const bytes = Buffer.from(challenge, 'base64url');
    if (bytes.length !== nonceBytes + timeBytes + macBytes) return false;
    const told = bytes.subarray(0, nonceBytes + timeBytes);
    if (!timingSafeEqual(bytes.subarray(told.length), this.#mac(told))) return false;
    return told.readBigUInt64BE(nonceBytes) > BigInt(this.nowMs());
  }

  #expected() {
    return { expectedOrigin: this.#origin, expectedRPID: this.#host, requireUserVerification: true } as const;
  }

  #mac(told: Uint8Array): Buffer {
    return createHmac('sha256', this.secret).update('writ/challenge\0').update(told).digest();
  }
}

/** What the library made of an answer; undefined where it rejected it. */
async function heard<T>(
  expected: ExpectedChallenge,
  verify: (expected: ExpectedChallenge) => Promise<T>,
): Promise<T | undefined> {
  const fault: { cause?: unknown } = {};
  const asked: ExpectedChallenge =
    typeof expected === 'string'
      ? expected
      : async (challenge) => {
          try {
            return await expected(challenge);
          } catch (cause) {
            fault.cause = cause;
            return false;
          }
        };
  const verified = await verify(asked).catch(() => undefined);
  if ('cause' in fault) throw fault.cause;
  return verified;
}
