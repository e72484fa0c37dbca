// The whole verifier as one file: `npx nx verifier @writ/cli` joins this and all it imports into dist/writ-verify.mjs.
import { parseArgs } from 'node:util';
import { usageExit, verifyFile } from './verify-file.js';

const usage =
  'usage: node writ-verify.mjs <bundle.tar> [--root <key>] [--policy <file>] [--tsa <certificate>] [--compare <other.tar>] [--pinned <checkpoint>] [--at <time>] [--structure] [--full] [--clauses] [--json]';

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        root: { type: 'string' },
        tsa: { type: 'string' },
        policy: { type: 'string' },
        compare: { type: 'string' },
        pinned: { type: 'string' },
        at: { type: 'string' },
        structure: { type: 'boolean' },
        full: { type: 'boolean' },
        clauses: { type: 'boolean' },
        json: { type: 'boolean' },
      },
    });
    const [bundle, ...more] = positionals;
    if (bundle !== undefined && more.length === 0) {
      return await verifyFile({ ...values, bundle }, (line) => console.log(line));
    }
  } catch {
    // Wrong options end like missing ones: with the usage.
  }
  console.error(usage);
  return usageExit;
}

void main().then((code) => {
  process.exitCode = code;
});
