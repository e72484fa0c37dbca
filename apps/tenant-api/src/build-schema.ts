import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaBuilderModule, GraphQLSchemaFactory } from '@nestjs/graphql';
import { type GraphQLSchema, lexicographicSortSchema } from 'graphql';
import { buildOptions, resolvers } from './door/graphql.module.js';

/** The schema alone, without ports or a server: for the golden file and for clients that are generated from it. */
export async function buildSchema(): Promise<GraphQLSchema> {
  const app = await NestFactory.createApplicationContext(GraphQLSchemaBuilderModule, { logger: false });
  try {
    const schema = await app.get(GraphQLSchemaFactory).create(resolvers, buildOptions);
    return lexicographicSortSchema(schema);
  } finally {
    await app.close();
  }
}
