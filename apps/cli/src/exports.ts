import { Command } from 'commander';
import { reaching } from './tenant-options.js';
import { type Connection, answered, ask, change } from './tenant-api-client.js';

interface Options {
  readonly api: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

interface Request {
  readonly purpose: string;
  readonly from: string;
  readonly to: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly endpoint?: string;
  readonly route?: string;
  readonly class?: string;
  readonly record?: readonly string[];
  readonly disclose?: readonly string[];
}

interface Export {
  readonly id: string;
  readonly state: string;
  readonly purpose: string;
  readonly recordsDone: number;
  readonly recordsTotal: number | null;
  readonly bytes: string | null;
  readonly sha256: string | null;
  readonly storedAt: string | null;
}

const fields = 'id state purpose recordsDone recordsTotal bytes sha256 storedAt';

const connectionOf = ({ api, tokenFile }: Options): Connection => ({
  api,
  ...(tokenFile !== undefined && { tokenFile }),
});

/** `writ exports`: ask for a bundle of evidence, and see how far the worker has come with it. */
export function exportsCommand(): Command {
  const exports = new Command('exports').description('ask for bundles of evidence and see how far they are');
  reaching(exports.command('request'))
    .description(
      'ask for a bundle of a range of time, or of some records of it: those are proven, that none is missing is not',
    )
    .requiredOption('--purpose <text>', 'why; it stands in the manifest and in the log')
    .requiredOption('--from <time>', 'ISO 8601')
    .requiredOption('--to <time>', 'ISO 8601')
    .option('--issuer <url>', 'with --subject: only the requests of that subject')
    .option('--subject <id>', 'the subject at that issuer')
    .option('--endpoint <name>', 'only requests of which an attempt went there')
    .option('--route <path>', 'only requests that came in on this route')
    .option('--class <name>', 'only requests whose prompt, review or answer was found to hold this class')
    .option('--record <id...>', 'only these records')
    .option('--disclose <field...>', 'sealed fields to disclose of what is selected; a second person must approve')
    .action((options: Options & Request) =>
      answered(options.json ?? false, async () => {
        const { purpose, from, to, disclose } = options;
        const selection = selectionOf(options);
        const value = await change(
          connectionOf(options),
          'requestExport',
          { purpose, from, to, ...(selection && { selection }), ...(disclose && { disclose }) },
          `export { ${fields} }`,
        );
        return { value: value['export'], lines: [line(value['export'] as Export)] };
      }),
    );
  reaching(exports.command('list'))
    .description('the newest exports, with the share that is written')
    .action((options: Options) =>
      answered(options.json ?? false, async () => {
        const value = await ask(connectionOf(options), `{ exports(first: 20) { edges { node { ${fields} } } } }`);
        const { edges } = value['exports'] as { readonly edges: readonly { readonly node: Export }[] };
        const nodes = edges.map(({ node }) => node);
        return { value: nodes, lines: nodes.length === 0 ? ['no export was asked for'] : nodes.map(line) };
      }),
    );
  return exports;
}

function selectionOf({ issuer, subject, endpoint, route, class: name, record: records }: Request) {
  const selection = {
    ...(issuer !== undefined && { issuer }),
    ...(subject !== undefined && { subject }),
    ...(endpoint !== undefined && { endpoint }),
    ...(route !== undefined && { route }),
    ...(name !== undefined && { class: name }),
    ...(records !== undefined && { records }),
  };
  return Object.keys(selection).length > 0 ? selection : undefined;
}

function line({ id, state, purpose, recordsDone, recordsTotal, bytes, storedAt }: Export): string {
  const share =
    recordsTotal === null || recordsTotal === 0 ? '' : `${Math.floor((100 * recordsDone) / recordsTotal)} %`;
  const progress = state === 'requested' ? share : `${bytes ?? '0'} bytes`;
  return [id, state.padEnd(9), progress.padEnd(12), purpose, storedAt ?? ''].join('  ').trimEnd();
}
