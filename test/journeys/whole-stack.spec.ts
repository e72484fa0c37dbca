import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { APIError } from 'openai';
import {
  accessToken,
  control,
  mintToken,
  onboard,
  publishPolicy,
  recordedDecision,
  startPostgres,
  startStack,
  type LocalPostgres,
  type OnboardedTenant,
  type Stack,
} from '@writ/local';

interface Arrived {
  readonly place: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

let stack: Stack;
let tenant: OnboardedTenant;
let restarted: LocalPostgres | undefined;
let nora: OpenAI;
const folder = mkdtempSync(join(tmpdir(), 'writ-journey-'));

beforeAll(async () => {
  stack = await startStack({ folder, log: () => undefined });
  tenant = await onboard(stack, 'mercy', () => undefined);
  nora = clientWith(await accessToken(stack, 'nora', stack.audiences.gateway));
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await restarted?.stop();
}, 60_000);

function clientWith(apiKey: string): OpenAI {
  return new OpenAI({ baseURL: `${stack.urls.gateway}/v1`, apiKey, maxRetries: 0 });
}

async function arrived(): Promise<readonly Arrived[]> {
  return (await control<{ readonly requests: readonly Arrived[] }>(stack, 'requests')).requests;
}
/** Without what the worker's reviewer asks in its own name, whenever it comes to it. */
const asked = async (): Promise<number> =>
  (await arrived()).filter(({ text }) => !text.includes('You classify text for a data-protection gateway')).length;
const user = (content: string) => [{ role: 'user' as const, content }];
const chat = (client: OpenAI, content: string) =>
  client.chat.completions.create({ model: 'fast', messages: user(content) });

async function refusedWith(attempt: Promise<unknown>): Promise<{ readonly status: unknown; readonly code: unknown }> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof APIError) return { status: error.status as unknown, code: error.code };
    throw error;
  }
  throw new Error('the request was not refused');
}

describe('the published SDK through the whole stack', () => {
  it('gets what it gets straight from the provider, and the records say who asked and what was sent', async () => {
    const { data, response } = await chat(nora, 'Which vaccines are recommended?').withResponse();
    const straight = new OpenAI({ baseURL: `${stack.urls.models}/at/general-us/v1`, apiKey: 'sk-x', maxRetries: 0 });
    const direct = await straight.chat.completions.create({
      model: 'gpt-sim',
      messages: user('Which vaccines are recommended?'),
    });
    expect(data.choices[0]?.message.content).toBe(direct.choices[0]?.message.content);
    expect(Object.keys(data).toSorted()).toEqual(Object.keys(direct).toSorted());
    const decision = await recordedDecision(tenant.client, response.headers.get('x-writ-decision') ?? '');
    expect(decision).toMatchObject({ effect: 'permit', result: 'completed' });
    expect(decision?.records.map((record) => record.kind)).toEqual(['decision', 'outcome']);
  });

  it('streams, and the stream is the buffered answer in pieces', async () => {
    const stream = await nora.chat.completions.create({
      model: 'fast',
      messages: user('What does a vaccine do?'),
      stream: true,
    });
    let text = '';
    let finish: string | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    const buffered = await chat(nora, 'What does a vaccine do?');
    expect(text).toBe(buffered.choices[0]?.message.content);
    expect(finish).toBe('stop');
  });

  it('I2: every request that reached a provider names a decision that is in the ledger', async () => {
    for (const { headers } of (await arrived()).filter(({ headers: sent }) => sent['x-writ-decision'] !== undefined)) {
      const decision = await recordedDecision(tenant.client, headers['x-writ-decision'] ?? '');
      expect(decision?.effect).toBe('permit');
    }
  });

  it('replaces PII before it leaves and restores it in the answer', async () => {
    const anton = clientWith(await accessToken(stack, 'anton', stack.audiences.gateway));
    const answer = await chat(anton, 'Repeat: write to maria.lopez@example.org');
    const sent = (await arrived()).at(-1);
    expect(sent?.text).not.toContain('maria.lopez@example.org');
    expect(answer.choices[0]?.message.content).toContain('maria.lopez@example.org');
  });

  it('refuses by typed errors: a deny, an expired token, a token for the tenant API, an unknown field', async () => {
    const before = await asked();
    expect(await refusedWith(chat(nora, 'Why does AKIAQ3EGVWLZ7JTBN4XM fail?'))).toEqual({
      status: 403,
      code: 'policy-denied',
    });
    const expired = await mintToken(stack, { person: 'nora', audience: stack.audiences.gateway, lifetimeSeconds: -60 });
    expect(await refusedWith(chat(clientWith(expired), 'Hello'))).toEqual({ status: 401, code: 'credential-expired' });
    const admins = await accessToken(stack, 'ada', stack.audiences.admin);
    expect(await refusedWith(chat(clientWith(admins), 'Hello'))).toEqual({ status: 401, code: 'credential-invalid' });
    const odd = { model: 'fast', messages: user('Hello'), base_url: 'http://evil.example' };
    expect(await refusedWith(nora.chat.completions.create(odd))).toEqual({ status: 400, code: 'request-malformed' });
    expect(await asked()).toBe(before);
  });
});

