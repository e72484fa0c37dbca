import { describe, expect, it } from '@jest/globals';
import { ocsfEvent, plainJson } from './ocsf.js';
import { webhookHeaders } from './signature.js';

describe('a record as an OCSF event', () => {
  it('is an API Activity of 1.9 with the index as its sequence, and holds the clear fields alone', () => {
    const fields = {
      kind: 'decision',
      id: '0198a000-0000-7000-8000-000000000001',
      time: 1_760_000_000_000,
      effect: 'deny',
      action: 'chat',
      model: 'fast',
      subject: { kind: 'human', roles: ['clinician'] },
    };
    expect(ocsfEvent({ index: 7, leafHash: 'ab', fields }, 't1', 'log/1')).toMatchObject({
      class_uid: 6003,
      category_uid: 6,
      type_uid: 600_399,
      time: 1_760_000_000_000,
      status_id: 2,
      disposition_id: 2,
      metadata: { version: '1.9.0', sequence: 7, uid: fields.id, log_name: 'log/1', tenant_uid: 't1' },
      actor: { user: { name: 'sealed', type_id: 1, type: 'User', groups: [{ name: 'clinician' }] } },
      api: { operation: 'chat', service: { name: 'writ-gateway' } },
      raw_data_hash: { algorithm_id: 3, value: 'ab' },
      unmapped: fields,
    });
  });

  it('says that a record is gone where one was pruned, so that the sequence has no hole', () => {
    const event = ocsfEvent({ index: 8, leafHash: 'cd', fields: { kind: 'pruned' } }, 't1', 'log/1');
    expect(event).toMatchObject({ activity_name: 'pruned', metadata: { sequence: 8, uid: 'cd' } });
  });
});

describe('A4: an event as it is sent', () => {
  it('is one line of printable text, whatever the record holds, and says the same', () => {
    const hostile = '=cmd|x\n\r\u0000\u001b[31m\u009b\u2028\u202eabc\u2069\ufeff\ud800${jndi:ldap://x}';
    const event = ocsfEvent(
      { index: 1, leafHash: 'ab', fields: { kind: hostile, name: hostile, [hostile]: 1 } },
      't',
      'l',
    );
    const sent = plainJson(event);
    expect(sent).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u);
    expect(JSON.parse(sent)).toEqual(event);
  });
});

describe('a signed webhook', () => {
  it('verifies by the example of the Standard Webhooks specification', () => {
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
    const headers = webhookHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_000, '{"test": 2432232314}', [key]);
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('carries a signature for each key while one is rotated out', () => {
    const headers = webhookHeaders('m', 0, '{}', [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]);
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
  });
});
