import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { answered } from './tenant-api-client.js';

interface Options {
  readonly databaseUrlFile: string;
  readonly json?: boolean;
}

interface CellOptions extends Options {
  readonly name: string;
  readonly region: readonly string[];
  readonly postgres: string;
  readonly redis: string;
  readonly address: string;
  readonly atMost: string;
}

/** `writ cell`: the directory that says in which cell a tenant lives. For operators. */
export function cellCommand(): Command {
  const cell = new Command('cell').description('the directory of cells, each at most 1,000 tenants');
  reaching(cell.command('put'))
    .description('register a cell, or change what is known of it')
    .requiredOption('--name <name>')
    .requiredOption('--postgres <name>', 'the name of its database in your configuration')
    .requiredOption('--redis <name>', 'the name of its Redis in your configuration')
    .requiredOption('--address <url>', 'where its tenant API answers')
    .option('--region <region...>', 'regions whose tenants it takes; all when absent', [])
    .option('--at-most <tenants>', 'tenants it may hold, up to 1000', '1000')
    .action((options: CellOptions) => answered(options.json ?? false, () => put(options)));
  reaching(cell.command('list'))
    .description('every cell, and how full it is')
    .action((options: Options) => answered(options.json ?? false, () => list(options)));
  return cell;
}

function reaching(command: Command): Command {
  return command
    .requiredOption('--database-url-file <file>', 'a file that holds the URL of the database owner')
    .option('--json', 'print JSON');
}

async function put({ region, atMost, ...options }: CellOptions) {
  const { putCell } = await import('@writ/postgres');
  const { name, postgres, redis, address } = options;
  await putCell(readUrl(options), { name, postgres, redis, address, regions: region, tenantsAtMost: Number(atMost) });
  return list(options);
}

async function list(options: Options) {
  const { cells } = await import('@writ/postgres');
  const value = await cells(readUrl(options));
  const lines = value.map(
    ({ name, regions, tenants, tenantsAtMost, address }) =>
      `${name}: ${tenants} of ${tenantsAtMost} tenants, ${regions.length === 0 ? 'every region' : regions.join(', ')} ${address}`,
  );
  return { value, lines };
}

function readUrl({ databaseUrlFile }: Options): string {
  return readFileSync(databaseUrlFile, 'utf8').trim();
}
