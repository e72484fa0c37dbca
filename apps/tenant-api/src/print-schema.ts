import { printSchema } from 'graphql';
import { buildSchema } from './build-schema.js';

// node apps/tenant-api/dist/print-schema.js > apps/tenant-api/schema.golden.graphql
process.stdout.write(`${printSchema(await buildSchema())}\n`);
