import type { Command } from 'commander';
import type { Connection } from './tenant-api-client.js';

export interface Options {
  readonly api: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

export const connectionOf = ({ api, tokenFile }: Options): Connection => ({
  api,
  ...(tokenFile !== undefined && { tokenFile }),
});

/** The options that every command has which talks to the tenant API. */
export function reaching(command: Command): Command {
  return command
    .requiredOption('--api <url>', 'where the tenant API stands')
    .option('--token-file <file>', 'a file that holds the access token')
    .option('--json', 'print JSON');
}
