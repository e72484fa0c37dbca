import { describe, expect, it } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { refusedError } from '../caller.js';
import { formatExecution } from './format-error.js';

const thrown = (cause: Error): GraphQLError => new GraphQLError(cause.message, { originalError: cause });

function answered(error: GraphQLError, mayLearn = false) {
  const told: unknown[] = [];
  const { statusCode, errors } = formatExecution({ errors: [error] }, 'r1', mayLearn, (cause) => told.push(cause));
  return { statusCode, code: errors[0]?.extensions?.['code'], message: errors[0]?.message, told: told.length };
}

describe('an error of GraphQL', () => {
  it('tells nothing of an exception but that the operators can find it', () => {
    const answer = answered(thrown(new Error('relation "control.secret" does not exist')));
    expect(answer).toMatchObject({ statusCode: 500, code: 'INTERNAL', told: 1 });
    expect(answer.message).not.toContain('secret');
  });

  it('says that the database is out, and to try again, instead of failing', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' });
    const wrapped = Object.assign(new Error('query failed'), { driverError: refused });
    for (const cause of [refused, wrapped, new Error('Connection terminated unexpectedly')]) {
      const answer = answered(thrown(cause));
      expect(answer).toMatchObject({ statusCode: 503, code: 'UNAVAILABLE', told: 1 });
      expect(answer.message).not.toContain('10.0.0.7');
    }
  });

  it('keeps what was made to be shown, with its code and status', () => {
    expect(answered(thrown(refusedError('UNAUTHENTICATED', 'Sign in.')))).toMatchObject({
      statusCode: 401,
      code: 'UNAUTHENTICATED',
      message: 'Sign in.',
    });
  });

  it('suggests names to those who are known, and to nobody else', () => {
    const misspelled = new GraphQLError('Cannot query field "tenat". Did you mean "tenant"?');
    expect(answered(misspelled).message).toBe('Cannot query field "tenat".');
    expect(answered(misspelled, true).message).toContain('Did you mean "tenant"?');
  });
});
