import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';

/** A value that the schema accepts, with `id` wherever an id is asked for. */
export function valueOf(type: GraphQLInputType, id: string, key: string): unknown {
  if (isNonNullType(type)) return valueOf(type.ofType, id, key);
  if (isListType(type)) return [valueOf(type.ofType, id, key)];
  if (isInputObjectType(type)) return inputOf(type, id);
  switch (getNamedType(type).name) {
    case 'ID':
      return id;
    case 'Int':
      return 1;
    case 'Boolean':
      return false;
    case 'Micros':
      return '1';
    case 'DateTime':
      return key === 'to' || key === 'validUntil' || key === 'expiresAt'
        ? '2027-03-01T00:00:00Z'
        : '2026-03-01T00:00:00Z';
    default:
      return key === 'token' ? 'x.y.z' : 'text-of-8';
  }
}

export function inputOf(type: GraphQLInputObjectType, id: string): Record<string, unknown> {
  const fields = Object.values(type.getFields()).filter(
    (field) => isNonNullType(field.type) && field.defaultValue === undefined,
  );
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field.type, id, field.name)]));
}

/** The same with every id that may be given, and not only those that must, and the version that goes with them. */
export function inputWithIds(type: GraphQLInputObjectType, id: string): Record<string, unknown> {
  const fields = Object.values(type.getFields()).filter(
    (field) => getNamedType(field.type).name === 'ID' || field.name === 'expectedVersion',
  );
  const given = inputOf(type, id);
  for (const field of fields) given[field.name] = valueOf(field.type, id, field.name);
  return given;
}

export function mutationsOf(schema: GraphQLSchema): readonly { name: string; type: GraphQLInputObjectType }[] {
  return Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap(({ name, args }) => {
    const type = args[0] && getNamedType(args[0].type);
    return isInputObjectType(type) ? [{ name, type }] : [];
  });
}

export function mutationsWithIds(schema: GraphQLSchema): readonly { name: string; type: GraphQLInputObjectType }[] {
  return Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap(({ name, args }) => {
    const type = args[0] && getNamedType(args[0].type);
    return isInputObjectType(type) &&
      Object.values(type.getFields()).some((field) => getNamedType(field.type).name === 'ID')
      ? [{ name, type }]
      : [];
  });
}
