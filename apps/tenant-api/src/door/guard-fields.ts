import { type GraphQLSchema, defaultFieldResolver, isObjectType } from 'graphql';
import { type RequestContext, refusedError } from '../caller.js';
import { permissionOf } from '../permissions.js';

/**
 * Puts the permission table before every resolver of the schema. A field without an entry is refused to everyone, so a
 * new field is closed until somebody says who may read it.
 */
export function guardFields(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const resolve = field.resolve ?? defaultFieldResolver;
      const permission = permissionOf(type.name, field.name);
      field.resolve = (source, args, context: RequestContext, info): unknown => {
        if (permission === undefined || !context.caller.permissions.has(permission)) {
          throw context.caller.kind === 'anonymous'
            ? refusedError('UNAUTHENTICATED', 'Send a credential as `Authorization: Bearer <token>`.')
            : refusedError(
                'FORBIDDEN',
                `\`${type.name}.${field.name}\` needs the permission \`${permission ?? 'none'}\`; an owner of the tenant can map a role that has it.`,
              );
        }
        return resolve(source, args, context, info);
      };
    }
  }
  return schema;
}
