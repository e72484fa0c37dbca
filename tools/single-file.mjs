// Joins a compiled module and everything it imports into one file without imports other than Node's own.
//   node tools/single-file.mjs <entry.js> <output.mjs>
// Each module becomes a function that returns its exports, so that no two names meet. It reads exactly what the
// compiler writes (one import or export to a line) and stops at anything else, such as a package from a registry.
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';

const [entry, output] = process.argv.slice(2);
if (!entry || !output) throw new Error('usage: node tools/single-file.mjs <entry.js> <output.mjs>');

const builtins = new Map();
const modules = new Map();
let counter = 0;

function locate(specifier, from) {
  if (specifier.startsWith('.')) return realpathSync(resolve(dirname(from), specifier));
  if (specifier.startsWith('@writ/')) return realpathSync(createRequire(from).resolve(specifier));
  throw new Error(`${from} imports ${specifier}, which is neither ours nor Node's`);
}

/** `a, b as c` as destructuring: `a, b: c`. */
const destructured = (names) => names.replaceAll(' as ', ': ');

function load(path) {
  if (modules.has(path)) return modules.get(path).name;
  const module = { name: `module${counter++}`, body: '', exports: [] };
  modules.set(path, module);
  const lines = [];
  const before = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const statement = /^(import|export) \{(.*)\} from '([^']+)';$/.exec(line);
    if (statement) {
      const [, verb, names, specifier] = statement;
      if (specifier.startsWith('node:')) {
        builtins.set(specifier, `node${[...builtins.keys(), specifier].indexOf(specifier)}`);
        before.push(`const {${destructured(names)}} = ${builtins.get(specifier)};`);
        continue;
      }
      const source = load(locate(specifier, path));
      if (verb === 'import') before.push(`const {${destructured(names)}} = ${source};`);
      else
        for (const name of names
          .split(',')
          .map((one) => one.trim())
          .filter(Boolean)) {
          const [from, to = from] = name.split(' as ');
          module.exports.push(`${to}: ${source}.${from}`);
        }
      continue;
    }
    const declaration = /^export (?=(?:async )?(?:function\*?|const|class) (\w+))/.exec(line);
    if (declaration) module.exports.push(declaration[1]);
    else if (/^(import|export) /.test(line) && line !== 'export {};') throw new Error(`${path}: cannot join ${line}`);
    if (!line.startsWith('//# sourceMappingURL') && line !== 'export {};') {
      lines.push(declaration ? line.slice('export '.length) : line);
    }
  }
  module.body = [...before, ...lines].join('\n').trim();
  // Loaded again at the end: a module must stand after those it imports.
  modules.delete(path);
  modules.set(path, module);
  return module.name;
}

load(realpathSync(entry));
const parts = [...modules.values()].map(
  ({ name, body, exports }) => `const ${name} = (() => {\n${body}\nreturn { ${exports.join(', ')} };\n})();\n`,
);
const imports = [...builtins].map(([specifier, name]) => `import * as ${name} from '${specifier}';`);
writeFileSync(output, `#!/usr/bin/env node\n${imports.join('\n')}\n\n${parts.join('\n')}`);
