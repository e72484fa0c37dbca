import { readFileSync } from 'node:fs';
import type { Endpoint, Result } from '@writ/domain';
import {
  type Change,
  type Diagnostic,
  type PolicyImage,
  type RecordedFacts,
  compile,
  formatDiagnostic,
  lint,
  mutate,
  runTests,
  semanticDiff,
  simulate,
} from '@writ/policy';

type Print = (line: string) => void;

export function lintFiles(files: readonly string[], print: Print): number {
  let errors = 0;
  for (const file of files) {
    const found = lint(readFileSync(file, 'utf8'));
    errors += found.filter(({ severity }) => severity === 'error').length;
    complain(file, found, print);
    if (found.length === 0) print(`${file}: nothing to complain of`);
  }
  return errors === 0 ? 0 : 1;
}

export async function testFiles(
  files: readonly string[],
  options: { readonly platform?: string; readonly prove?: true },
  print: Print,
): Promise<number> {
  const platform = options.platform === undefined ? undefined : imageOf(options.platform, print);
  if (options.platform !== undefined && platform === undefined) return 1;
  let failures = 0;
  for (const file of files) failures += testFile(file, platform, print);
  if (options.prove === true) failures += await proveFiles(files, print);
  return failures === 0 ? 0 : 1;
}

function testFile(file: string, platform: PolicyImage | undefined, print: Print): number {
  const source = readFileSync(file, 'utf8');
  const results = runTests(source, platform);
  if (!results.ok) return complain(file, results.error, print);
  const failed = results.value.filter(({ passed }) => !passed);
  for (const { name, line, differences } of failed) {
    print(`${file}:${line} failed: ${name}`);
    for (const difference of differences) print(`    ${difference}`);
  }
  print(`${file}: ${results.value.length - failed.length} of ${results.value.length} tests pass`);
  if (failed.length > 0) return failed.length;
  const report = mutate(source);
  if (!report.ok) return complain(file, report.error, print);
  for (const { rule, mutation } of report.value.survivors) {
    print(`${file}: no test notices when rule '${rule}' is made '${mutation}'`);
  }
  print(
    `${file}: ${report.value.mutants - report.value.survivors.length} of ${report.value.mutants} broken rules are noticed`,
  );
  return report.value.survivors.length;
}

async function proveFiles(files: readonly string[], print: Print): Promise<number> {
  const { startProver } = await import('./prover.js');
  const prover = startProver();
  let failures = 0;
  for (const file of files) {
    const proofs = await prover.prove(readFileSync(file, 'utf8'));
    if (!proofs.ok) {
      failures += complain(file, proofs.error, print);
      continue;
    }
    for (const { name, proof } of proofs.value) {
      if (proof.verdict !== 'proved') failures += 1;
      print(`${file}: ${proof.verdict}: ${name}`);
      if (proof.verdict === 'broken') print(`    by ${JSON.stringify(proof.witness)}`);
    }
  }
  await prover.close();
  return failures;
}

export async function diffFiles(
  before: string,
  after: string,
  options: { readonly prove?: true },
  print: Print,
): Promise<number> {
  const [old, fresh] = [readFileSync(before, 'utf8'), readFileSync(after, 'utf8')];
  const diff = semanticDiff(old, fresh);
  if (!diff.ok) {
    const culprit = compile(old, 0).ok ? after : before;
    complain(culprit, diff.error, print);
    return 1;
  }
  const { beforeHash, afterHash, changes, loosenings } = diff.value;
  print(beforeHash === afterHash ? 'the two versions mean the same' : `${beforeHash} -> ${afterHash}`);
  for (const change of changes) print(wordsFor(change));
  if (options.prove === true) {
    const { startProver } = await import('./prover.js');
    const prover = startProver();
    const proof = await prover.proveNoLoosening(old, fresh);
    await prover.close();
    if (proof.ok) print(`nothing new is authorized: ${proof.value.verdict}`);
    if (proof.ok && proof.value.verdict === 'broken')
      print(`    only the new version authorizes ${JSON.stringify(proof.value.witness)}`);
  }
  return loosenings.length === 0 ? 0 : 1;
}

function wordsFor({ direction, what }: Change): string {
  return `${direction.padEnd(9)} ${what}`;
}

export interface SimulateArguments {
  readonly before: string;
  readonly after: string;
  readonly facts: string;
  readonly endpoints: string;
  readonly json?: true;
}

export function simulateFiles(options: SimulateArguments, print: Print): number {
  const before = imageOf(options.before, print);
  const after = imageOf(options.after, print);
  if (before === undefined || after === undefined) return 1;
  const endpoints = JSON.parse(readFileSync(options.endpoints, 'utf8')) as readonly Endpoint[];
  const records = readFileSync(options.facts, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as RecordedFacts);
  const report = simulate({ before, after, endpoints, records });
  if (options.json === true) {
    print(JSON.stringify(report, undefined, 2));
    return 0;
  }
  print(
    `${report.requests} requests, ${report.changed} decided otherwise, ${report.withUnknownFacts} with unknown facts`,
  );
  for (const { kind, rules, count } of report.groups) print(`${String(count).padStart(8)} ${kind}: ${rules}`);
  return 0;
}

function imageOf(file: string, print: Print): PolicyImage | undefined {
  const image: Result<PolicyImage, readonly Diagnostic[]> = compile(readFileSync(file, 'utf8'), 0);
  if (image.ok) return image.value;
  complain(file, image.error, print);
  return undefined;
}

function complain(file: string, found: readonly Diagnostic[], print: Print): number {
  for (const diagnostic of found) print(formatDiagnostic(file, diagnostic));
  return found.length;
}
