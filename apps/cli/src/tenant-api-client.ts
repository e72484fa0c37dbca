import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Where the tenant API stands, and the file that holds the credential. A token on the command line would stay in the shell's history. */
export interface Connection {
  readonly api: string;
  readonly tokenFile?: string;
}

export interface UserError {
  readonly field: readonly string[];
  readonly code: string;
  readonly message: string;
}

/** A refusal of the tenant API, as a person reads it. */
export class Refused extends Error {}

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

export async function ask(
  connection: Connection,
  query: string,
  variables: object = {},
): Promise<Record<string, unknown>> {
  const token = connection.tokenFile === undefined ? undefined : readFileSync(connection.tokenFile, 'utf8').trim();
  const response = await fetch(new URL('/graphql', connection.api), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
  });
  const answer = (await response.json()) as Answer;
  if (answer.errors && answer.errors.length > 0) {
    const lines = answer.errors.map(({ message, extensions }) => `${extensions?.code ?? 'ERROR'}: ${message}`);
    throw new Refused([...new Set(lines)].join('\n'));
  }
  return { ...answer.data };
}

/** Runs one mutation, with an idempotency key of its own; a refusal in its payload is thrown as one line each. */
export async function change(
  connection: Connection,
  name: string,
  input: object,
  fields: string,
): Promise<Record<string, unknown>> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) @idempotent(key: "${randomUUID()}") { ${fields} userErrors { field code message } } }`;
  const payload = (await ask(connection, query, { input }))[name] as Record<string, unknown> & {
    readonly userErrors: readonly UserError[];
  };
  if (payload.userErrors.length > 0) {
    throw new Refused(
      payload.userErrors.map(({ field, code, message }) => `${code} ${field.join('.')}: ${message}`).join('\n'),
    );
  }
  return payload;
}

/** Prints for a program or a person, and turns a refusal into a sentence and exit status 1. */
export async function answered(
  json: boolean,
  work: () => Promise<{ readonly value: unknown; readonly lines: readonly string[] }>,
): Promise<void> {
  try {
    const { value, lines } = await work();
    process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`);
  } catch (cause) {
    process.stderr.write(`writ: ${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.exitCode = 1;
  }
}
