/** Who can mend it: the caller, the tenant's administrators, the operators of Writ, or the provider. */
export type Mender = 'caller' | 'tenant' | 'operator' | 'provider';

export interface RefusalRule {
  readonly status: number;
  /** True when the same request may succeed later without a change. */
  readonly retry: boolean;
  readonly mender: Mender;
  /** What the caller is told. One sentence, free of request content. */
  readonly message: string;
}

/** Every answer that is not a completion. `docs/errors.md` has one section per code; a test keeps the two equal. */
export const refusals = {
  'request-malformed': {
    status: 400,
    retry: false,
    mender: 'caller',
    message: 'The request is not valid for this route; correct the field that `param` names.',
  },
  'path-not-canonical': {
    status: 400,
    retry: false,
    mender: 'caller',
    message:
      'The path is not in canonical form; send it without dot segments, escapes of unreserved characters or empty segments.',
  },
  'request-too-large': {
    status: 413,
    retry: false,
    mender: 'caller',
    message: 'The request is larger than this gateway classifies; shorten it.',
  },
  'unsupported-media': {
    status: 415,
    retry: false,
    mender: 'caller',
    message: 'Send the body as application/json in UTF-8 without content coding.',
  },
  'route-unknown': {
    status: 404,
    retry: false,
    mender: 'caller',
    message: 'No such route; see the documentation for the routes of this gateway.',
  },
  'method-not-allowed': {
    status: 405,
    retry: false,
    mender: 'caller',
    message: 'This route does not answer that method.',
  },
  'expectation-refused': {
    status: 417,
    retry: false,
    mender: 'caller',
    message: 'This gateway meets no expectations; send the request without the Expect header.',
  },
  'upgrade-refused': {
    status: 426,
    retry: false,
    mender: 'caller',
    message: 'This gateway speaks HTTP/1.1 and nothing else; send the request without an upgrade.',
  },
  'credential-missing': {
    status: 401,
    retry: false,
    mender: 'caller',
    message: 'No credential was sent; send an access token as `Authorization: Bearer`.',
  },
  'credential-invalid': {
    status: 401,
    retry: false,
    mender: 'caller',
    message: 'The credential could not be verified; get a new access token from your identity provider.',
  },
  'credential-expired': {
    status: 401,
    retry: false,
    mender: 'caller',
    message: 'The access token has expired; get a new one from your identity provider.',
  },
  'identity-unavailable': {
    status: 503,
    retry: true,
    mender: 'operator',
    message: 'The identity provider could not be reached to verify the credential; try again shortly.',
  },
  'subject-withdrawn': {
    status: 403,
    retry: false,
    mender: 'tenant',
    message: 'This person, agent or workload was withdrawn by the tenant; its administrators can say why.',
  },
  'tenant-suspended': {
    status: 403,
    retry: false,
    mender: 'operator',
    message: 'This tenant is suspended; its administrators must contact the operators of this service.',
  },
  'snapshot-missing': {
    status: 503,
    retry: true,
    mender: 'tenant',
    message: 'This tenant has no published configuration yet; its administrators must publish one.',
  },
  'clock-off': {
    status: 503,
    retry: true,
    mender: 'operator',
    message:
      'The clock of this gateway is more than five seconds off, so it judges and records nothing until its operators set it; try again, another one may answer.',
  },
  'snapshot-stale': {
    status: 503,
    retry: true,
    mender: 'operator',
    message: "The gateway cannot confirm the tenant's current configuration; try again shortly.",
  },
  'classification-incomplete': {
    status: 403,
    retry: false,
    mender: 'caller',
    message:
      'The request could not be classified in full, and the policy denies what was not classified; shorten or simplify it.',
  },
  'policy-denied': {
    status: 403,
    retry: false,
    mender: 'tenant',
    message: "The tenant's policy denies this request; its administrators can explain the decision by its id.",
  },
  'subject-mismatch': {
    status: 403,
    retry: false,
    mender: 'caller',
    message:
      'The evaluation names another subject than its credential proves; ask with the credential of the subject it is about.',
  },
  'policy-invalid': {
    status: 503,
    retry: true,
    mender: 'tenant',
    message:
      "The tenant's policy could not be evaluated, so nothing is permitted; its administrators must publish a valid one.",
  },
  'model-unknown': {
    status: 404,
    retry: false,
    mender: 'tenant',
    message: 'The tenant offers no model or alias of this name; ask its administrators, or list the models.',
  },
  'rate-limited': {
    status: 429,
    retry: true,
    mender: 'caller',
    message: 'A rate limit of the tenant is reached; wait as long as Retry-After says.',
  },
  'budget-exhausted': {
    status: 429,
    retry: false,
    mender: 'tenant',
    message: 'A budget of the tenant is exhausted; its administrators can raise it, or wait until it renews.',
  },
  'price-unknown': {
    status: 403,
    retry: false,
    mender: 'tenant',
    message: 'The model has no price, so its cost cannot be reserved; the administrators must price it.',
  },
  'ledger-unavailable': {
    status: 503,
    retry: true,
    mender: 'operator',
    message:
      'The record of this request could not be made durable, so nothing was sent or answered; try again shortly.',
  },
  'ledger-backpressure': {
    status: 429,
    retry: true,
    mender: 'caller',
    message: "Too many of the tenant's records are waiting to be written; slow down.",
  },
  'request-backpressure': {
    status: 429,
    retry: true,
    mender: 'caller',
    message:
      "Too many of the tenant's requests wait to be decided; send fewer at once, and wait as long as Retry-After says.",
  },
  'ledger-integrity-hold': {
    status: 503,
    retry: true,
    mender: 'operator',
    message: "The tenant's ledger is on integrity hold; the operators must resolve it before anything is answered.",
  },
  'no-authorized-endpoint': {
    status: 403,
    retry: false,
    mender: 'tenant',
    message:
      'No endpoint that may serve this model is authorized for this content; the administrators can authorize one.',
  },
  'no-capable-endpoint': {
    status: 400,
    retry: false,
    mender: 'tenant',
    message:
      'No authorized endpoint of this alias declares all that the request needs (tools, images, JSON schema, reasoning, length); the administrators can add one.',
  },
  'no-healthy-endpoint': {
    status: 503,
    retry: true,
    mender: 'provider',
    message: 'Every authorized endpoint is failing or cooling down; try again shortly.',
  },
  'provider-rejected': {
    status: 400,
    retry: false,
    mender: 'caller',
    message: 'The provider rejected the request as invalid.',
  },
  'provider-rate-limited': {
    status: 429,
    retry: true,
    mender: 'provider',
    message: 'The provider limits the rate of every authorized endpoint; wait as long as Retry-After says.',
  },
  'provider-credential': {
    status: 502,
    retry: false,
    mender: 'tenant',
    message: "The provider refused the tenant's provider key; the administrators must replace it.",
  },
  'provider-billing': {
    status: 502,
    retry: false,
    mender: 'tenant',
    message: "The tenant's account at the provider has no credit; the administrators must settle it.",
  },
  'provider-unavailable': {
    status: 502,
    retry: true,
    mender: 'provider',
    message: 'The provider failed or did not answer in time.',
  },
  'provider-protocol': {
    status: 502,
    retry: true,
    mender: 'provider',
    message: 'The provider answered with something that is not its protocol; nothing of it was released.',
  },
  'context-too-long': {
    status: 400,
    retry: false,
    mender: 'caller',
    message: 'The request is longer than any authorized model accepts; shorten it.',
  },
  'answer-withheld': {
    status: 403,
    retry: false,
    mender: 'tenant',
    message:
      "The answer held content that the tenant's policy withholds; its administrators can explain the decision by its id.",
  },
  internal: {
    status: 500,
    retry: true,
    mender: 'operator',
    message: 'The gateway failed and refused; the operators can find the cause by the request id.',
  },
} as const satisfies Record<string, RefusalRule>;

export type RefusalCode = keyof typeof refusals;

/** Anything answered instead of a completion. */
export interface Refusal {
  readonly code: RefusalCode;
  /** The field at fault, as a JSON pointer or header name. */
  readonly param?: string;
  /** A finer stable code, such as the deny code of the policy or `token_alg`. */
  readonly detail?: string;
  /** Replaces the table's message when the reason is more precise; free of request content. */
  readonly message?: string;
  readonly retryAfterSeconds?: number;
}

export function refuse(code: RefusalCode, more: Omit<Refusal, 'code'> = {}): Refusal {
  return { code, ...more };
}
