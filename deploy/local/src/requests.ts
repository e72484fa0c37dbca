import OpenAI, { APIError } from 'openai';
import { accessToken, mintToken } from './onboard.js';
import type { Stack } from './stack.js';
import type { TenantClient } from './tenant-client.js';

/** One request of the demo, and what is to be seen in it. */
export interface DemoRequest {
  readonly title: string;
  readonly person: string;
  readonly prompt: string;
  readonly stream?: boolean;
  readonly expired?: boolean;
  readonly conversation?: string;
  readonly expect: { readonly status: number; readonly effect?: string; readonly endpoint?: string };
}

export const demoRequests: readonly DemoRequest[] = [
  {
    title: 'a permit',
    person: 'nora',
    prompt: 'Which vaccines are recommended before a long journey?',
    expect: { status: 200, effect: 'permit', endpoint: 'general-us' },
  },
  {
    title: 'a redact: PII becomes tokens',
    person: 'anton',
    prompt: 'Draft a reply to maria.lopez@example.org about her invoice.',
    expect: { status: 200, effect: 'redact', endpoint: 'general-us' },
  },
  {
    title: 'a deny: credentials never leave',
    person: 'anton',
    prompt: 'Why does this key fail? AKIAQ3EGVWLZ7JTBN4XM',
    expect: { status: 403, effect: 'deny' },
  },
  {
    title: 'PHI: only the endpoint under a BAA, although the alias prefers another',
    person: 'nora',
    prompt:
      'Patient Maria Lopez, MRN 4711-0815, was diagnosed with type 2 diabetes in March. Summarise for the discharge letter.',
    expect: { status: 200, effect: 'permit', endpoint: 'covered-eu' },
  },
  {
    title: 'a streamed answer',
    person: 'nora',
    prompt: 'Explain in two sentences what a vaccine does.',
    stream: true,
    expect: { status: 200, effect: 'permit' },
  },
  { title: 'an expired token', person: 'nora', prompt: 'Hello', expired: true, expect: { status: 401 } },
];

/** What one request showed, read from the answer's headers and body. */
export interface DemoResult {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** Sends one request with the published SDK, as any application would: base URL and access token, nothing else. */
export async function send(stack: Stack, request: DemoRequest): Promise<DemoResult> {
  const apiKey = request.expired
    ? await mintToken(stack, { person: request.person, audience: stack.audiences.gateway, lifetimeSeconds: -60 })
    : await accessToken(stack, request.person, stack.audiences.gateway);
  const defaultHeaders = request.conversation === undefined ? {} : { 'x-writ-conversation': request.conversation };
  const client = new OpenAI({ baseURL: `${stack.urls.gateway}/v1`, apiKey, maxRetries: 0, defaultHeaders });
  const messages = [{ role: 'user' as const, content: request.prompt }];
  try {
    if (request.stream) {
      const { data, response } = await client.chat.completions
        .create({ model: 'fast', messages, stream: true })
        .withResponse();
      let text = '';
      for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? '';
      return { status: response.status, text, headers: response.headers };
    }
    const { data, response } = await client.chat.completions.create({ model: 'fast', messages }).withResponse();
    return { status: response.status, text: data.choices[0]?.message.content ?? '', headers: response.headers };
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    return {
      status: statusOf(error),
      text: `${String(error.code)}: ${error.message}`,
      headers: headersOf(error),
    };
  }
}

/** The SDK's error leaves both open, because a connection may fail before there are any. */
function statusOf(error: { readonly status?: unknown }): number {
  return typeof error.status === 'number' ? error.status : 0;
}

function headersOf(error: { readonly headers?: unknown }): Headers {
  return error.headers instanceof Headers ? error.headers : new Headers();
}

interface RecordedDecision {
  readonly effect: string;
  readonly matched: readonly string[];
  readonly classes: readonly string[];
  readonly authorizedEndpoints: readonly string[];
  readonly result: string | null;
  readonly records: readonly { readonly kind: string; readonly index: number | null; readonly leaf: string }[];
}

const decisionQuery = `query Decision($id: ID!) { decision(id: $id) {
  effect matched classes authorizedEndpoints result records { kind index leaf } } }`;

/** Reads the decision back through the API until every record of it stands in the tree; at most `attempts` times. */
export async function recordedDecision(
  client: TenantClient,
  id: string,
  attempts = 50,
): Promise<RecordedDecision | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { decision } = await client.run<{ decision: RecordedDecision | null }>(decisionQuery, { id });
    if (decision && decision.records.length > 0 && decision.records.every((record) => record.index !== null))
      return decision;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}

/** The verified identity as the signed record shows it: kind, issuer, method and roles in clear, the name committed to. */
export function identityOf(leaf: string): string {
  const payload = JSON.parse(Buffer.from(leaf.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
    readonly subject?: {
      readonly kind?: string;
      readonly issuer?: string;
      readonly method?: string;
      readonly roles?: readonly string[];
    };
  };
  const { kind, issuer, method, roles } = payload.subject ?? {};
  return `${kind ?? '?'} with roles ${(roles ?? []).join(', ') || 'none'}, by ${method ?? '?'} of ${issuer ?? '?'}`;
}

/** Milliseconds that the gateway added: every phase but the upstream. */
export function addedMilliseconds(headers: Headers): string {
  let added = 0;
  for (const [, name, ms] of (headers.get('server-timing') ?? '').matchAll(/([a-z]+);dur=([0-9.]+)/g)) {
    if (name !== 'upstream' && name !== 'total') added += Number(ms);
  }
  return added.toFixed(1);
}
