// Writes libs/ledger/vectors anew: node tools/with-node.mjs node libs/ledger/dist/write-vectors.js
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeVectors } from './vectors.fixtures.js';

const folder = fileURLToPath(new URL('../vectors/', import.meta.url));
for (const [name, content] of await makeVectors()) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}
