import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { answered } from './tenant-api-client.js';

interface Options {
  readonly databaseUrlFile: string;
  readonly json?: boolean;
}

interface RunOptions extends Options {
  readonly passwordsFile: string;
  readonly later?: boolean;
}

/**
 * `writ migrate`: brings a database, and every tenant's schema in it, to what this release needs. For operators; it may be
 * stopped at any moment and run again.
 */
export function migrateCommand(): Command {
  const command = new Command('migrate').description('bring the database and every tenant schema to this release');
  reaching(command.command('run', { isDefault: true }))
    .description('run what is missing; a run that was stopped is taken up')
    .requiredOption('--passwords-file <file>', 'JSON: one password for each login of the product')
    .option('--later', 'register the versions of tenant schemas, and leave the tenants to the workers')
    .action((options: RunOptions) => answered(options.json ?? false, () => run(options)));
  reaching(command.command('status'))
    .description('how far each version has come over all tenants, and who waits')
    .action((options: Options) => answered(options.json ?? false, () => status(options)));
  return command;
}

function reaching(command: Command): Command {
  return command
    .requiredOption('--database-url-file <file>', 'a file that holds the URL of a role which may create roles')
    .option('--json', 'print JSON');
}

/** The database's driver is loaded by the commands that need it alone. */
const database = () => import('@writ/postgres');

async function run(options: RunOptions) {
  const { migrate } = await database();
  const { controlMigrations } = await import('@writ/postgres/control');
  const passwords = JSON.parse(readFileSync(options.passwordsFile, 'utf8')) as Parameters<typeof migrate>[1];
  const onStep = ({ done, tenants }: { readonly done: number; readonly tenants: number }): void => {
    if (options.json !== true) process.stderr.write(`\r${done} of ${tenants} tenants`);
  };
  await migrate(readUrl(options), passwords, controlMigrations, {
    onStep,
    isLeftToWorkers: options.later ?? false,
  });
  return status(options);
}

async function status(options: Options) {
  const { tenantMigrationProgress } = await database();
  const value = await tenantMigrationProgress(readUrl(options));
  const versions = value.versions.map(
    ({ version, name, applied, tenants, failed }) =>
      `${version} ${name}: ${applied} of ${tenants} tenants${failed > 0 ? `, ${failed} failed` : ''}`,
  );
  const failures = value.failures.map(
    ({ tenant, version, reason }) => `  ${tenant} waits for ${version}: ${reason}; run writ migrate again`,
  );
  const nothing = value.versions.length === 0 ? ['no version changes the schemas of tenants'] : [];
  return { value, lines: [...nothing, ...versions, ...failures] };
}

function readUrl({ databaseUrlFile }: Options): string {
  return readFileSync(databaseUrlFile, 'utf8').trim();
}
