import { Command } from 'commander';
import { type SimulateArguments, diffFiles, lintFiles, simulateFiles, testFiles } from './policy-files.js';

/** `writ policy lint | test | simulate | diff`: what an author runs before submitting a version. */
export function policyCommand(): Command {
  const policy = new Command('policy').description('check, test, compare and replay policy documents');
  policy
    .command('lint')
    .description('print every complaint with file, line and column')
    .argument('<file...>', 'policy documents (YAML or JSON)')
    .action((files: readonly string[]) => {
      process.exitCode = lintFiles(files, print);
    });
  policy
    .command('test')
    .description('run the stored tests, and break every rule to see that some test notices')
    .argument('<file...>', 'policy documents')
    .option('--platform <file>', 'the policy of the platform, under which all are run')
    .option('--prove', 'also prove the invariants for every request and every catalogue')
    .action(async (files: readonly string[], options: { readonly platform?: string; readonly prove?: true }) => {
      process.exitCode = await testFiles(files, options, print);
    });
  policy
    .command('diff')
    .description('list what changes between two versions, each loosening by itself; exits 1 when there is one')
    .argument('<before>', 'the version in force')
    .argument('<after>', 'the version proposed')
    .option('--prove', 'also ask the solver for a request that only the new version authorizes')
    .action(async (before: string, after: string, options: { readonly prove?: true }) => {
      process.exitCode = await diffFiles(before, after, options, print);
    });
  policy
    .command('simulate')
    .description('replay recorded facts through two versions and report which decisions change')
    .argument('<before>', 'the version in force')
    .argument('<after>', 'the version proposed')
    .requiredOption('--facts <file>', 'recorded facts, one {"id","facts"} object a line')
    .requiredOption('--endpoints <file>', "the tenant's endpoints, a JSON array")
    .option('--json', 'print the whole report, with examples and explanations, as JSON')
    .action((before: string, after: string, options: Omit<SimulateArguments, 'before' | 'after'>) => {
      process.exitCode = simulateFiles({ ...options, before, after }, print);
    });
  return policy;
}

function print(line: string): void {
  console.log(line);
}
