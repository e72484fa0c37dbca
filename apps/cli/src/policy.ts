import { Command } from 'commander';
import {
  type SimulateArguments,
  type TestOptions,
  diffFiles,
  lintFiles,
  simulateFiles,
  testFiles,
} from './policy-files.js';

interface Json {
  readonly json?: true;
}

const exits = `
Exit codes: 0 nothing to complain of, 1 something was found, 2 an input could not be read or compiled.
A file named - is standard input.`;

/** `writ policy lint | test | simulate | diff`: what an author runs before submitting a version. */
export function policyCommand(): Command {
  const policy = new Command('policy').description('check, test, compare and replay policy documents');
  const withJson = (name: string) =>
    policy.command(name).option('--json', 'print one JSON value instead of sentences').addHelpText('after', exits);
  withJson('lint')
    .description('print every complaint with file, line and column')
    .argument('<file...>', 'policy documents (YAML or JSON)')
    .action((files: readonly string[], options: Json) => {
      process.exitCode = lintFiles(files, { ...options, print });
    });
  withJson('test')
    .description('run the stored tests, and break every rule to see that some test notices')
    .argument('<file...>', 'policy documents')
    .option('--platform <file>', 'the policy of the platform, under which all are run')
    .option('--prove', 'also prove the invariants for every request and every catalogue')
    .action(async (files: readonly string[], options: TestOptions & Json) => {
      process.exitCode = await testFiles(files, options, { ...options, print });
    });
  withJson('diff')
    .description('list what changes between two versions, each loosening by itself; exits 1 when there is one')
    .argument('<before>', 'the version in force')
    .argument('<after>', 'the version proposed')
    .option('--prove', 'also ask the solver for a request that only the new version authorizes')
    .action(async (before: string, after: string, options: Pick<TestOptions, 'prove'> & Json) => {
      process.exitCode = await diffFiles(before, after, options, { ...options, print });
    });
  withJson('simulate')
    .description('replay recorded facts through two versions and report which decisions change')
    .argument('<before>', 'the version in force')
    .argument('<after>', 'the version proposed')
    .requiredOption('--facts <file>', 'recorded facts, one {"id","facts"} object a line')
    .requiredOption('--endpoints <file>', "the tenant's endpoints, a JSON array")
    .option('--platform <file>', 'the policy of the platform, under which both are decided')
    .action((before: string, after: string, options: Omit<SimulateArguments, 'before' | 'after'> & Json) => {
      process.exitCode = simulateFiles({ ...options, before, after }, { ...options, print });
    });
  return policy;
}

function print(line: string): void {
  console.log(line);
}
