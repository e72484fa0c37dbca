import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusals } from '@writ/domain';
import ts from 'typescript';
import type { Block } from './blocks.js';
import { keeps, promiseIn } from './promises.js';

/** What a snippet declared, by name. */
export type Values = Readonly<Record<string, unknown>>;

/** What stands around a snippet: real things for its free names, and what must hold when it has run. */
export interface Surroundings {
  readonly given?: object;
  check?(values: Values): unknown;
  close?(): unknown;
}

interface Runnable {
  readonly default: (given: object, promised: (value: unknown, comment: string) => unknown) => Promise<Values>;
}

/** Runs a `ts` block as a module of its own: its imports are real, its other names come from what is given. */
export async function run(block: Block, given: object): Promise<Values> {
  const { default: start } = (await import(written(block, given))) as Runnable;
  return await start(given, (value, comment) => {
    expectKept(block, value, comment);
    return value;
  });
}

/** Runs a `js` block in a process of its own, which has done nothing before: it shows what the engine does. */
export function runAlone(block: Block): void {
  const start = `import start from ${JSON.stringify(written(block, {}))};
    const seen = [];
    await start({}, (value, comment) => void seen.push([value, comment]));
    console.log(JSON.stringify(seen));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', start], { encoding: 'utf8' });
  const seen = JSON.parse(printed) as readonly (readonly [unknown, string])[];
  for (const [value, comment] of seen) expectKept(block, value, comment);
}

function expectKept({ file, line }: Block, value: unknown, comment: string): void {
  const promise = promiseIn(comment);
  if (promise === undefined || keeps(promise, value)) return;
  throw new Error(`${file}:${line}: promised ${comment}, got ${JSON.stringify(value)}`);
}

function written(block: Block, given: object): string {
  const name = createHash('sha256').update(block.text).digest('hex').slice(0, 12);
  const folder = join(import.meta.dirname, 'generated');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, moduleOf(block, given));
  return file;
}

function moduleOf({ text }: Block, given: object): string {
  const source = ts.createSourceFile('snippet.ts', text, ts.ScriptTarget.ES2024, true);
  const imports = source.statements.filter(ts.isImportDeclaration);
  const imported = new Set(imports.flatMap(namesOfImport));
  const free = Object.keys(given).filter((name) => !imported.has(name) && new RegExp(`\\b${name}\\b`).test(text));
  const declared = source.statements.flatMap(namesDeclared);
  const body = instrumented(source).slice(imports.at(-1)?.end ?? 0);
  const whole = `${imports.map((each) => each.getText()).join('\n')}
    export default async ({ ${free.join(', ')} }, promised) => {
      {
        ${body}
        return { ${declared.join(', ')} };
      }
    };`;
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2024, verbatimModuleSyntax: true };
  return ts.transpileModule(whole, { compilerOptions: options }).outputText;
}

function namesOfImport({ importClause }: ts.ImportDeclaration): readonly string[] {
  const bindings = importClause?.namedBindings;
  const named = bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : [];
  const space = bindings && ts.isNamespaceImport(bindings) ? [bindings.name.text] : [];
  return [...(importClause?.name ? [importClause.name.text] : []), ...named, ...space];
}

function namesDeclared(statement: ts.Statement): readonly string[] {
  if (ts.isFunctionDeclaration(statement) && statement.name) return [statement.name.text];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ name }) => namesBound(name));
}

function namesBound(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesBound(element.name) : []));
}

/** Wraps every expression that a comment on its line promises a value of. */
function instrumented(source: ts.SourceFile): string {
  const { text } = source;
  const found: { readonly expression: ts.Expression; readonly comment: string }[] = [];
  const visit = (node: ts.Node): void => {
    const comment = ts.isStatement(node) ? commentAfter(text, node.end) : undefined;
    const expression = comment === undefined ? undefined : valueOf(node);
    if (comment !== undefined) expectRefusals(node, comment);
    if (comment !== undefined && expression !== undefined && promiseIn(comment)) found.push({ expression, comment });
    ts.forEachChild(node, visit);
  };
  visit(source);
  let edited = text;
  for (const { expression, comment } of found.toSorted((a, b) => b.expression.pos - a.expression.pos)) {
    const [start, end] = [expression.getStart(), expression.end];
    const wrapped = `promised(${text.slice(start, end)}, ${JSON.stringify(comment)})`;
    edited = edited.slice(0, start) + wrapped + edited.slice(end);
  }
  return edited;
}

function commentAfter(text: string, end: number): string | undefined {
  const [range] = ts.getTrailingCommentRanges(text, end) ?? [];
  return range && text.slice(range.pos, range.end).replace(/^\/\/\s*/, '');
}

function valueOf(node: ts.Node): ts.Expression | undefined {
  if (ts.isExpressionStatement(node)) return node.expression;
  const [only, more] = ts.isVariableStatement(node) ? node.declarationList.declarations : [];
  return more === undefined ? only?.initializer : undefined;
}

/** A comment after `return refuse(…)` lists codes of the table; none of them may be made up. */
function expectRefusals(node: ts.Node, comment: string): void {
  if (!/\brefuse\(/.test(node.getText())) return;
  for (const [code] of comment.matchAll(/\b[a-z]+(?:-[a-z]+)+\b/g)) {
    if (!(code in refusals)) throw new Error(`${code} is not in the table of refusals`);
  }
}
