/**
 * Checks usage files against FOCUS 1.2 by the FinOps Foundation's own validator, which it installs beside the cache. Without a file
 * it checks one of each format with a line of every charge.
 *   npm run check:focus -- [--python python3.12] [usage.csv usage.parquet …]      (the validator needs Python 3.12 or newer)
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { focusRow } from '../apps/tenant-api/dist/usage/focus.js';
import { csvOf, parquetOf } from '../apps/tenant-api/dist/usage/usage-file.js';

const folder = resolve(import.meta.dirname, '../.writ/focus');
// What we can do of what the specification makes depend on the provider.
const applicable = [
  'ACCOUNT_NAMING_SUPPORTED',
  'PUBLIC_PRICE_LIST_SUPPORTED',
  'USAGE_MEASUREMENT_SUPPORTED',
  'UNIT_PRICING_SUPPORTED',
  'SUB_ACCOUNT_SUPPORTED',
  'RESOURCE_TYPE_ASSIGNMENT_SUPPORTED',
  'TAGGING_SUPPORTED',
];
// This release of the validator demands of InvoiceId that it is null, and that it is not, of every line; we issue no invoices.
const unsatisfiable = new Set(['InvoiceId-C-005-C']);

const given = process.argv.slice(2);
const at = given.indexOf('--python');
const [, python = 'python3'] = at < 0 ? [] : given.splice(at, 2);

function validatorIn(home) {
  const bin = join(home, 'bin');
  if (!existsSync(join(bin, 'focus-validator'))) {
    execFileSync(python, ['-m', 'venv', home], { stdio: 'inherit' });
    execFileSync(join(bin, 'pip'), ['install', '--quiet', 'focus-validator==2.2.1', 'pyarrow<21'], {
      stdio: 'inherit',
    });
  }
  // It looks for one of its own files from where it is installed.
  const [cwd] = globSync('lib/*/site-packages', { cwd: home });
  return { command: join(bin, 'focus-validator'), cwd: join(home, cwd ?? '') };
}

function samples() {
  const account = { tenant: '0198a000-0000-7000-8000-00000000000a', name: 'Hospital', issuer: 'Writ' };
  const line = {
    day: '2026-12-31',
    group: 'radiology',
    app: 'reporting',
    model: 'gpt-test',
    endpoint: 'openai-us',
    charge: 'input',
    priceVersion: 'book:1@2500000/10000000/1250000/2500000/10000000',
    quantity: '1000',
    estimated: '0',
    costPicos: '2500000000',
    denied: '0',
    failed: '0',
    reason: null,
  };
  const lines = [
    line,
    { ...line, charge: 'output', costPicos: '10000000000' },
    { ...line, charge: 'reasoning', costPicos: '10000000000' },
    { ...line, charge: 'cache-read', costPicos: '1250000000' },
    { ...line, charge: 'cache-write' },
    { ...line, charge: 'request', quantity: '3', costPicos: '0', priceVersion: '' },
    { ...line, charge: 'unsplit', quantity: '0', priceVersion: 'old' },
    { ...line, charge: 'correction', quantity: '0', costPicos: '-5000000000000', priceVersion: '', reason: 'agreed' },
    { ...line, app: '', endpoint: '', group: '' },
    { ...line, model: '=cmd|x', day: '2026-01-31' },
  ];
  const rows = lines.map((each) => focusRow(each, account));
  const files = [join(folder, 'usage.csv'), join(folder, 'usage.parquet')];
  writeFileSync(files[0], csvOf(rows));
  writeFileSync(files[1], parquetOf(rows));
  return files;
}

mkdirSync(folder, { recursive: true });
const { command, cwd } = validatorIn(join(folder, 'venv'));
const files = given.length > 0 ? given.map((file) => resolve(file)) : samples();
for (const file of files) {
  const options = ['--validate-version', '1.2', '--block-download', '--applicability-criteria', applicable.join(',')];
  const { stdout, stderr } = spawnSync(command, ['--data-file', file, ...options], { cwd, encoding: 'utf8' });
  const total = /^Total: .*$/m.exec(stdout)?.[0];
  const failed = [...stdout.matchAll(/^❌ ([\w-]+): FAIL.*$/gm)].filter(([, rule]) => !unsatisfiable.has(rule));
  console.log(`${file}: ${total ?? `the validator did not run\n${stderr}`}`);
  for (const [text] of failed) console.log(`  ${text}`);
  if (total === undefined || failed.length > 0) process.exitCode = 1;
}
