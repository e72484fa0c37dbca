import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { aTaxonomy, classified } from '../testing/samples.js';
import { maskStream } from './mask-stream.js';

function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % limit;
  };
}

function masked(text: string): string {
  let out = '';
  let from = 0;
  for (const each of classified(text, 'assistant').findings) {
    if (each.start < from) continue;
    out += `${text.slice(from, each.start)}[${each.type}]`;
    from = each.end;
  }
  return out + text.slice(from);
}

const specimens = readFileSync(new URL('../../golden/identifiers.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.includes('\t'))
  .map((line) =>
    line
      .slice(line.indexOf('\t') + 1)
      .replace('[', '')
      .replace(']', ''),
  );

const prose = [
  'See https://example.com/a/b?c=d for the details, then write back.',
  'The quick brown fox jumps over the lazy dog while it rains.',
  'Please write to Maria Garcia at maria.garcia@example.org or call +44 20 7946 0958 before noon.',
  'The key is AKIAIOSFODNN7ABCDEFG and nothing else.',
  'Use the card 4111 1111 1111 1111 for tests only.',
  'He lives at 742 Evergreen Terrace, Springfield, IL 62701 with his wife.',
];

describe('a masking stream', () => {
  it('releases the same text whatever the cuts', () => {
    const pick = random(11);
    const wrong: string[] = [];
    for (let round = 0; round < 120; round += 1) {
      const parts = [prose[pick(prose.length)]!, specimens[pick(specimens.length)]!, prose[pick(prose.length)]!];
      const text = parts.join(pick(2) === 0 ? ' ' : '\n');
      const stream = maskStream(aTaxonomy(), 'assistant');
      let out = '';
      for (let at = 0; at < text.length;) {
        const size = 1 + pick(pick(4) === 0 ? 40 : 6);
        out += stream.push(text.slice(at, at + size));
        at += size;
      }
      out += stream.end();
      if (out !== masked(text)) wrong.push(`${out}\n  <> ${masked(text)}`);
    }
    expect(wrong).toEqual([]);
  });

  it('lets prose go at the end of a word', () => {
    const stream = maskStream(aTaxonomy(), 'assistant');
    expect(stream.push('this is plain prose that goes on and o')).toBe('this is plain prose that goes on and ');
  });

  it('never releases the head of something that outgrows the bound', () => {
    const stream = maskStream(aTaxonomy(), 'assistant');
    const secret = `-----BEGIN RSA PRIVATE KEY-----${'A'.repeat(20_000)}`;
    let out = '';
    for (let at = 0; at < secret.length; at += 100) out += stream.push(secret.slice(at, at + 100));
    out += stream.push(' done') + stream.end();
    expect(out).not.toContain('AAAA');
    expect(out).toContain('done');
  });
});

function streamed(...chunks: readonly string[]): string {
  const stream = maskStream(aTaxonomy(), 'assistant');
  return chunks.map((chunk) => stream.push(chunk)).join('') + stream.end();
}

/** Days in clear and days masked, as the same sign. */
function undated(text: string): string {
  return text.replaceAll(/\[DATE\]|\[AGE\]|2024-03-0[56]/g, '#');
}

describe('days, ages and organisations in a stream (decision 0221)', () => {
  const before = 'On 2024-03-05 John Smith wrote to us about the invoice. ';
  const after = 'The patient was admitted with pneumonia on 2024-03-06 and went home.';

  it('are masked from the word of care on, and what left before it is not recalled', () => {
    const out = streamed(before, after);
    expect(out).toContain('2024-03-05');
    expect(out).not.toContain('2024-03-06');
    expect(masked(before + after)).not.toContain('2024-03-05');
  });

  it('are masked at once when the word of care came first', () => {
    expect(streamed(after, ' ', before)).not.toMatch(/2024-03-0[56]/);
  });

  it('are all that a stream may let go and the whole text masks; names, numbers and keys never', () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const next = random(seed);
      const text = Array.from({ length: 8 }, () =>
        next(3) === 0 ? after : next(2) === 0 ? before : prose[next(5)]!,
      ).join(' ');
      const stream = maskStream(aTaxonomy(), 'assistant');
      let out = '';
      for (let at = 0; at < text.length;) {
        const size = 1 + next(24);
        out += stream.push(text.slice(at, at + size));
        at += size;
      }
      out += stream.end();
      expect(undated(out)).toBe(undated(masked(text)));
    }
  });
});
