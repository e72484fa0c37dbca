// Builds what changed, then hands over to the compiled demo. Started by `npm run demo` through tools/with-node.mjs.
// Plain JavaScript outside every tsconfig, so the linter sees no types here.
/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-call, typescript/no-unsafe-member-access */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
console.log('building (cached after the first time)');
const built = spawnSync(
  process.execPath,
  [join(root, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '-t', 'build', '--outputStyle=static'],
  {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NX_TUI: 'false' },
  },
);
if (built.status !== 0) {
  console.error(built.stdout, built.stderr);
  console.error('writ: the build failed; the compiler says why above.');
  process.exit(1);
}
await import('./dist/demo.js');
