import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type GraphQLSchema, isInputObjectType, isObjectType, printSchema } from 'graphql';
import { buildSchema } from './build-schema.js';
import { fieldPermissions, permissionOf } from './permissions.js';
import { reservedRoles, rolePermissions } from './roles.js';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildSchema();
});

const fields = (): { type: string; field: string }[] =>
  Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) => Object.keys(type.getFields()).map((field) => ({ type: type.name, field })));

const mutations = (): readonly { name: string; input: string[] }[] =>
  Object.values(schema.getMutationType()?.getFields() ?? {}).map(({ name, args }) => {
    const input = args
      .find((arg) => arg.name === 'input')
      ?.type.toString()
      .replace('!', '');
    const type = input === undefined ? undefined : schema.getType(input);
    return { name, input: isInputObjectType(type) ? Object.keys(type.getFields()) : [] };
  });

describe('the schema', () => {
  it('is the one that was reviewed', () => {
    const golden = join(import.meta.dirname, '../schema.golden.graphql');
    expect(`${printSchema(schema)}\n`).toBe(readFileSync(golden, 'utf8'));
  });

  it('has a permission for every field', () => {
    expect(fields().filter(({ type, field }) => permissionOf(type, field) === undefined)).toEqual([]);
  });

  it('has no permission for a field that does not exist', () => {
    const known = new Set(fields().flatMap(({ type, field }) => [type, `${type}.${field}`]));
    expect(Object.keys(fieldPermissions).filter((name) => !known.has(name))).toEqual([]);
  });

  it('lets nobody without a credential do more than sign up, verify an address, or come by a recovery code or a link', () => {
    const open = Object.entries(fieldPermissions).filter(([name, needed]) => needed === 'anyone' && name.includes('.'));
    expect(open.map(([name]) => name)).toEqual([
      'Query.breakGlassChallenge',
      'Mutation.signUp',
      'Mutation.verifyEmail',
      'Mutation.registerBreakGlassPasskey',
      'Mutation.useBreakGlass',
    ]);
  });

  it('gives a setup subject nothing but federation', () => {
    expect(rolePermissions['setup']).toEqual(['tenant:create', 'tenant:read', 'identity:read', 'identity:write']);
    expect(reservedRoles).toEqual(['setup', 'recovery']);
  });

  it('answers every mutation with its refusals as data and the record it left', () => {
    for (const { name } of mutations()) {
      const type = schema.getType(`${name[0]?.toUpperCase()}${name.slice(1)}Payload`);
      expect(isObjectType(type) && Object.keys(type.getFields())).toEqual(
        expect.arrayContaining(['auditRecord', 'userErrors']),
      );
    }
  });

  it('offers a dry run on every mutation but those that a code opens', () => {
    const without = mutations().filter(({ input }) => !input.includes('dryRun'));
    // A code is used up by trying it: a dry run would let whoever guesses try for nothing.
    expect(without.map(({ name }) => name).toSorted()).toEqual([
      'registerBreakGlassPasskey',
      'useBreakGlass',
      'verifyEmail',
    ]);
  });

  it('takes no delete without a reason', () => {
    const deletes = /^(remove|retire|revoke|suspend|dismiss|reject|release|requestTenantDeletion)/;
    const named = mutations().filter(({ name }) => deletes.test(name));
    expect(named.length).toBeGreaterThan(12);
    expect(named.filter(({ input }) => !input.includes('reason'))).toEqual([]);
  });

  it('asks every update for the version it was made from', () => {
    const updates =
      /^(update|upsert|set|rotateProvider|retire|revoke|publish|enable|disable|approve|reject)|remove(Member|Alias|Budget|LimitRule|IdentityProvider)/;
    const without = mutations().filter(({ name, input }) => updates.test(name) && !input.includes('expectedVersion'));
    expect(without).toEqual([]);
  });

  it('G11: gives no secret back through any type but the one answer that made it', () => {
    const secretive = fields().filter(
      ({ type, field }) => type !== 'Mutation' && /secret|sealed|hash$|codes?$|token$/i.test(field),
    );
    expect(secretive.map(({ type, field }) => `${type}.${field}`).toSorted()).toEqual([
      'ArmBreakGlassPayload.recoveryCodes',
      'AuditProof.leafHash',
      'Checkpoint.rootHash',
      'CreateAppKeyPayload.secret',
      'Decision.code',
      'Decision.policyHash',
      'LedgerEntry.leafHash',
      'Policy.hash',
      'Policy.parentHash',
      'Policy.sourceHash',
      'PolicyCheck.hash',
      'PolicyDiagnostic.code',
      'PolicyDifference.afterHash',
      'PolicyDifference.beforeHash',
      'PolicyExplanation.code',
      'PolicyExplanation.policyHash',
      'RotateScimTokenPayload.scimToken',
      'UseBreakGlassPayload.recoveryToken',
      'UserError.code',
      'ValidatePolicyPayload.hash',
      'VerifyEmailPayload.setupToken',
    ]);
  });
});
