import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { documentLimits, measure } from './measure.js';

const schema = buildSchema(`
  type Query { tenant: Tenant, items(first: Int!, after: String): Page }
  type Mutation { change: Tenant }
  type Page { nodes: [Tenant] }
  type Tenant { id: ID, parent: Tenant, items(first: Int!): Page }
`);
const code = (text: string, variables = {}): string | undefined => {
  const measured = measure(schema, parse(text), variables);
  return measured.ok ? undefined : measured.error.code;
};

const some = (count: number): string => Array.from({ length: count }, (_, at) => `m${at}: change { id }`).join(' ');

describe('measure', () => {
  it('G1: counts aliases of one field one by one', () => {
    const many = Array.from({ length: documentLimits.cost + 1 }, (_, at) => `a${at}: tenant { id }`).join(' ');
    expect(code(`{ ${many} }`)).toBe('TOO_COSTLY');
  });

  it('G1: counts fields after fragments are expanded', () => {
    const levels = Array.from({ length: 9 }, (_, at) => `fragment f${at} on Tenant { ${`...f${at + 1} `.repeat(4)} }`);
    const text = `{ tenant { ...f0 } } ${levels.join(' ')} fragment f9 on Tenant { id }`;
    expect(code(text)).toBe('TOO_COSTLY');
  });

  it('bounds its own walk over fragments that select nothing', () => {
    const levels = Array.from({ length: 11 }, (_, at) => `fragment f${at} on Tenant { ${`...f${at + 1} `.repeat(8)} }`);
    expect(code(`{ tenant { ...f0 } } ${levels.join(' ')}`)).toBe('TOO_COSTLY');
  });

  it('refuses a fragment that contains itself', () => {
    expect(code('{ tenant { ...a } } fragment a on Tenant { parent { ...b } } fragment b on Tenant { ...a }')).toBe(
      'FRAGMENT_CYCLE',
    );
  });

  it('refuses more than twelve levels, also through fragments', () => {
    expect(code(`{ tenant ${'{ parent '.repeat(50)} { id } ${'}'.repeat(50)} }`)).toBe('TOO_DEEP');
  });

  it('multiplies what stands below a page by the size of the page', () => {
    const one = measure(schema, parse('{ items(first: 100) { nodes { id } } }'), {});
    expect(one.ok && one.value.cost).toBe(1 + 10 + 10);
    expect(
      code('{ items(first: 100) { nodes { items(first: 100) { nodes { items(first: 100) { nodes { id } } } } } } }'),
    ).toBe('TOO_COSTLY');
  });

  it.each([
    ['a page without a size', '{ items { nodes { id } } }', {}],
    ['a size of 10^9', '{ items(first: 1000000000) { nodes { id } } }', {}],
    ['a negative size', '{ items(first: -1) { nodes { id } } }', {}],
    ['a size of another type', '{ items(first: "1") { nodes { id } } }', {}],
    ['a size in a variable that is missing', 'query ($n: Int!) { items(first: $n) { nodes { id } } }', {}],
    ['a size in a variable that is too large', 'query ($n: Int!) { items(first: $n) { nodes { id } } }', { n: 101 }],
  ])('refuses %s', (_, text, variables) => {
    expect(code(text, variables)).toBe('BAD_USER_INPUT');
  });

  it('takes five mutations in one request and no more', () => {
    expect(code(`mutation { ${some(5)} }`)).toBeUndefined();
    expect(code(`mutation { ${some(6)} }`)).toBe('TOO_MANY_MUTATIONS');
  });

  it('sees introspection wherever it stands', () => {
    const measured = measure(schema, parse('{ ...a } fragment a on Query { __schema { types { name } } }'), {});
    expect(measured.ok && measured.value.introspects).toBe(true);
  });
});
