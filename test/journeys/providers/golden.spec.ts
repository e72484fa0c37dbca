import { expect, it } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { AnswerPart, Provider } from '@writ/domain';
import { names, openCrossing, simulator, through, usage } from './crossing.js';
import { type GoldenCase, goldenCases } from './golden-cases.js';

/**
 * The golden matrix: for every vendor and case the exact bytes that reach it, the canonical parts that come back, and the
 * exact bytes that the caller gets. Delete a file and run this test to write it anew: it
 * fails that once, so that the diff is reviewed like code.
 */
openCrossing();

interface Golden {
  readonly sent: { readonly path: string; readonly body: string } | undefined;
  readonly parts: readonly unknown[];
  readonly status: number;
  readonly answered: string;
  /** The class and the detail of what went wrong, as it would be recorded. */
  readonly fault: string | undefined;
}

async function pass(provider: Provider, one: GoldenCase, stream: boolean): Promise<Golden> {
  simulator.forget();
  simulator.clearScripts();
  if (one.answer) simulator.script({ answer: one.answer });
  if (one.fault) simulator.script({ fault: one.fault });
  const passage = through(provider);
  const inPath = one.streamPath !== undefined;
  const path = stream && one.streamPath !== undefined ? one.streamPath : one.path;
  const body = stream && !inPath ? { ...one.body, stream: true } : one.body;
  const response = await fetch(passage.url + path, { method: 'POST', body: JSON.stringify(body) });
  const answered = await response.text();
  const heard = simulator.requests().find(({ vendor }) => vendor !== 'google-tokens');
  return {
    sent: heard && { path: heard.path, body: heard.text },
    parts: passage.last.events.flatMap((event) => event.parts).map(withoutPlace),
    status: response.status,
    answered,
    fault: passage.last.fault && `${passage.last.fault.class}: ${passage.last.fault.detail}`,
  };
}

function withoutPlace(part: AnswerPart): unknown {
  const { at: _at, ...rest } = part as AnswerPart & { at?: unknown };
  return rest;
}

it.each(names)('%s: what it is sent and what comes back is as in its golden file', async (provider) => {
  const matrix: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(goldenCases)) {
    matrix[`${name}, buffered`] = await pass(provider, one, false);
    const billed = usage(provider);
    if (one.bufferedOnly === true) continue;
    matrix[`${name}, streamed`] = await pass(provider, one, true);
    expect({ name, billed: usage(provider) }).toEqual({ name, billed });
  }
  const file = new URL(`../../../journeys/providers/golden/${provider}.golden.json`, import.meta.url);
  const isNew = !existsSync(file);
  if (isNew) writeFileSync(file, `${JSON.stringify(matrix, null, 2)}\n`);
  expect(JSON.parse(JSON.stringify(matrix))).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  expect(isNew).toBe(false);
});
