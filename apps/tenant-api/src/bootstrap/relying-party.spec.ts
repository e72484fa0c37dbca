import { describe, expect, it } from '@jest/globals';
import { RelyingParty } from './relying-party.js';

const secret = Buffer.alloc(32, 7);
const out = (): Promise<boolean> => Promise.reject(new Error('the database is out'));
const text = (challenge: Uint8Array): string => Buffer.from(challenge).toString('base64url');

describe('a challenge that nobody remembers', () => {
  it('is known for five minutes by every process with the same secret, and by no other', () => {
    let nowMs = 1_700_000_000_000;
    const party = new RelyingParty('https://admin.example', secret, () => nowMs);
    const other = new RelyingParty('https://admin.example', secret, () => nowMs);
    const stranger = new RelyingParty('https://admin.example', Buffer.alloc(32, 8), () => nowMs);
    const challenge = text(party.ownChallenge());
    expect([party, other, stranger].map((each) => each.isOwnChallenge(challenge))).toEqual([true, true, false]);
    nowMs += 299_999;
    expect(party.isOwnChallenge(challenge)).toBe(true);
    nowMs += 1;
    expect(party.isOwnChallenge(challenge)).toBe(false);
  });

  it('is another each time, and none once a single bit is another', () => {
    const party = new RelyingParty('https://admin.example', secret, () => 1_700_000_000_000);
    const bytes = party.ownChallenge();
    expect(text(party.ownChallenge())).not.toBe(text(bytes));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(party.isOwnChallenge(text(changed))).toBe(false);
    }
    for (const malformed of ['', 'x', text(bytes).slice(1), `${text(bytes)}AA`])
      expect(party.isOwnChallenge(malformed)).toBe(false);
  });
});

describe('an answer whose challenge cannot be looked up', () => {
  it('is a fault of ours and not a wrong answer', async () => {
    const party = new RelyingParty('https://admin.example', secret, () => 1_700_000_000_000);
    const clientData = { type: 'webauthn.get', challenge: text(party.ownChallenge()), origin: 'https://admin.example' };
    const answer = {
      id: 'AA',
      rawId: 'AA',
      type: 'public-key' as const,
      clientExtensionResults: {},
      response: {
        clientDataJSON: text(Buffer.from(JSON.stringify(clientData))),
        authenticatorData: text(Buffer.alloc(37)),
        signature: text(Buffer.alloc(64)),
      },
    };
    const key = { id: 'AA', publicKey: '', counter: '0' };
    await expect(party.verifiedAssertion(answer, out, key)).rejects.toThrow('the database is out');
    expect(await party.verifiedAssertion(answer, () => true, key)).toBeUndefined();
  });
});
