import type { Capability } from '@writ/domain';
import type { AuthorizedEndpoint } from './authorized-endpoint.js';

/** One place a request may go: an authorized endpoint and the model to ask it for. */
export interface Candidate {
  readonly endpoint: AuthorizedEndpoint;
  readonly model: string;
  readonly weight: number;
  readonly contextLength: number | undefined;
  /** What the model can beyond text, when the tenant declares it. */
  readonly capabilities?: readonly Capability[] | undefined;
}
