import { describe, expect, it } from '@jest/globals';
import { type AnswerEvent, noObligations } from '@writ/domain';
import { classify } from './classify.js';
import { type ClearedPrompt, fulfil } from './fulfil.js';
import { inspectAnswer } from './inspect-answer.js';
import { anAsk, aTaxonomy, key, options, redacting } from './testing/samples.js';

const pieces = [
  'Write to Maria Garcia at maria.garcia@example.org before noon.',
  'Her card 4111 1111 1111 1111 was charged twice.',
  'Call +44 20 7946 0958 or bob "the builder" <bob@acme.com>.',
  'He lives at 742 Evergreen Terrace, Springfield, IL 62701 with his wife.',
  'IBAN DE89 3704 0044 0532 0130 00 belongs to Hans Müller.',
  'Nothing to see here, move along.',
];

function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
}

function tokenised(text: string): { readonly prompt: ClearedPrompt; readonly sent: string } {
  const ask = anAsk([text]);
  const done = fulfil(redacting('token', 'PII', 'PCI'), ask, classify(ask.leaves, aTaxonomy(), options()), key);
  if (!done.ok) throw new Error(done.error.message);
  return { prompt: done.value, sent: done.value.leaves[0]!.text };
}

/** The echo of what the model saw, cut anywhere, as text or as a tool's arguments; what the caller gets of it. */
function echoed(prompt: ClearedPrompt, sent: string, tool: boolean, pick: (limit: number) => number): string {
  const inspector = inspectAnswer(noObligations, prompt, aTaxonomy(), options());
  const events: AnswerEvent[] = [];
  for (let at = 0; at < sent.length;) {
    const size = 1 + pick(pick(3) === 0 ? 30 : 5);
    const part = sent.slice(at, at + size);
    events.push({
      parts: [
        tool ? { kind: 'tool-call', choice: 0, index: 0, arguments: part } : { kind: 'text', choice: 0, text: part },
      ],
      terminal: false,
    });
    at += size;
  }
  events.push({ parts: [{ kind: 'finish', choice: 0, reason: 'stop' }], terminal: false });
  return events
    .flatMap((event) => inspector.push(event).events)
    .flatMap((event) => event.parts)
    .map((part) => (part.kind === 'text' ? part.text : part.kind === 'tool-call' ? part.arguments : ''))
    .join('');
}

describe('reversal', () => {
  it('gives back every byte of a text that the model echoes, whatever the cuts', () => {
    const pick = random(3);
    for (let round = 0; round < 80; round += 1) {
      const text = `${pieces[pick(6)]!} ${pieces[pick(6)]!} ${pieces[pick(6)]!}`;
      const { prompt, sent } = tokenised(text);
      expect(sent).not.toMatch(/garcia|4111|acme\.com|DE89/);
      expect(echoed(prompt, sent, false, pick)).toBe(text);
    }
  });

  it("gives back every byte in a tool's arguments, escaped as JSON demands", () => {
    const pick = random(4);
    for (let round = 0; round < 60; round += 1) {
      const text = `${pieces[pick(6)]!} ${pieces[pick(6)]!}`;
      const { prompt, sent } = tokenised(text);
      const restored = echoed(prompt, JSON.stringify({ note: sent }), true, pick);
      expect(JSON.parse(restored)).toEqual({ note: text });
    }
  });

  it.each([
    ['in small letters', (token: string) => token.toLowerCase()],
    ['with blanks inside', (token: string) => token.replace('<<', '<< ').replace('>>', ' >>')],
    ['with single brackets', (token: string) => token.replace('<<', '<').replace('>>', '>')],
    ['without brackets', (token: string) => token.slice(2, -2)],
    ['escaped for a page', (token: string) => token.replace('<<', '&lt;&lt;').replace('>>', '&gt;&gt;')],
    ['escaped for an address', (token: string) => token.replace('<<', '%3C%3C').replace('>>', '%3E%3E')],
  ])('restores a token that the model writes %s', (_, mutate) => {
    const pick = random(5);
    for (const text of pieces.filter((piece) => !piece.includes('<'))) {
      const { prompt, sent } = tokenised(text);
      const mutated = sent.replaceAll(/<<[A-Z_]+_[0-9a-f]+>>/g, mutate);
      expect(echoed(prompt, mutated, false, pick)).toBe(text);
    }
  });

  it('leaves a token that the model invents alone', () => {
    const { prompt } = tokenised(pieces[0]!);
    expect(echoed(prompt, 'see <<EMAIL_abcdef>> there', false, random(6))).toBe('see <<EMAIL_abcdef>> there');
  });
});
