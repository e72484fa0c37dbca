import { type KeyObject, createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A passkey in software: one ES256 credential, as WebAuthn level 3 describes it. Its person is always verified. */
export class Authenticator {
  readonly id = randomBytes(16).toString('base64url');
  counter = 0;
  readonly #privateKey: KeyObject;
  readonly #coseKey: Buffer;

  constructor(private readonly origin: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    this.#privateKey = privateKey;
    // CBOR of {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}.
    const [xBytes, yBytes] = [x, y].map((part) => Buffer.from(part, 'base64url'));
    const head = Buffer.from('a5010203262001215820', 'hex');
    this.#coseKey = Buffer.concat([head, xBytes ?? Buffer.of(), Buffer.from('225820', 'hex'), yBytes ?? Buffer.of()]);
  }

  create(challenge: string): object {
    const id = Buffer.from(this.id, 'base64url');
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.of(0, id.length), id, this.#coseKey]);
    const data = Buffer.concat([this.#authenticatorData(0x45), attested]);
    // CBOR of {fmt: "none", attStmt: {}, authData: data}.
    const object = Buffer.concat([
      Buffer.from('a363666d74646e6f6e656761747453746d74a0686175746844617461', 'hex'),
      Buffer.of(0x58, data.length),
      data,
    ]);
    const response = {
      clientDataJSON: this.#clientData('webauthn.create', challenge).toString('base64url'),
      attestationObject: object.toString('base64url'),
    };
    return { id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {}, response };
  }

  /** `isVerified` is false for an authenticator that asked nobody for a finger or a PIN. */
  get(challenge: string, isVerified = true): object {
    this.counter += 1;
    const client = this.#clientData('webauthn.get', challenge);
    const data = this.#authenticatorData(isVerified ? 0x05 : 0x01);
    const signed = Buffer.concat([data, createHash('sha256').update(client).digest()]);
    const response = {
      clientDataJSON: client.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: sign('sha256', signed, this.#privateKey).toString('base64url'),
    };
    return { id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {}, response };
  }

  #clientData(type: string, challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }));
  }

  #authenticatorData(flags: number): Buffer {
    const host = createHash('sha256').update(new URL(this.origin).hostname).digest();
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    return Buffer.concat([host, Buffer.of(flags), counter]);
  }
}
