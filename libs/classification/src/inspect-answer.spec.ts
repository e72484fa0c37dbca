import { describe, expect, it } from '@jest/globals';
import { type AnswerEvent, noObligations, type Obligations } from '@writ/domain';
import { classify } from './classify.js';
import { type ClearedPrompt, fulfil } from './fulfil.js';
import { scan } from './engine.js';
import { inspectAnswer, inspectLongAnswer, type LongInspectOptions } from './inspect-answer.js';
import { bundleOf } from './taxonomy/taxonomy.js';
import { anAsk, aTaxonomy, key, options, redacting } from './testing/samples.js';

function cleared(texts: readonly string[]): ClearedPrompt {
  const ask = anAsk(texts);
  const done = fulfil(redacting('token', 'PII'), ask, classify(ask.leaves, aTaxonomy(), options()), key);
  if (!done.ok) throw new Error(done.error.message);
  return done.value;
}

function answering(response: Partial<Obligations['response']>): Obligations {
  return { ...noObligations, response: { ...noObligations.response, ...response } };
}

const maskPii = answering({ redactions: [{ class: 'PII', style: 'mask', by: ['rule'] }] });

function delta(text: string, choice = 0): AnswerEvent {
  return { parts: [{ kind: 'text', choice, text }], terminal: false };
}

function call(fragment: string): AnswerEvent {
  return { parts: [{ kind: 'tool-call', choice: 0, index: 0, arguments: fragment }], terminal: false };
}

const finish: AnswerEvent = { parts: [{ kind: 'finish', choice: 0, reason: 'stop' }], terminal: false };

function textOf(events: readonly AnswerEvent[]): string {
  return events
    .flatMap((event) => event.parts)
    .map((part) => (part.kind === 'text' ? part.text : part.kind === 'tool-call' ? part.arguments : ''))
    .join('');
}