describe('configuration', () => {
  it('R8: a published policy is in force on every gateway process within two seconds', async () => {
    const closed = 'apiVersion: policy/v1\nname: closed\nrules: []\n';
    const from = performance.now();
    await publishPolicy(tenant.client, closed);
    const refusals: string[] = [];
    while (refusals.slice(-6).length < 6 || refusals.slice(-6).some((code) => code !== 'policy-denied')) {
      const attempt = await refusedWith(
        chat(nora, 'Hello').then(() => Promise.reject(new APIError(200, {}, 'answered', new Headers()))),
      );
      refusals.push(String(attempt.code));
      if (performance.now() - from > 2_000) break;
    }
    expect(refusals.slice(-6)).toEqual(Array.from({ length: 6 }, () => 'policy-denied'));
    await publishPolicy(tenant.client, openPolicy);
    await eventually(async () => (await chat(nora, 'Hello')).choices.length === 1, 2_000);
  });
});

describe('a recorded decision', () => {
  it('is explained exactly, from the facts it sealed and the configuration of its moment', async () => {
    const { response } = await chat(nora, 'Which vaccines are recommended?').withResponse();
    const { decisionExplanation } = await tenant.client.run<{
      decisionExplanation: { exact: boolean; explanation: { decision: string; matched: { rule: string }[] } };
    }>('query ($id: ID!) { decisionExplanation(id: $id) { exact explanation { decision matched { rule } } } }', {
      id: response.headers.get('x-writ-decision') ?? '',
    });
    expect(decisionExplanation).toMatchObject({ exact: true, explanation: { decision: 'permit' } });
    expect(decisionExplanation.explanation.matched.length).toBeGreaterThan(0);
  });

  it('says what a version on trial would have decided, and is not changed by it', async () => {
    const source = 'apiVersion: policy/v1\nname: closed\nrules: []\n';
    const selection = 'policy { id hash version }';
    interface Versioned {
      readonly policy: { readonly id: string; readonly version: number };
    }
    const at = ({ policy: { id, version } }: Versioned) => ({ id, expectedVersion: version });
    const draft = await tenant.client.mutate<Versioned>('draftPolicy', { source }, selection);
    const checked = await tenant.client.mutate<Versioned>('checkPolicy', at(draft), selection);
    await tenant.client.mutate('tryPolicy', { ...at(checked), on: true }, selection);
    await eventually(async () => {
      const { data, response } = await chat(nora, 'Hello').withResponse();
      const { decision } = await tenant.client.run<{
        decision: { effect: string; shadow: { effect: string; changes: string[] } | null };
      }>('query ($id: ID!) { decision(id: $id) { effect shadow { effect changes } } }', {
        id: response.headers.get('x-writ-decision') ?? '',
      });
      expect([data.choices.length, decision.effect]).toEqual([1, 'permit']);
      return decision.shadow?.effect === 'deny' && decision.shadow.changes.includes('newly-denied');
    }, 5_000);
  });
});

