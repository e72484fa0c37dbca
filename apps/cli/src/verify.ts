import { Command } from 'commander';
import { type VerifyArguments, verifyFile } from './verify-file.js';

/** `writ verify`: checks an exported bundle offline. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('check an exported bundle offline; a bundle proves only what you bring')
    .argument('<bundle>', 'the exported tar')
    .option('--root <key>', "the deployment's root public key: hex, base64, or a file with it")
    .option('--policy <file>', 'the witnesses that must have cosigned (C2SP tlog-policy)')
    .option('--tsa <certificate>', 'the RFC 3161 timestamp authority to believe (PEM)')
    .option('--compare <bundle>', 'another bundle of the same log, perhaps from another auditor')
    .option('--pinned <checkpoint>', 'a checkpoint of this log that was kept')
    .option('--at <time>', 'the bundle must have been made by then')
    .option('--structure', 'hashes, chains and closings only, without record signatures')
    .option('--full', 'with every record signature; the default')
    .option('--clauses', 'tell which clause of which regime the fields of a record serve')
    .option('--json', 'print the report as JSON')
    .action(async (bundle: string, options: Omit<VerifyArguments, 'bundle'>) => {
      process.exitCode = await verifyFile({ ...options, bundle }, (line) => console.log(line));
    });
}
