import { Command, Option } from 'commander';
import { reaching } from './tenant-options.js';
import { type Connection, answered, ask, change } from './tenant-api-client.js';

interface Options {
  readonly api: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

interface Job {
  readonly id: string;
  readonly queue: string;
  readonly state: string;
  readonly attempts: number;
  readonly failure: string | null;
  readonly createdAt: string;
}

const fields = 'id queue state attempts failure createdAt';

const connectionOf = ({ api, tokenFile }: Options): Connection => ({
  api,
  ...(tokenFile !== undefined && { tokenFile }),
});

/** `writ jobs`: what has not happened yet, and what was given up. */
export function jobsCommand(): Command {
  const jobs = new Command('jobs').description('list work that waits or was given up; retry or dismiss it');
  reaching(jobs.command('list'))
    .description('jobs that are not done, newest first')
    .addOption(new Option('--state <state>', 'only these').choices(['waiting', 'in-flight', 'dead']))
    .option('--first <count>', 'how many, 1 to 100', '50')
    .action((options: Options & { readonly state?: string; readonly first: string }) =>
      answered(options.json ?? false, () => list(options)),
    );
  reaching(jobs.command('retry'))
    .description('try a job again that was given up')
    .requiredOption('--job <id>')
    .action((options: Options & { readonly job: string }) =>
      answered(options.json ?? false, async () => {
        const value = await change(connectionOf(options), 'retryJob', { jobId: options.job }, `job { ${fields} }`);
        return { value, lines: [`${options.job} will be tried again`] };
      }),
    );
  reaching(jobs.command('dismiss'))
    .description('end a job that was given up')
    .requiredOption('--job <id>')
    .requiredOption('--reason <text>', 'why nobody will do it; it stands in the log')
    .action((options: Options & { readonly job: string; readonly reason: string }) =>
      answered(options.json ?? false, async () => {
        const input = { jobId: options.job, reason: options.reason };
        const value = await change(connectionOf(options), 'dismissJob', input, `job { ${fields} }`);
        return { value, lines: [`${options.job} is dismissed`] };
      }),
    );
  return jobs;
}

async function list(options: Options & { readonly state?: string; readonly first: string }) {
  const query = `query ($first: Int!, $state: JobState) { jobs(first: $first, state: $state) { edges { node { ${fields} } } } }`;
  const state = options.state?.toUpperCase().replace('-', '_');
  const value = await ask(connectionOf(options), query, { first: Number(options.first), state });
  const { edges } = value['jobs'] as { readonly edges: readonly { readonly node: Job }[] };
  const nodes = edges.map(({ node }) => node);
  const line = ({ id, queue, state: stands, attempts, failure }: Job): string =>
    [id, queue.padEnd(8), stands.padEnd(9), `${attempts} tried`, failure ?? ''].join('  ').trimEnd();
  return { value: nodes, lines: nodes.length === 0 ? ['nothing waits and nothing was given up'] : nodes.map(line) };
}
