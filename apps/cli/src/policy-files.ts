import { type Endpoint, type Result, err, ok } from '@writ/domain';
import {
  type Diagnostic,
  type Mutant,
  type PolicyDiff,
  type PolicyImage,
  type RecordedFacts,
  type SimulationReport,
  type TestResult,
  compile,
  formatDiagnostic,
  lint,
  mutate,
  runTests,
  semanticDiff,
  simulate,
} from '@writ/policy';
import type { Proof, ProofOfInvariant } from '@writ/policy/prove';
import { exit, linesOf, nameOf, textOf } from './policy-input.js';

/** Answers in sentences, or as one JSON value; the exit code is the same. */
export interface Output {
  readonly json?: true;
  readonly print: (line: string) => void;
}

/** Why a command could not do its work: a file that cannot be read, or a document with complaints. */
interface Trouble {
  readonly file: string;
  readonly unreadable?: string;
  readonly diagnostics: readonly Diagnostic[];
}

function trouble({ json, print }: Output, found: Trouble): number {
  if (json === true) print(JSON.stringify({ ok: false, ...found }));
  else {
    if (found.unreadable !== undefined) print(found.unreadable);
    for (const diagnostic of found.diagnostics) print(formatDiagnostic(found.file, diagnostic));
  }
  return exit.unreadable;
}

function read(file: string): Result<string, Trouble> {
  const text = textOf(file);
  return text.ok ? text : err({ file: nameOf(file), unreadable: text.error, diagnostics: [] });
}

function imageOf(file: string): Result<PolicyImage, Trouble> {
  const source = read(file);
  if (!source.ok) return source;
  const image = compile(source.value, 0);
  return image.ok ? image : err({ file: nameOf(file), diagnostics: image.error });
}

/** Every complaint with its place. A warning alone is fine. */
export function lintFiles(files: readonly string[], output: Output): number {
  const found: { readonly file: string; readonly diagnostics: readonly Diagnostic[] }[] = [];
  for (const file of files) {
    const source = read(file);
    if (!source.ok) return trouble(output, source.error);
    found.push({ file: nameOf(file), diagnostics: lint(source.value) });
  }
  const errors = found.flatMap(({ diagnostics }) => diagnostics).filter(({ severity }) => severity === 'error');
  const isFine = errors.length === 0;
  if (output.json === true) output.print(JSON.stringify({ ok: isFine, files: found }));
  else {
    for (const { file, diagnostics } of found) {
      for (const diagnostic of diagnostics) output.print(formatDiagnostic(file, diagnostic));
      if (diagnostics.length === 0) output.print(`${file}: nothing to complain of`);
    }
  }
  return isFine ? exit.fine : exit.found;
}

export interface TestOptions {
  readonly platform?: string;
  readonly prove?: true;
}

interface Tested {
  readonly file: string;
  readonly tests: readonly Omit<TestResult, 'decision'>[];
  readonly mutants: number;
  readonly survivors: readonly Mutant[];
  readonly proofs?: readonly ProofOfInvariant[];
}

/** Stored tests, then a mutant for each rule, then proofs if asked for; fine when nothing fails, survives or stays unproved. */
export async function testFiles(
  files: readonly string[],
  { platform, prove }: TestOptions,
  output: Output,
): Promise<number> {
  const above = platform === undefined ? ok(undefined) : imageOf(platform);
  if (!above.ok) return trouble(output, above.error);
  const found: Tested[] = [];
  for (const file of files) {
    const source = read(file);
    if (!source.ok) return trouble(output, source.error);
    const tested = testSource(nameOf(file), source.value, above.value);
    if (!tested.ok) return trouble(output, tested.error);
    // oxlint-disable-next-line no-await-in-loop -- one prover, one question at a time
    const proofs = prove === true ? await proofsOf(nameOf(file), source.value) : ok(undefined);
    if (!proofs.ok) return trouble(output, proofs.error);
    found.push({ ...tested.value, ...(proofs.value && { proofs: proofs.value }) });
  }
  const isFine = found.every(
    ({ tests, survivors, proofs }) =>
      tests.every(({ passed }) => passed) &&
      survivors.length === 0 &&
      (proofs ?? []).every(({ proof }) => proof.verdict === 'proved'),
  );
  if (output.json === true) output.print(JSON.stringify({ ok: isFine, files: found }));
  else for (const tested of found) printTested(tested, output.print);
  return isFine ? exit.fine : exit.found;
}

function testSource(file: string, source: string, platform: PolicyImage | undefined): Result<Tested, Trouble> {
  const results = runTests(source, platform);
  if (!results.ok) return err({ file, diagnostics: results.error });
  const tests = results.value.map(({ name, line, passed, differences }) => ({ name, line, passed, differences }));
  if (tests.some(({ passed }) => !passed)) return ok({ file, tests, mutants: 0, survivors: [] });
  const report = mutate(source);
  return report.ok ? ok({ file, tests, ...report.value }) : err({ file, diagnostics: report.error });
}

async function proofsOf(file: string, source: string): Promise<Result<readonly ProofOfInvariant[], Trouble>> {
  const { startProver } = await import('./prover.js');
  const prover = startProver();
  try {
    const proofs = await prover.prove(source);
    return proofs.ok ? proofs : err({ file, diagnostics: proofs.error });
  } finally {
    await prover.close();
  }
}

