import ts from 'typescript';

/** What a comment such as `// { ok: false, … }` says the expression before it is; undefined when it is prose. */
export function promiseIn(comment: string): ts.Expression | undefined {
  const text = comment.trim();
  if (!/^(?:[[{'"\d]|(?:true|false|null|undefined)\b)/.test(text)) return undefined;
  for (const end of [text.length, text.indexOf(' instead of '), text.indexOf(', and '), text.indexOf(', or ')]) {
    const promise = end < 0 ? undefined : literalIn(text.slice(0, end));
    if (promise !== undefined) return promise;
  }
  if (/^[[{]/.test(text)) throw new Error(`this comment looks like a value and is none: ${text}`);
  return undefined;
}

function literalIn(text: string): ts.Expression | undefined {
  // An ellipsis that is not in a string stands for more members.
  const source = `(${text.replaceAll(/,\s*…/g, ', ...more').replaceAll(/([[{]\s*)…/g, '$1...more')});`;
  const { diagnostics = [] } = ts.transpileModule(source, { reportDiagnostics: true });
  if (diagnostics.length > 0) return undefined;
  const [statement] = ts.createSourceFile('promise.ts', source, ts.ScriptTarget.ES2024).statements;
  if (statement === undefined || !ts.isExpressionStatement(statement)) return undefined;
  const { expression } = statement;
  return ts.isParenthesizedExpression(expression) ? expression.expression : undefined;
}

/** Does the value keep the promise? A string that ends in `…` promises how it begins. */
export function keeps(promise: ts.Expression, value: unknown): boolean {
  if (ts.isStringLiteral(promise)) {
    const { text } = promise;
    if (!text.endsWith('…')) return value === text;
    return typeof value === 'string' && value.startsWith(text.slice(0, -1));
  }
  if (ts.isNumericLiteral(promise)) return value === Number(promise.text.replaceAll('_', ''));
  if (promise.kind === ts.SyntaxKind.TrueKeyword) return value === true;
  if (promise.kind === ts.SyntaxKind.FalseKeyword) return value === false;
  if (promise.kind === ts.SyntaxKind.NullKeyword) return value === null;
  if (ts.isIdentifier(promise) && promise.text === 'undefined') return value === undefined;
  if (ts.isArrayLiteralExpression(promise)) return keepsItems(promise.elements, value);
  if (ts.isObjectLiteralExpression(promise)) return keepsMembers(promise.properties, value);
  throw new Error('a comment promises a value that is no literal');
}

function keepsItems(items: readonly ts.Expression[], value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const said = items.filter((item) => !ts.isSpreadElement(item));
  if (said.length === items.length && value.length !== items.length) return false;
  return said.every((item, at) => keeps(item, value[at]));
}

function keepsMembers(members: readonly ts.ObjectLiteralElementLike[], value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const said = members.filter(ts.isPropertyAssignment);
  if (said.length === members.length && Object.keys(value).length !== members.length) return false;
  return said.every(({ name, initializer }) => {
    const key = ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : '';
    return keeps(initializer, (value as Readonly<Record<string, unknown>>)[key]);
  });
}
