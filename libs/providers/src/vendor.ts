import type { ClearedPrompt } from '@writ/classification';
import type { AnswerEvent, Endpoint, Result } from '@writ/domain';
import type { FaultClass, ProviderFault } from '@writ/routing';
import type { IncomingHttpHeaders } from 'node:http';
import type { VendorError } from './fault.js';
import type { Arrived } from './transport.js';

/** One call as a vendor's translator sees it. */
export interface Job {
  readonly endpoint: Endpoint;
  readonly prompt: ClearedPrompt;
  readonly model: string;
  /** The provider key in clear, for this call only. */
  readonly secret: string | undefined;
  readonly maxOutputTokens: number | undefined;
}

export interface Wire {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An access token for the service account in a key file, or the secret itself where it is a token already. */
export type TokenSource = (secret: string) => Promise<Result<string, ProviderFault>>;

/** A vendor: how a prompt is written for it, how its answer is read, what its errors mean. */
export interface Vendor {
  write(job: Job): Result<Wire, ProviderFault>;
  /** Headers that authorize the call, where they depend on the whole of it. */
  authorize?(
    wire: Wire,
    job: Job,
    tokens: TokenSource,
  ): Promise<Result<Readonly<Record<string, string>>, ProviderFault>>;
  /** `arrived` has status 200. Ends with the terminal event or breaks. */
  read(arrived: Arrived, job: Job): AsyncIterable<AnswerEvent>;
  /** The media type it answers with, when it is not JSON or server-sent events. */
  contentType?(stream: boolean): string;
  /** What its error body says. */
  errorOf(body: unknown, headers?: IncomingHttpHeaders): VendorError;
  /** Its own codes, where they say more than the status. */
  classOf(status: number, error: VendorError): FaultClass | undefined;
}

export function cannotServe(detail: string): ProviderFault {
  return { class: 'malformed', detail };
}
