import { describe, expect, it } from '@jest/globals';
import { candidateProblem, strategiesIn } from './catalogue-rules.js';

describe('the strategies of an alias', () => {
  it('are one word, or several in the order in which they decide', () => {
    expect(strategiesIn('ordered')).toEqual(['ordered']);
    expect(strategiesIn('capability-fit+least-cost')).toEqual(['capability-fit', 'least-cost']);
  });

  it.each(['', 'fastest', 'ordered+', 'ordered+ordered', 'capability-fit + sticky'])('are not %j', (text) => {
    expect(strategiesIn(text)).toBeUndefined();
  });
});

it('a candidate that declares what no model can have is refused with its field', () => {
  const candidate = { endpoint: 'a', model: 'm', weight: 1 };
  expect(candidateProblem({ ...candidate, contextLength: 8_000, capabilities: ['tools'] }, 0)).toBeUndefined();
  expect(candidateProblem({ ...candidate, weight: -1 }, 1)).toMatchObject({ field: ['candidates', '1', 'weight'] });
  expect(candidateProblem({ ...candidate, contextLength: 0 }, 2)).toMatchObject({
    field: ['candidates', '2', 'contextLength'],
  });
  expect(candidateProblem({ ...candidate, capabilities: ['flight'] }, 3)).toMatchObject({
    field: ['candidates', '3', 'capabilities'],
  });
});