describe('inspectAnswer', () => {
  it('redacts a value that is cut over events, at every cut', () => {
    const text = 'Write to bob@acme.com or call +1 415-555-2671 today, please.';
    for (let cut = 1; cut < text.length; cut += 1) {
      const inspector = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), options());
      const events = [delta(text.slice(0, cut)), delta(text.slice(cut)), finish].flatMap(
        (event) => inspector.push(event).events,
      );
      expect(textOf(events)).toBe('Write to [EMAIL] or call [PHONE] today, please.');
    }
  });

  it('reads events that are pushed together in one look, and leaves unchanged words in their own events', () => {
    let looks = 0;
    const counted = options(() => {
      looks += 1;
      return false;
    });
    const one = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), counted);
    const words = ['we ', 'know ', 'nothing ', 'of ', 'it '];
    const { events } = one.push(...words.map((word) => delta(word)), finish);
    expect(events.map((event) => textOf([event]))).toEqual([...words, '']);
    const inOneLook = looks;
    looks = 0;
    const each = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), counted);
    for (const word of words) each.push(delta(word));
    each.push(finish);
    expect(inOneLook).toBeLessThan(looks);
  });

  it('redacts a value that is cut over events that are pushed together, at every cut', () => {
    const text = 'Write to bob@acme.com or call +1 415-555-2671 today, please.';
    for (let cut = 1; cut < text.length; cut += 1) {
      const inspector = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), options());
      const { events } = inspector.push(delta(text.slice(0, cut)), delta(text.slice(cut)), finish);
      expect(textOf(events)).toBe('Write to [EMAIL] or call [PHONE] today, please.');
      expect(events.map((event) => event.parts.length)).toEqual([1, 1, 1]);
    }
  });

  it('releases what it held before the finish part', () => {
    const inspector = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), options());
    inspector.push(delta('the last wo'));
    inspector.push(delta('rd'));
    const { events } = inspector.push(finish);
    expect(events.map((event) => event.parts.map((part) => part.kind))).toEqual([['text'], ['finish']]);
    expect(textOf(events)).toBe('word');
  });

  it('answers a buffered event whole and in place', () => {
    const inspector = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), options());
    const { events } = inspector.push({
      parts: [
        { kind: 'text', choice: 0, text: 'mail bob@acme.com', at: { start: 3, end: 22 } },
        { kind: 'finish', choice: 0, reason: 'stop' },
      ],
      terminal: true,
    });
    expect(events).toHaveLength(1);
    expect(events[0]!.parts[0]).toEqual({ kind: 'text', choice: 0, text: 'mail [EMAIL]', at: { start: 3, end: 22 } });
  });

  it('restores the tokens of this conversation in text and in tool arguments, at every cut', () => {
    const prompt = cleared(['mail "bob@acme.com" now']);
    const [token] = [...prompt.restorations.keys()];
    const said = `I wrote to ${token} as asked.`;
    const args = `{"to":"${token}"}`;
    for (let cut = 1; cut < said.length; cut += 1) {
      const inspector = inspectAnswer(noObligations, prompt, aTaxonomy(), options());
      const events = [delta(said.slice(0, cut)), delta(said.slice(cut)), finish].flatMap(
        (event) => inspector.push(event).events,
      );
      expect(textOf(events)).toBe('I wrote to bob@acme.com as asked.');
    }
    for (let cut = 1; cut < args.length; cut += 1) {
      const inspector = inspectAnswer(noObligations, prompt, aTaxonomy(), options());
      const events = [call(args.slice(0, cut)), call(args.slice(cut)), finish].flatMap(
        (event) => inspector.push(event).events,
      );
      expect(textOf(events)).toBe('{"to":"bob@acme.com"}');
    }
  });

  it('leaves a token alone that this conversation did not issue', () => {
    const inspector = inspectAnswer(noObligations, cleared(['mail bob@acme.com']), aTaxonomy(), options());
    const events = [delta('see <<EMAIL_ffffff>> there'), finish].flatMap((event) => inspector.push(event).events);
    expect(textOf(events)).toBe('see <<EMAIL_ffffff>> there');
  });

  it('withholds the answer when a blocked class is found, and everything after it', () => {
    const inspector = inspectAnswer(answering({ block: ['SECRET'] }), cleared(['hi']), aTaxonomy(), options());
    expect(inspector.push(delta('the key is ')).withheld).toBeUndefined();
    const hit = inspector.push(delta('AKIAIOSFODNN7ABCDEFG and more '));
    expect(hit).toEqual({ events: [], withheld: 'SECRET' });
    expect(inspector.push(delta('more'))).toEqual({ events: [], withheld: 'SECRET' });
    expect(inspector.flush(true)).toEqual({ events: [], withheld: 'SECRET' });
  });

  it('withholds a guarded answer that it could not classify', () => {
    const inspector = inspectAnswer(
      maskPii,
      cleared(['hi']),
      aTaxonomy(),
      options(() => true),
    );
    expect(inspector.push({ ...delta('mail bob@acme.com '), terminal: true }).withheld).toBe(
      'classification-incomplete',
    );
  });

  it('holds nothing back when nothing is to be done, and still tells what it found', () => {
    const ask = anAsk(['hi']);
    const prompt = fulfil(noObligations, ask, classify(ask.leaves, aTaxonomy(), options()), key);
    if (!prompt.ok) throw new Error(prompt.error.message);
    const inspector = inspectAnswer(noObligations, prompt.value, aTaxonomy(), options());
    expect(textOf(inspector.push(delta('mail bob@ac')).events)).toBe('mail bob@ac');
    expect(textOf(inspector.push(delta('me.com')).events)).toBe('me.com');
    inspector.push(finish);
    expect(inspector.summary().classification.classes).toEqual({ PII: 950 });
    expect(inspector.summary().text).toBe('mail bob@acme.com');
  });

  it('restores tokens that the model has bent', () => {
    const prompt = cleared(['mail bob@acme.com now']);
    const token = [...prompt.restorations.keys()][0]!;
    const bent = [token.toLowerCase(), token.replaceAll(/[<>]/g, ''), token.replace('<<', '<< ').replace('>>', ' >>')];
    bent.push(token.replaceAll('<', '&lt;').replaceAll('>', '&gt;'), '<<EMAIL>>', encodeURIComponent(token));
    for (const said of bent) {
      const inspector = inspectAnswer(noObligations, prompt, aTaxonomy(), options());
      const events = [delta(`to ${said} it went`), finish].flatMap((event) => inspector.push(event).events);
      expect(textOf(events)).toBe('to bob@acme.com it went');
    }
  });

  it('lets a long event of finished words pass whole, and masks only what is unfinished beyond the bound', () => {
    const words = 'word '.repeat(4_000);
    const long = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), options());
    expect(
      textOf([words, 'end.'].flatMap((text) => long.push(delta(text)).events).concat(long.flush(true).events)),
    ).toBe(`${words}end.`);
    const endless = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), options());
    const said = textOf(endless.push(delta(`${words}${'x'.repeat(9_000)}`)).events);
    expect(said).toBe(`${words}[UNBOUNDED]`);
  });

  it('keeps the choices apart', () => {
    const inspector = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), options());
    const events = [delta('bob@ac', 0), delta('x ', 1), delta('me.com ', 0)].flatMap(
      (event) => inspector.push(event).events,
    );
    const said = events.flatMap((event) => event.parts).filter((part) => part.kind === 'text' && part.choice === 0);
    expect(said.map((part) => (part.kind === 'text' ? part.text : '')).join('')).toBe('[EMAIL] ');
  });

  it('tells what it found and what it let go', () => {
    const inspector = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), options());
    inspector.push({ ...delta('mail bob@acme.com'), terminal: true });
    const summary = inspector.summary();
    expect(summary.redactions).toBe(1);
    expect(summary.text).toBe('mail [EMAIL]');
    expect(summary.classification.classes).toEqual({ PII: 950 });
  });
});

