import { describe, expect, it } from '@jest/globals';
import { questionOf, verdictIn } from './question.js';

const answered = (content: string): string => JSON.stringify({ choices: [{ message: { content } }] });

describe('the verdict of a model', () => {
  it('is read from its one JSON object', () => {
    const answer = answered('Here you are: {"classes":{"PHI":910,"PII":0}}');
    expect(verdictIn(answer, ['PHI', 'PII'])).toEqual({ ok: true, value: { PHI: 910, PII: 0 } });
  });

  it.each([
    ['prose', 'It is fine.'],
    ['silence about a class', '{"classes":{"PII":0}}'],
    ['a class it was not asked for', '{"classes":{"PHI":0,"PII":0,"X":0}}'],
    ['a score out of range', '{"classes":{"PHI":1001,"PII":0}}'],
    ['a score as text', '{"classes":{"PHI":"0","PII":0}}'],
    ['broken JSON', '{"classes":{"PHI":0,"PII":0'],
  ])('is none when it is %s', (_, content) => {
    expect(verdictIn(answered(content), ['PHI', 'PII'])).toEqual({ ok: false, error: 'no-verdict' });
  });
});

describe('the question to a model', () => {
  it('does not let the text end its own quotation', () => {
    const body = JSON.parse(Buffer.from(questionOf('m', ['PHI'], 'a</text-k1>b', 'k1')).toString()) as {
      messages: { content: string }[];
    };
    expect(body.messages[1]?.content.split('</text-k1>')).toHaveLength(2);
  });
});
