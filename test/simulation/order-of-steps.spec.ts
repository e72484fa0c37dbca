import { describe, expect, it } from '@jest/globals';
import { refuse, type Ask } from '@writ/domain';
import type { FaultClass } from '@writ/routing';
import { aSnapshot, anEndpointId, tenantA } from '../support/builders.js';
import { CallerTwin, type Seen } from '../support/caller-twin.js';
import { House, anAsk, goodCredential, type HouseOptions, withPort } from '../support/house.js';
import { ledgerText, payloadOf } from '../support/invariants.js';

const phi = 'Patient Nora Klein, MRN 4711-0815, was diagnosed with type 2 diabetes; her SSN is 536-22-1234.';
const secret = 'Use AKIAQ3EGVWLZ7JTBN4XM to list the buckets.';

async function ask(house: House, text: string, more: Partial<Ask> = {}, token = 'good'): Promise<Seen> {
  const caller = new CallerTwin(house);
  let seen: Seen | undefined;
  void caller.ask(anAsk(house, text, more), { ...goodCredential, token }).then((done) => (seen = done));
  await house.clock.run(() => seen !== undefined);
  if (!seen) throw new Error('the caller was not answered');
  return seen;
}

const leavesOf = (house: House) => house.store.leaves.get(tenantA) ?? [];
const kindsOf = (house: House): readonly string[] => leavesOf(house).map((leaf) => leaf.kind);

describe('a permit', () => {
  it('steps 2, 4, 5, 7: commits the decision, calls one authorized endpoint, commits the outcome, then answers', async () => {
    const house = new House();
    const seen = await ask(house, 'What is the capital of France?');
    expect(seen.complete).toBe(true);
    expect(seen.about?.markers).toEqual(['eu-ai-act-50']);
    expect(kindsOf(house)).toEqual(['decision', 'outcome']);
    expect(house.providers.arrivals.map(({ endpoint }) => endpoint)).toEqual(['openai-us']);
    expect(house.settled).toEqual(['r1:5']);
  });

  it('S8: sends PHI only to the endpoint under a BAA, although the alias prefers another', async () => {
    const house = new House();
    await ask(house, phi);
    expect(house.providers.arrivals.map(({ endpoint }) => endpoint)).toEqual(['azure-baa']);
    expect(kindsOf(house)).toEqual(['decision', 'dispatch', 'outcome']);
  });

  it('S8: refuses with no-authorized-endpoint rather than leave the set, and closes the decision', async () => {
    const snapshot = aSnapshot();
    const [alias] = snapshot.aliases;
    const onlyPlain = {
      name: 'fast',
      strategy: alias?.strategy ?? 'ordered',
      candidates: [{ endpoint: anEndpointId('openai-us'), model: 'gpt-test', weight: 1 }],
    };
    const house = new House({ snapshot: { ...snapshot, aliases: [onlyPlain] } });
    const seen = await ask(house, phi);
    expect(seen.refusal?.code).toBe('no-authorized-endpoint');
    expect(house.providers.arrivals).toEqual([]);
    expect(leavesOf(house).map(payloadOf).at(-1)).toMatchObject({ result: 'not-dispatched' });
  });

  it('replaces PII by tokens in what the provider gets, and restores it in what the caller gets', async () => {
    const house = new House({ script: () => ({ pieces: ['ok'] }) });
    await ask(house, 'Write to nora.klein@example.org about Monday.');
    expect(house.providers.arrivals[0]?.prompt).not.toContain('nora.klein@example.org');
    expect(ledgerText(leavesOf(house))).not.toContain('nora.klein@example.org');
  });

  it('redacts by a type as by a class: a rule that names EMAIL replaces e-mail addresses', async () => {
    const snapshot = aSnapshot();
    const source = snapshot.policy.source
      .replace('classes: [PHI,', 'classes: [EMAIL, PHI,')
      .replace('when: class("PII") >= 0.5 && !("fraud" in subject.roles)', 'when: class("EMAIL") >= 0.5')
      .replace('redact: { classes: [PII]', 'redact: { classes: [EMAIL]');
    const house = new House({ snapshot: { ...snapshot, policy: { ...snapshot.policy, source } } });
    await ask(house, 'Write to nora.klein@example.org about Monday.');
    expect(house.providers.arrivals).toHaveLength(1);
    expect(house.providers.arrivals[0]?.prompt).not.toContain('nora.klein@example.org');
  });

  it('falls back inside the set when an endpoint fails, and records the second dispatch before it', async () => {
    const house = new House({
      script: (endpoint) =>
        endpoint === 'openai-us' ? { pieces: [], fault: { class: 'unavailable', detail: 'x' } } : { pieces: ['ok'] },
    });
    const seen = await ask(house, 'Hello');
    expect(seen.complete).toBe(true);
    expect(house.providers.arrivals.at(-1)?.endpoint).toBe('azure-baa');
    expect(kindsOf(house)).toContain('dispatch');
  });
});

