import { describe, expect, it } from '@jest/globals';
import { classify } from './classify.js';
import { fulfil } from './fulfil.js';
import { anAsk, aTaxonomy, key, options, redacting } from './testing/samples.js';

function clear(texts: readonly string[], style: Parameters<typeof redacting>[0], ...classes: readonly string[]) {
  const ask = anAsk(texts);
  return fulfil(redacting(style, ...classes), ask, classify(ask.leaves, aTaxonomy(), options()), key);
}

describe('fulfil', () => {
  it('leaves the bytes of the request alone when nothing is to be redacted', () => {
    const ask = anAsk(['mail bob@acme.com']);
    const done = fulfil(redacting('mask'), ask, classify(ask.leaves, aTaxonomy(), options()), key);
    expect(done.ok && done.value.source).toBe(ask.source);
  });

  it('splices masks into the source as valid JSON whatever must be escaped around them', () => {
    const done = clear(['"quoted"\n\\ mail bob@acme.com \u{1f600}\u0007', 'SSN 123-45-6788'], 'mask', 'PII');
    if (!done.ok) throw new Error(done.error.message);
    const body = JSON.parse(done.value.source) as { messages: { content: string }[] };
    expect(body.messages.map((each) => each.content)).toEqual([
      '"quoted"\n\\ mail [EMAIL] \u{1f600}\u0007',
      'SSN [US_SSN]',
    ]);
    expect(done.value.redactions).toBe(2);
  });

  it('moves every leaf to where its token stands in the new source', () => {
    const done = clear(['mail bob@acme.com', 'nothing', 'SSN 123-45-6788'], 'mask', 'PII');
    if (!done.ok) throw new Error(done.error.message);
    for (const leaf of done.value.leaves)
      expect(JSON.parse(done.value.source.slice(leaf.start, leaf.end))).toBe(leaf.text);
  });

  it('gives one value one token over the whole conversation', () => {
    const done = clear(['mail bob@acme.com', 'again: bob@acme.com or eve@acme.com'], 'token', 'PII');
    if (!done.ok) throw new Error(done.error.message);
    const tokens = done.value.source.match(/<<EMAIL_[0-9a-f]{6}>>/g)!;
    expect(tokens).toHaveLength(3);
    expect(tokens[0]).toBe(tokens[1]);
    expect(tokens[2]).not.toBe(tokens[0]);
    expect(done.value.restorations.get(tokens[0])).toBe('bob@acme.com');
  });

  it('keeps tool arguments valid JSON when a number is redacted', () => {
    const done = clear(['{"ssn": 123456788, "who": "bob@acme.com"}'], 'mask', 'PII');
    if (!done.ok) throw new Error(done.error.message);
    expect(JSON.parse(done.value.leaves[0]!.text)).toEqual({ ssn: '[US_SSN]', who: '[EMAIL]' });
  });

  it('refuses when a class to redact stands in a leaf that may not be rewritten', () => {
    const asked = anAsk(['mail bob@acme.com']);
    const ask = { ...asked, leaves: asked.leaves.map((leaf) => ({ ...leaf, fixed: true })) };
    const done = fulfil(redacting('mask', 'PII'), ask, classify(ask.leaves, aTaxonomy(), options()), key);
    expect(!done.ok && done.error.detail).toBe('redaction-impossible');
  });

  it('refuses when a class to redact was found without a span', () => {
    const ask = anAsk(['hello']);
    const found = { ...classify(ask.leaves, aTaxonomy(), options()), classes: { PII: 900 } };
    expect(fulfil(redacting('mask', 'PII'), ask, found, key).ok).toBe(false);
  });

  it('refuses when two leaves share a path, because a finding could mean either', () => {
    const asked = anAsk(['mail bob@acme.com', 'mail eve@acme.com']);
    const ask = { ...asked, leaves: asked.leaves.map((leaf) => ({ ...leaf, path: '/same' })) };
    expect(fulfil(redacting('mask', 'PII'), ask, classify(ask.leaves, aTaxonomy(), options()), key).ok).toBe(false);
  });
});
