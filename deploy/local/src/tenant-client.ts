import { randomUUID } from 'node:crypto';

/** A refusal of the tenant API, as a person reads it. */
export class TenantApiError extends Error {}

interface UserError {
  readonly field?: string | null;
  readonly code: string;
  readonly message: string;
}

/** The tenant API over GraphQL, with one credential; what any client of the API would do. */
export class TenantClient {
  constructor(
    readonly url: string,
    readonly token?: string,
  ) {}

  /** Runs one operation. Errors, top-level or in the payload, throw with their code and message. */
  async run<T>(document: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      },
      body: JSON.stringify({ query: document, variables }),
    });
    const answer = (await response.json()) as {
      readonly data?: Readonly<Record<string, unknown>> | null;
      readonly errors?: readonly { readonly message: string }[];
    };
    if (answer.errors && answer.errors.length > 0)
      throw new TenantApiError(answer.errors.map((error) => error.message).join('; '));
    for (const payload of Object.values(answer.data ?? {})) {
      const refused = userErrorsOf(payload);
      if (refused.length > 0)
        throw new TenantApiError(
          refused.map((error) => `${error.code} ${error.field ?? ''}: ${error.message}`).join('; '),
        );
    }
    return answer.data as T;
  }

  /** A mutation `name(input)`, with an idempotency key of its own, and the fields wanted of its payload. */
  async mutate<T>(name: string, input: Readonly<Record<string, unknown>>, fields: string): Promise<T> {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
    const document = `mutation Run($input: ${type}!) { ${name}(input: $input) @idempotent(key: "${randomUUID()}") { ${fields} userErrors { field code message } } }`;
    const data = await this.run<Readonly<Record<string, T>>>(document, { input });
    return data[name] as T;
  }
}

function userErrorsOf(payload: unknown): readonly UserError[] {
  if (typeof payload !== 'object' || payload === null || !('userErrors' in payload)) return [];
  return Array.isArray(payload.userErrors) ? (payload.userErrors as readonly UserError[]) : [];
}
