import { describe, expect, it } from '@jest/globals';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

const preamble = `
import type { Permit, Deny, Endpoint, Ask } from '@writ/domain';
import type { ClearedPrompt } from '@writ/classification';
import type { DecisionRecord, OutcomeRecord, SegmentRecord, Receipt } from '@writ/ledger';
import type { AuthorizedEndpoint } from '@writ/routing';
import { releaseConstant, type ProviderPort, type Released } from '@writ/enforcement';
declare const provider: ProviderPort;
declare const permit: Receipt<DecisionRecord<Permit>>;
declare const deny: Receipt<DecisionRecord<Deny>>;
declare const outcome: Receipt<OutcomeRecord>;
declare const uncommitted: DecisionRecord<Permit>;
declare const authorized: AuthorizedEndpoint;
declare const endpoint: Endpoint;
declare const cleared: ClearedPrompt;
declare const ask: Ask;
declare const how: Parameters<ProviderPort['call']>[3];
declare const bytes: Uint8Array;
declare function socketWrite(released: Released): void;
`;

/** Compiles one snippet against the sources and returns the errors' codes. */
function errorsOf(snippets: Readonly<Record<string, string>>): Readonly<Record<string, readonly number[]>> {
  const folder = join(root, 'test', 'coverage');
  const files = new Map(
    Object.entries(snippets).map(([name, body]) => [
      join(folder, `${name}.virtual.ts`),
      `${preamble}\n${body}\nexport {};\n`,
    ]),
  );
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  };
  const host = ts.createCompilerHost(options);
  const virtual: ts.CompilerHost = {
    ...host,
    fileExists: (path) => files.has(path) || host.fileExists(path),
    readFile: (path) => files.get(path) ?? host.readFile(path),
    getSourceFile(path, languageVersion) {
      const text = files.get(path);
      return text === undefined
        ? host.getSourceFile(path, languageVersion)
        : ts.createSourceFile(path, text, languageVersion);
    },
  };
  const program = ts.createProgram([...files.keys()], options, virtual);
  return Object.fromEntries(
    [...files.keys()].map((path, at) => {
      const source = program.getSourceFile(path);
      const errors = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return [Object.keys(snippets)[at] ?? '', errors.map((error) => error.code)];
    }),
  );
}

const call = (receipt: string, to: string, prompt: string): string =>
  `void provider.call(${receipt}, ${to}, ${prompt}, how);`;

describe('the proof types', () => {
  const errors = errorsOf({
    good: call('permit', 'authorized', 'cleared'),
    uncommitted: call('uncommitted', 'authorized', 'cleared'),
    denied: call('deny', 'authorized', 'cleared'),
    raw: call('permit', 'authorized', 'ask'),
    text: call('permit', 'authorized', 'ask.source'),
    outside: call('permit', 'endpoint', 'cleared'),
    wrongRecord: call('outcome', 'authorized', 'cleared'),
    lookAlike: call('{ record: uncommitted, leafHash: "", level: "committed" as const }', 'authorized', 'cleared'),
    bytes: 'socketWrite(bytes);',
    constantOfModel: 'socketWrite(releaseConstant({ bytes }, { code: "internal" }, ""));',
    releaseIsPrivate: "import { release } from '@writ/enforcement'; socketWrite(release(bytes, outcome));",
    receiptIsTypeOnly: "import { Receipt as Class } from '@writ/ledger'; new Class(uncommitted, '', 'committed');",
    makerIsPrivate:
      "import { CommittedReceipt } from '@writ/ledger'; new CommittedReceipt(uncommitted, '', 'committed');",
  });

  it('let a committed permit with a cleared prompt reach an authorized endpoint', () => {
    expect(errors['good']).toEqual([]);
  });

  it.each(Object.keys(errors).filter((name) => name !== 'good'))('refuse to compile: %s', (name) => {
    expect(errors[name]).not.toEqual([]);
    expect(errors[name]).not.toContain(2307);
  });
});
