import { describe, expect, it } from '@jest/globals';
import { type AnswerEvent, noObligations } from '@writ/domain';
import { classify } from './classify.js';
import { fulfil } from './fulfil.js';
import { inspectAnswer } from './inspect-answer.js';
import { anAsk, aTaxonomy, key, options } from './testing/samples.js';

const taxonomy = aTaxonomy();

function inspecting(): ReturnType<typeof inspectAnswer> {
  const ask = anAsk(['hi']);
  const done = fulfil(noObligations, ask, classify(ask.leaves, taxonomy, options()), key);
  if (!done.ok) throw new Error(done.error.message);
  return inspectAnswer(noObligations, done.value, taxonomy, options());
}

function delta(kind: 'text' | 'reasoning', text: string): AnswerEvent {
  return { parts: [{ kind, choice: 0, text }], terminal: false };
}

const finish: AnswerEvent = { parts: [{ kind: 'finish', choice: 0, reason: 'stop' }], terminal: false };

describe('an answer in which nothing is redacted, blocked or restored', () => {
  const words = Array.from({ length: 400 }, (_, at) => (at % 97 === 5 ? 'mail bob@acme.com now ' : `word${at % 7} `));

  it('leaves at once, and holds what it holds as a whole, though it is read in long pieces', () => {
    const [whole, inPieces] = [inspecting(), inspecting()];
    whole.push(delta('text', words.join('')), finish);
    for (const word of words) expect(inPieces.push(delta('text', word)).events).toEqual([delta('text', word)]);
    inPieces.push(finish);
    expect(inPieces.summary()).toEqual(whole.summary());
    expect(whole.summary().classification.findings.map(({ type }) => type)).toEqual(
      Array.from({ length: 5 }, () => 'EMAIL'),
    );
  });

  it('is read to its end when it broke off, once', () => {
    const [whole, brokenOff] = [inspecting(), inspecting()];
    whole.push(delta('text', words.join('')), finish);
    for (const word of words) brokenOff.push(delta('text', word));
    expect(brokenOff.summary()).toEqual(whole.summary());
    expect(brokenOff.summary()).toEqual(whole.summary());
  });

  it('is recorded in the order in which its flows left', () => {
    const inspector = inspecting();
    const thought = delta('reasoning', 'I think. ');
    for (const event of [thought, delta('text', 'Well, '), thought, delta('text', 'yes.'), finish])
      inspector.push(event);
    expect(inspector.summary().text).toBe('I think. Well, I think. yes.');
  });
});
