import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { reaching } from './tenant-options.js';
import { type Connection, Refused, answered, ask } from './tenant-api-client.js';

interface Range {
  readonly api: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
  readonly from: string;
  readonly to: string;
}

/** `writ usage`: what was used and what it cost, how full the budgets are, and a file for those who pay. */
export function usageCommand(): Command {
  const usage = new Command('usage').description('what was used, what it cost, and how full the budgets are');
  ranged(usage.command('show'))
    .description('requests, tokens and cost of a range of days')
    .option('--by <names>', 'day, group, app, model and endpoint, with commas between them', 'model')
    .action((options: Range & { readonly by: string }) => answered(options.json ?? false, () => show(options)));
  reaching(usage.command('budgets'))
    .description('how far each budget is spent in its present period')
    .action((options: Omit<Range, 'from' | 'to'>) => answered(options.json ?? false, () => budgets(options)));
  ranged(usage.command('export'))
    .description('write a file by FOCUS 1.2')
    .addOption(new Option('--format <format>', 'of the file').choices(['csv', 'parquet']).default('csv'))
    .option('--out <file>', 'where it goes; by default its own name in this folder')
    .action((options: Range & { readonly format: string; readonly out?: string }) =>
      answered(options.json ?? false, () => exported(options)),
    );
  return usage;
}

function ranged(command: Command): Command {
  return reaching(command)
    .requiredOption('--from <day>', 'the first day, in UTC, as YYYY-MM-DD')
    .requiredOption('--to <day>', 'the last day, included');
}

function connectionOf({ api, tokenFile }: Pick<Range, 'api' | 'tokenFile'>): Connection {
  return { api, ...(tokenFile !== undefined && { tokenFile }) };
}

interface Sum {
  readonly day: string | null;
  readonly group: string | null;
  readonly app: string | null;
  readonly model: string | null;
  readonly endpoint: string | null;
  readonly requests: number;
  readonly denied: number;
  readonly costMicros: string;
}

async function show(options: Range & { readonly by: string }) {
  const query = `query ($from: String!, $to: String!, $by: [String!]!) { usage(from: $from, to: $to, groupBy: $by) {
    settledAt isCut sums { day group app model endpoint requests denied failed inputTokens outputTokens cacheReadTokens
      cacheWriteTokens reasoningTokens estimatedTokens costMicros } } }`;
  const by = options.by.split(',').filter((name) => name !== '');
  const answer = await ask(connectionOf(options), query, { from: options.from, to: options.to, by });
  const report = answer['usage'] as { settledAt: string | null; isCut: boolean; sums: readonly Sum[] };
  const nameOf = ({ day, group, app, model, endpoint }: Sum): string =>
    [day, group, app, model, endpoint].filter((name) => name !== null).join('  ') || 'everything';
  return {
    value: report,
    lines: [
      report.settledAt === null ? 'nothing was summed up yet' : `summed up until ${report.settledAt}`,
      ...report.sums.map(
        (sum) => `${dollars(sum.costMicros).padStart(14)}  ${String(sum.requests).padStart(8)}  ${nameOf(sum)}`,
      ),
      ...(report.isCut ? ['there is more; ask for fewer days or group by less'] : []),
    ],
  };
}

interface State {
  readonly budget: string;
  readonly holder: string | null;
  readonly period: string;
  readonly limitMicros: string;
  readonly spentMicros: string;
}

async function budgets(options: Omit<Range, 'from' | 'to'>) {
  const query = `{ budgetStates { budget scope holder period periodStart hard limitMicros spentMicros leasedMicros
    writtenOffMicros thresholds } }`;
  const states = (await ask(connectionOf(options), query))['budgetStates'] as readonly State[];
  return {
    value: states,
    lines: states.map(
      ({ budget, holder, period, limitMicros, spentMicros }) =>
        `${dollars(spentMicros).padStart(14)} of ${dollars(limitMicros)}  ${budget}${holder === null ? '' : ` (${holder})`}, a ${period}`,
    ),
  };
}

async function exported(options: Range & { readonly format: string; readonly out?: string }) {
  const query = `query ($from: String!, $to: String!, $format: UsageFormat!) {
    usageFile(from: $from, to: $to, format: $format) { name rows sha256 content } }`;
  const variables = { from: options.from, to: options.to, format: options.format.toUpperCase() };
  const file = (await ask(connectionOf(options), query, variables))['usageFile'] as {
    readonly name: string;
    readonly rows: number;
    readonly sha256: string;
    readonly content: string;
  };
  const bytes = Buffer.from(file.content, 'base64');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== file.sha256) throw new Refused('the file was damaged on its way; ask again');
  // The server names the file; only a plain name is believed.
  const out = options.out ?? (/^[\w.-]+$/.test(file.name) ? file.name : `usage.${options.format}`);
  writeFileSync(out, bytes, { mode: 0o600 });
  const value = { file: out, rows: file.rows, bytes: bytes.length, sha256 };
  return { value, lines: [`${file.rows} lines are in ${out} (${bytes.length} bytes, sha256 ${sha256})`] };
}

/** Micro-units as money; no rounding. */
function dollars(micros: string): string {
  const [sign, digits] = micros.startsWith('-') ? ['-', micros.slice(1)] : ['', micros];
  const padded = digits.padStart(7, '0');
  return `${sign}${padded.slice(0, -6)}.${padded.slice(-6)}`;
}