function printTested({ file, tests, mutants, survivors, proofs }: Tested, print: Output['print']): void {
  const failed = tests.filter(({ passed }) => !passed);
  for (const { name, line, differences } of failed) {
    print(`${file}:${line} failed: ${name}`);
    for (const difference of differences) print(`    ${difference}`);
  }
  print(`${file}: ${tests.length - failed.length} of ${tests.length} tests pass`);
  for (const { rule, mutation } of survivors) {
    print(`${file}: no test notices when rule '${rule}' is made '${mutation}'`);
  }
  if (failed.length === 0) print(`${file}: ${mutants - survivors.length} of ${mutants} broken rules are noticed`);
  for (const { name, proof } of proofs ?? []) {
    print(`${file}: ${proof.verdict}: ${name}`);
    if (proof.verdict === 'broken') print(`    by ${JSON.stringify(proof.witness)}`);
  }
}

/** Every difference of meaning; fine when none loosens, and with `prove` when nothing new is authorized. */
export async function diffFiles(
  before: string,
  after: string,
  { prove }: Pick<TestOptions, 'prove'>,
  output: Output,
): Promise<number> {
  const [old, fresh] = [read(before), read(after)];
  if (!old.ok) return trouble(output, old.error);
  if (!fresh.ok) return trouble(output, fresh.error);
  const diff = semanticDiff(old.value, fresh.value);
  if (!diff.ok) {
    const culprit = compile(old.value, 0).ok ? after : before;
    return trouble(output, { file: nameOf(culprit), diagnostics: diff.error });
  }
  const proof = prove === true ? await proofOfNoLoosening(old.value, fresh.value) : undefined;
  const isFine = diff.value.loosenings.length === 0 && (proof === undefined || proof.verdict === 'proved');
  if (output.json === true) output.print(JSON.stringify({ ok: isFine, ...diff.value, ...(proof && { proof }) }));
  else printDiff(diff.value, proof, output.print);
  return isFine ? exit.fine : exit.found;
}

async function proofOfNoLoosening(before: string, after: string): Promise<Proof> {
  const { startProver } = await import('./prover.js');
  const prover = startProver();
  try {
    const proof = await prover.proveNoLoosening(before, after);
    return proof.ok ? proof.value : { verdict: 'undecided' };
  } finally {
    await prover.close();
  }
}

function printDiff({ beforeHash, afterHash, changes }: PolicyDiff, proof: Proof | undefined, print: Output['print']) {
  print(beforeHash === afterHash ? 'the two versions mean the same' : `${beforeHash} -> ${afterHash}`);
  for (const { direction, what } of changes) print(`${direction.padEnd(9)} ${what}`);
  if (proof === undefined) return;
  print(`nothing new is authorized: ${proof.verdict}`);
  if (proof.verdict === 'broken') print(`    only the new version authorizes ${JSON.stringify(proof.witness)}`);
}

export interface SimulateArguments {
  readonly before: string;
  readonly after: string;
  readonly facts: string;
  readonly endpoints: string;
  readonly platform?: string;
}

/** Replays recorded facts; fine whatever changes, for a change is what was asked about. */
export function simulateFiles(options: SimulateArguments, output: Output): number {
  const platform = options.platform === undefined ? ok(undefined) : imageOf(options.platform);
  const [before, after] = [imageOf(options.before), imageOf(options.after)];
  const endpoints = read(options.endpoints);
  for (const input of [before, after, platform, endpoints]) if (!input.ok) return trouble(output, input.error);
  if (!before.ok || !after.ok || !platform.ok || !endpoints.ok) return exit.unreadable;
  const report = replay(options, {
    before: before.value,
    after: after.value,
    endpoints: endpoints.value,
    ...(platform.value && { platform: platform.value }),
  });
  if (!report.ok) return trouble(output, report.error);
  if (output.json === true) output.print(JSON.stringify(report.value, undefined, 2));
  else printReplay(report.value, output.print);
  return exit.fine;
}

interface Replay {
  readonly before: PolicyImage;
  readonly after: PolicyImage;
  readonly platform?: PolicyImage;
  readonly endpoints: string;
}

function replay(
  { facts, endpoints: catalogueFile }: SimulateArguments,
  { endpoints, ...images }: Replay,
): Result<SimulationReport, Trouble> {
  let at = catalogueFile;
  let line = 1;
  function* records(): Generator<RecordedFacts> {
    for (const text of linesOf(facts)) {
      if (text.trim() !== '') yield JSON.parse(text) as RecordedFacts;
      line += 1;
    }
  }
  try {
    const catalogue = JSON.parse(endpoints) as readonly Endpoint[];
    at = facts;
    return ok(simulate({ ...images, endpoints: catalogue, records: records() }));
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    return err({ file: nameOf(at), unreadable: `${nameOf(at)}:${line} cannot be read: ${what}`, diagnostics: [] });
  }
}

function printReplay(report: SimulationReport, print: Output['print']): void {
  const { requests, changed, withUnknownFacts, unknownFacts, groups } = report;
  print(`${requests} requests, ${changed} decided otherwise, ${withUnknownFacts} with unknown facts`);
  for (const { path, requests: lacking } of unknownFacts) print(`${String(lacking).padStart(8)} without ${path}`);
  for (const { kind, rules, count } of groups) print(`${String(count).padStart(8)} ${kind}: ${rules}`);
}