describe('an answer whose time is spent', () => {
  const spent = { ...options(() => true) };

  it('is withheld where something had to be redacted or blocked', () => {
    for (const guarded of [maskPii, answering({ block: ['SECRET'] })]) {
      const inspector = inspectAnswer(guarded, cleared(['hi']), aTaxonomy(), spent);
      expect(inspector.push(delta('a sentence that nobody read. '))).toEqual({
        events: [],
        withheld: 'classification-incomplete',
      });
      expect(inspector.push(finish).withheld).toBe('classification-incomplete');
      expect(inspector.summary().classification.incompleteBecause).toEqual(['budget:time']);
    }
  });

  it('is recorded as incomplete where nothing had to be looked for', () => {
    const ask = anAsk(['hi']);
    const plain = fulfil(noObligations, ask, classify(ask.leaves, aTaxonomy(), options()), key);
    if (!plain.ok) throw new Error(plain.error.message);
    const inspector = inspectAnswer(noObligations, plain.value, aTaxonomy(), spent);
    const passed = [inspector.push(delta('a sentence that nobody read. ')), inspector.push(finish)];
    expect(textOf(passed.flatMap((each) => each.events))).toBe('a sentence that nobody read. ');
    expect(inspector.summary().classification.complete).toBe(false);
  });

  it('is told when reading begins and ends, at every event', () => {
    const told: string[] = [];
    const reading = { begin: () => told.push('begin'), end: () => told.push('end') };
    const inspector = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), { ...options(), reading });
    inspector.push(delta('one '));
    inspector.flush(true);
    expect(told).toEqual(['begin', 'end', 'begin', 'end']);
  });
});

describe('inspectLongAnswer', () => {
  const bundle = bundleOf(aTaxonomy());
  /** Reads elsewhere what is longer than 100 characters, and notes what it was given. */
  function reading(read: string[], more: Partial<LongInspectOptions> = {}): LongInspectOptions {
    return {
      ...options(),
      inlineCharacters: 100,
      elsewhere: async (text) => {
        read.push(text);
        return { ok: true, value: scan(text, { role: 'assistant', bundle, expired: () => false }) };
      },
      ...more,
    };
  }
  const long = `${'We know nothing of it. '.repeat(20)}Write to bob@acme.com or call +1 415-555-2671 today. `;

  it('reads long words elsewhere and short ones here, and what leaves is the same in the same order', async () => {
    const events = [delta(long), delta('Ask amy@acme.com. '), delta(long), finish];
    const here = inspectAnswer(maskPii, cleared(['hi']), aTaxonomy(), options());
    const read: string[] = [];
    let looks = 0;
    const counted = reading(read, {
      expired: () => {
        looks += 1;
        return false;
      },
    });
    const there = inspectLongAnswer(maskPii, cleared(['hi']), aTaxonomy(), counted);
    for (const event of events) expect(await there.push(event)).toEqual(here.push(event));
    expect(await there.flush(true)).toEqual(here.flush(true));
    expect(there.summary()).toEqual(here.summary());
    expect(read.length).toBeGreaterThan(1);
    expect(read.every((text) => text.length > 100)).toBe(true);
    expect(looks).toBeGreaterThan(0);
  });

  it('is not waited for where nothing is long', () => {
    const read: string[] = [];
    const inspector = inspectLongAnswer(maskPii, cleared(['hi']), aTaxonomy(), reading(read));
    expect(inspector.push(delta('Ask amy@acme.com. '), finish)).toMatchObject({ events: [{}, {}] });
    expect(read).toEqual([]);
  });

  it.each([
    ['could not be read', async () => ({ ok: false, error: 'budget:time' }) as const, 'budget:time'],
    ['made the reader throw', () => Promise.reject(new Error('a bug')), 'detector:failed'],
  ] as const)('withholds an answer that %s where something was to be redacted', async (_, elsewhere, because) => {
    const inspector = inspectLongAnswer(maskPii, cleared(['hi']), aTaxonomy(), reading([], { elsewhere }));
    expect(await inspector.push(delta(long), finish)).toEqual({ events: [], withheld: 'classification-incomplete' });
    expect(inspector.summary().classification).toMatchObject({ complete: false, incompleteBecause: [because] });
    const only = inspectLongAnswer(answering({}), cleared(['hi']), aTaxonomy(), reading([], { elsewhere }));
    expect(textOf((await only.push(delta(long), finish)).events)).toBe(long);
    expect(only.summary().classification.incompleteBecause).toEqual([because]);
  });

  it('asks nobody once its time is spent', async () => {
    const read: string[] = [];
    const spent = reading(read, { expired: () => true });
    const inspector = inspectLongAnswer(maskPii, cleared(['hi']), aTaxonomy(), spent);
    expect((await inspector.push(delta(long), finish)).withheld).toBe('classification-incomplete');
    expect(read).toEqual([]);
  });

  it('lets no time run while it waits for a thread', async () => {
    const told: string[] = [];
    const inspector = inspectLongAnswer(
      maskPii,
      cleared(['hi']),
      aTaxonomy(),
      reading([], {
        reading: { begin: () => told.push('begin'), end: () => told.push('end') },
        elsewhere: (text) => {
          told.push('elsewhere');
          return reading([]).elsewhere(text);
        },
      }),
    );
    await inspector.push(delta(long), finish);
    expect(told.slice(0, 4)).toEqual(['begin', 'end', 'elsewhere', 'begin']);
    expect(told.at(-1)).toBe('end');
  });
});