describe('a taxonomy on trial', () => {
  interface Trial {
    readonly trial: { readonly candidate: string; readonly version: number };
  }
  const shown = 'trial { candidate version }';
  const text = 'What is known of the blue heron plan?';

  it('is recorded beside decisions, reported, filtered by, and changes nothing; withdrawn, it is tried no more', async () => {
    const addTerms = [{ class: 'INTERNAL', term: 'blue heron' }];
    const { trial } = await tenant.client.mutate<Trial>('tryTaxonomy', { expectedVersion: 0, addTerms }, shown);
    const recorded = async (): Promise<{ id: string; classes: string[]; shadowTaxonomy: { state: string } | null }> => {
      const { data, response } = await chat(nora, text).withResponse();
      expect(data.choices.length).toBe(1);
      const wanted =
        'query ($id: ID!) { decision(id: $id) { id classes shadowTaxonomy { candidate state gained effect } } }';
      const { decision } = await tenant.client.run<{
        decision: { id: string; classes: string[]; shadowTaxonomy: { state: string } | null };
      }>(wanted, { id: response.headers.get('x-writ-decision') ?? '' });
      return decision;
    };
    let compared = '';
    // Until the snapshot is there and the thread has started it is not tried, or late.
    await eventually(async () => {
      const { id, classes, shadowTaxonomy } = await recorded();
      expect(classes).not.toContain('INTERNAL');
      if (shadowTaxonomy?.state !== 'read') return false;
      expect(shadowTaxonomy).toEqual({
        candidate: trial.candidate,
        state: 'read',
        gained: ['INTERNAL'],
        effect: 'permit',
      });
      compared = id;
      return true;
    }, 30_000);
    const { taxonomyTrialReport, decisions } = await tenant.client.run<{
      taxonomyTrialReport: { differing: number; complete: boolean; classes: { class: string; examples: string[] }[] };
      decisions: { edges: { node: { id: string } }[] };
    }>(
      '{ taxonomyTrialReport { differing complete classes { class examples } } decisions(first: 50, filter: { taxonomyDiffers: true }) { edges { node { id } } } }',
      {},
    );
    expect(taxonomyTrialReport).toMatchObject({ complete: true, classes: [{ class: 'INTERNAL' }] });
    expect(taxonomyTrialReport.differing).toBeGreaterThan(0);
    expect(taxonomyTrialReport.classes[0]?.examples).toContain(compared);
    expect(decisions.edges.map(({ node }) => node.id)).toContain(compared);
    await tenant.client.mutate<Trial>('withdrawTaxonomyTrial', { expectedVersion: trial.version }, shown);
    await eventually(async () => (await recorded()).shadowTaxonomy === null, 5_000);
  }, 60_000);
});

describe('F9: Postgres killed under load', () => {
  it('answers 503 ledger-unavailable within a second, sends nothing, and serves again within five seconds of its return', async () => {
    const { port, folder: data } = stack.postgres;
    const load = startLoad();
    try {
      await eventually(async () => Promise.resolve(load.answered() > 100), 20_000);
      await stack.postgres.kill('SIGKILL');
      const killedAt = performance.now();
      await eventually(async () => Promise.resolve(load.refusedSince(killedAt).length > 100), 20_000);
      const sentBefore = (await arrived()).length;
      await eventually(async () => Promise.resolve(load.refusedSince(killedAt).length > 200), 20_000);
      expect((await arrived()).length).toBe(sentBefore);
      const during = load.refusedSince(killedAt);
      expect(new Set(during.map(({ status, code }) => `${String(status)} ${String(code)}`))).toEqual(
        new Set(['503 ledger-unavailable']),
      );
      // A second at the gateway; the rest is this machine's, which runs the callers and every process of the stack too.
      expect(during.filter(({ ms }) => ms > 3_000)).toEqual([]);
      restarted = await startPostgres({ dataDir: data, log: () => undefined, port });
      const backAt = performance.now();
      await eventually(async () => Promise.resolve(load.answeredSince(backAt) > 0), 5_000);
    } finally {
      await load.stop();
    }
  }, 90_000);
});

interface Refused {
  readonly status: unknown;
  readonly code: unknown;
  readonly atMs: number;
  readonly ms: number;
}

/** Eight callers who ask again and again, each on connections of its own, until they are told to stop. */
function startLoad(): {
  answered(): number;
  answeredSince(ms: number): number;
  refusedSince(ms: number): readonly Refused[];
  stop(): Promise<void>;
} {
  const answers: number[] = [];
  const refusals: Refused[] = [];
  const stopped = new AbortController();
  const caller = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const from = performance.now();
      try {
        await chat(nora, 'Hello');
        answers.push(performance.now());
      } catch (error) {
        // A connection that the kill cut in the middle of an answer has no status: it got no answer.
        if (!(error instanceof APIError)) throw error;
        refusals.push({ status: error.status as unknown, code: error.code, atMs: from, ms: performance.now() - from });
      }
    }
  };
  const callers = Array.from({ length: 8 }, caller);
  return {
    answered: () => answers.length,
    answeredSince: (ms) => answers.filter((at) => at > ms).length,
    refusedSince: (ms) => refusals.filter(({ atMs }) => atMs > ms),
    async stop() {
      stopped.abort();
      await Promise.all(callers);
    },
  };
}

const openPolicy = `apiVersion: policy/v1
name: open
classes: [PII]
rules:
  - id: staff
    effect: permit
    when: subject.kind == "human"
    reason: Staff may chat.
`;

/** Tries until it is so; a refusal is "not yet". */
async function eventually(check: () => Promise<boolean>, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  for (;;) {
    const done = await check().catch((error: unknown) => {
      if (error instanceof APIError) return false;
      throw error;
    });
    if (done) return;
    if (performance.now() > until) throw new Error(`it was not so within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
