import type { DemoRequest } from './requests.js';
import type { TenantClient } from './tenant-client.js';

/** The inline pass sees an address; only a model that reads the text sees that it speaks of an illness. */
export const reviewedRequests: readonly DemoRequest[] = [
  {
    title: 'a review that follows: admitted now, a model looks deeper',
    person: 'anton',
    conversation: 'case-17',
    prompt: 'Tell maria.lopez@example.org that the second relapse means we must talk on Friday.',
    expect: { status: 200, effect: 'redact' },
  },
  {
    title: 'the next request of that conversation, with the verdict',
    person: 'anton',
    conversation: 'case-17',
    prompt: 'Make it shorter.',
    expect: { status: 403, effect: 'deny' },
  },
];

/** The states that the newest review went through until it was `last`; at most `looks` looks. */
export async function reviewStates(client: TenantClient, last: string, looks = 100): Promise<readonly string[]> {
  const seen: string[] = [];
  for (let look = 0; look < looks && seen.at(-1) !== last; look += 1) {
    const { reviews } = await client.run<{ reviews: { edges: readonly { node: { state: string } }[] } }>(
      '{ reviews(first: 1) { edges { node { state } } } }',
    );
    const state = reviews.edges[0]?.node.state;
    if (state !== undefined && state !== seen.at(-1)) seen.push(state);
    if (state !== last) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return seen;
}