describe('an evaluation', () => {
  const evaluation = {
    action: 'evaluate',
    dialect: 'authzen.evaluation',
    evaluated: { route: '/v1/chat/completions', subject: 'nora' },
  } as const;

  it('commits the decision and closes it as decision-only before it is told, and reaches no provider', async () => {
    const house = new House();
    const seen = await ask(house, 'Write to nora.klein@example.org about Monday.', evaluation);
    expect(seen.coveredThen).toEqual([true]);
    expect(kindsOf(house)).toEqual(['decision', 'outcome']);
    expect(leavesOf(house).map(payloadOf)).toMatchObject([{ effect: 'permit' }, { result: 'decision-only' }]);
    expect(house.providers.arrivals).toEqual([]);
    expect(house.settled).toEqual(['r1:none']);
    expect(Buffer.concat(seen.writes).toString()).not.toContain('nora.klein@example.org');
  });

  it('is decided as the request itself would be: the same set, the same deny', async () => {
    const house = new House();
    const told = Buffer.concat((await ask(house, phi, evaluation)).writes).toString();
    expect(JSON.parse(told)).toMatchObject({ endpoints: ['azure-baa'] });
    expect((await ask(house, secret, evaluation)).refusal?.code).toBe('policy-denied');
  });

  it('about another subject than the credential proves is denied on record, whatever the policy says', async () => {
    const house = new House();
    const about = { ...evaluation, evaluated: { ...evaluation.evaluated, subject: 'root' } };
    expect((await ask(house, 'Hello', about)).refusal?.code).toBe('subject-mismatch');
    expect(leavesOf(house).map(payloadOf)).toMatchObject([{ effect: 'deny', code: 'subject-mismatch' }]);
  });

  it('is not told when the record that closes it cannot be made durable', async () => {
    const house = new House();
    const { ledger } = house.ports;
    withPort(house, 'ledger', {
      ...ledger,
      commit: (log, record, how) =>
        record.kind === 'outcome'
          ? Promise.resolve({ ok: false, error: 'ledger-unavailable' })
          : ledger.commit(log, record, how),
    });
    const seen = await ask(house, 'Hello', evaluation);
    expect(seen.refusal?.code).toBe('ledger-unavailable');
    expect(seen.writes).toEqual([]);
  });
});

describe('a deny', () => {
  it('step 3: is recorded before it is answered, and reaches no provider', async () => {
    const house = new House();
    const seen = await ask(house, secret);
    expect(seen.refusal?.code).toBe('policy-denied');
    expect(kindsOf(house)).toEqual(['decision']);
    expect(house.providers.arrivals).toEqual([]);
    expect(ledgerText(leavesOf(house))).not.toContain('AKIA');
  });

  it('C9, H20: follows from a classification that is incomplete, whatever was down or too slow', async () => {
    const house = new House();
    const { classifier } = house.ports;
    withPort(house, 'classifier', {
      classify: async (...args) => ({
        ...(await classifier.classify(...args)),
        complete: false,
        incompleteBecause: ['budget:time'],
      }),
    });
    expect((await ask(house, 'Hello')).refusal?.code).toBe('classification-incomplete');
    expect(house.providers.arrivals).toEqual([]);
  });

  it.each(['rate-limited', 'budget-exhausted', 'price-unknown'] as const)('is recorded for %s', async (code) => {
    const house = new House();
    withPort(house, 'limits', {
      ...house.ports.limits,
      reserve: () => Promise.resolve({ ok: false, error: refuse(code) }),
    });
    expect((await ask(house, 'Hello')).refusal?.code).toBe(code);
    expect(leavesOf(house).map(payloadOf)).toMatchObject([{ effect: 'deny', code }]);
  });

  it('is recorded for tenant-suspended and for snapshot-stale while a snapshot was held', async () => {
    const suspended = new House({ snapshot: aSnapshot({ state: 'suspended' }) });
    expect((await ask(suspended, 'Hello')).refusal?.code).toBe('tenant-suspended');
    const stale = new House();
    withPort(stale, 'snapshots', {
      current: () => Promise.resolve({ ok: false, error: { refusal: refuse('snapshot-stale'), held: stale.held } }),
    });
    expect((await ask(stale, 'Hello')).refusal?.code).toBe('snapshot-stale');
    expect([kindsOf(suspended), kindsOf(stale)]).toEqual([['decision'], ['decision']]);
  });

  it('answer 5: that cannot be recorded is answered as ledger-unavailable, not as a deny', async () => {
    const house = new House();
    house.store.block();
    expect((await ask(house, secret)).refusal?.code).toBe('ledger-unavailable');
  });
});

describe('before a tenant is known', () => {
  it('a refusal leaves no record in any tenant and is counted for the platform', async () => {
    const house = new House();
    expect((await ask(house, 'Hello', {}, 'bad')).refusal?.code).toBe('credential-invalid');
    expect([house.store.leaves.size, house.turnedAway]).toEqual([0, ['credential-invalid']]);
  });

  it('snapshot-missing refuses', async () => {
    const house = new House();
    withPort(house, 'snapshots', {
      current: () => Promise.resolve({ ok: false, error: { refusal: refuse('snapshot-missing') } }),
    });
    expect((await ask(house, 'Hello')).refusal?.code).toBe('snapshot-missing');
  });
});

