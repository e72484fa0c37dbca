import type { GraphQLFormattedError } from 'graphql';
import { isOutage } from '@writ/postgres/control';
import { GraphQLError } from 'graphql';

const statusOf: Readonly<Record<string, number>> = {
  REQUEST_TOO_LARGE: 413,
  UNAUTHENTICATED: 401,
  SETUP_ENDED: 401,
  UNAVAILABLE: 503,
  LEDGER_UNAVAILABLE: 503,
  INTERNAL: 500,
};

type Report = (cause: unknown, request: string) => void;

const internal = 'The administration plane failed and refused; the operators can find the cause by the request id.';

/** Only errors that were made to be shown keep their text: the rest might carry a row, a path or a secret. */
function formatted(error: GraphQLError, request: string, mayLearn: boolean, report: Report): GraphQLFormattedError {
  const { shown, ...extensions } = error.extensions;
  const place = { ...(error.path && { path: error.path }), ...(error.locations && { locations: error.locations }) };
  if (shown === true) return { message: error.message, ...place, extensions: { ...extensions, request } };
  const cause = error.originalError;
  if (cause instanceof GraphQLError) return formatted(cause, request, mayLearn, report);
  if (cause === undefined || cause === null) {
    const message = mayLearn ? error.message : withoutSuggestions(error.message);
    return { message, ...place, extensions: { code: 'GRAPHQL_VALIDATION_FAILED', request } };
  }
  if (isTooLarge(cause)) {
    const message = 'The request is larger than this API reads; shorten it.';
    return { message, ...place, extensions: { code: 'REQUEST_TOO_LARGE', request } };
  }
  if (isBadRequest(cause)) {
    const message = 'The body is not JSON that this API reads; send one object with `query`.';
    return { message, ...place, extensions: { code: 'BAD_USER_INPUT', request } };
  }
  report(cause, request);
  if (isOutage(cause)) {
    const message = 'The database of this API cannot be reached, so nothing was changed; try again shortly.';
    return { message, ...place, extensions: { code: 'UNAVAILABLE', request } };
  }
  return { message: internal, ...place, extensions: { code: 'INTERNAL', request } };
}

/** Fastify's own refusals, before a document was seen. */
function isBadRequest(cause: Error): boolean {
  return 'statusCode' in cause && cause.statusCode === 400;
}

function isTooLarge(cause: Error): boolean {
  return 'statusCode' in cause && cause.statusCode === 413;
}

/** The driver wraps the complaints of validation in one error of its own. */
function complaintsIn(error: GraphQLError): readonly GraphQLError[] {
  const cause: unknown = error.originalError;
  const inner =
    cause instanceof Error && 'errors' in cause && Array.isArray(cause.errors) ? (cause.errors as unknown[]) : [];
  const complaints = inner.filter((item) => item instanceof GraphQLError);
  return complaints.length > 0 && complaints.length === inner.length ? complaints : [error];
}

function withoutSuggestions(message: string): string {
  return message.replace(/ ?Did you mean .*$/s, '');
}

/**
 * The one edge where an exception becomes an answer. `mayLearn` is true for authenticated callers: they may see the
 * names that a misspelled field resembles.
 */
export function formatExecution(
  execution: { readonly data?: unknown; readonly errors?: readonly GraphQLError[] | undefined },
  request: string,
  mayLearn: boolean,
  report: Report,
): { statusCode: number; data: Record<string, unknown> | null; errors: GraphQLFormattedError[] } {
  const errors = (execution.errors ?? [])
    .flatMap(complaintsIn)
    .map((error) => formatted(error, request, mayLearn, report));
  const statuses = errors.map(
    ({ extensions }) => statusOf[String(extensions?.['code'])] ?? (execution.data ? 200 : 400),
  );
  return {
    statusCode: Math.max(200, ...statuses),
    data: (execution.data ?? null) as Record<string, unknown> | null,
    errors,
  };
}