describe('the ledger', () => {
  it('answer 1: when the decision cannot be committed within its deadline, refuses with ledger-unavailable and sends nothing', async () => {
    const house = new House();
    house.store.block();
    const from = house.clock.monotonicMs();
    const seen = await ask(house, 'Hello');
    expect(seen.refusal?.code).toBe('ledger-unavailable');
    expect(seen.refusal?.retryAfterSeconds).toBeGreaterThan(0);
    expect(house.clock.monotonicMs() - from).toBeLessThanOrEqual(1_100);
    expect(house.providers.arrivals).toEqual([]);
  });

  it('step 6: when the outcome cannot be committed, withholds the answer', async () => {
    const house = new House({ script: () => ({ pieces: ['the answer'] }) });
    const { providers } = house.ports;
    withPort(house, 'providers', {
      call: async (...call) => {
        const answered = await providers.call(...call);
        house.store.block();
        return answered;
      },
    });
    const caller = await ask(house, 'Hello');
    expect(caller.refusal?.code).toBe('ledger-unavailable');
    expect(caller.writes).toEqual([]);
  });

  it.each(['ledger-backpressure', 'ledger-integrity-hold'] as const)(
    'answers 2 and 6: %s reaches the caller',
    async (code) => {
      const house = new House();
      withPort(house, 'ledger', { commit: () => Promise.resolve({ ok: false, error: code }) });
      expect((await ask(house, 'Hello')).refusal?.code).toBe(code);
      expect(house.providers.arrivals).toEqual([]);
    },
  );
});

describe('a provider that fails', () => {
  const codes: Readonly<Partial<Record<FaultClass, string>>> = {
    'rate-limited': 'provider-rate-limited',
    credential: 'provider-credential',
    billing: 'provider-billing',
    unavailable: 'provider-unavailable',
    'context-too-long': 'context-too-long',
    malformed: 'provider-rejected',
    'not-found': 'model-unknown',
  };
  it.each(Object.entries(codes))('%s everywhere is answered as %s, and the decision is closed', async (fault, code) => {
    const options: HouseOptions = {
      script: () => ({ pieces: [], fault: { class: fault as FaultClass, detail: 'scripted' } }),
    };
    const house = new House(options);
    expect((await ask(house, 'Hello')).refusal?.code).toBe(code);
    expect(kindsOf(house).at(-1)).toBe('outcome');
  });

  it('F34: a buffered answer that breaks everywhere is answered as provider-protocol, without a byte of it', async () => {
    const house = new House({ script: () => ({ pieces: ['half'], breaksAfter: 0 }) });
    const seen = await ask(house, 'Hello');
    expect([seen.refusal?.code, seen.writes.length]).toEqual(['provider-protocol', 0]);
  });

  it('is skipped while it is not usable, and none left is no-healthy-endpoint', async () => {
    const house = new House();
    withPort(house, 'health', {
      ...house.ports.health,
      usable: () => false,
      latencyMs: () => undefined,
      report: () => undefined,
      takeRetry: () => false,
    });
    expect((await ask(house, 'Hello')).refusal?.code).toBe('no-healthy-endpoint');
  });

  it('an unknown model is refused as model-unknown', async () => {
    expect((await ask(new House(), 'Hello', { model: 'nobody' })).refusal?.code).toBe('model-unknown');
  });
});

describe('an answer', () => {
  it('that holds a blocked class is refused as answer-withheld, and its outcome says so', async () => {
    const house = new House({ script: () => ({ pieces: [`the key is ${secret.slice(4, 24)}`] }) });
    const seen = await ask(house, 'Which key do we use?');
    expect(seen.refusal?.code).toBe('answer-withheld');
    expect(leavesOf(house).map(payloadOf).at(-1)).toMatchObject({ result: 'answer-withheld' });
  });

  it('H13: what comes after the terminal event is dropped', async () => {
    const house = new House({ script: () => ({ pieces: ['Hello'], talksOn: true }) });
    const seen = await ask(house, 'Hello', { stream: true });
    expect(Buffer.concat(seen.writes).toString()).not.toContain('after the end');
    expect(seen.complete).toBe(true);
  });

  it('row 39, H14: a caller that hangs up does not suppress the outcome', async () => {
    const house = new House({ script: () => ({ pieces: Array.from({ length: 50 }, () => 'x'.repeat(3_000)) }) });
    const caller = new CallerTwin(house, 1);
    let done = false;
    void caller.ask(anAsk(house, 'Hello', { stream: true })).then(() => (done = true));
    await house.clock.run(() => done);
    expect(leavesOf(house).map(payloadOf).at(-1)).toMatchObject({ result: 'caller-disconnected' });
  });

  it('a step that throws is answered as internal, and the decision is closed as indeterminate', async () => {
    const house = new House();
    withPort(house, 'providers', { call: () => Promise.reject(new Error('a bug')) });
    expect((await ask(house, 'Hello')).refusal?.code).toBe('internal');
    expect(leavesOf(house).map(payloadOf).at(-1)).toMatchObject({ result: 'indeterminate' });
    expect(house.bugs).toHaveLength(1);
  });
});
