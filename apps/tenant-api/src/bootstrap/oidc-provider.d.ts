/** The part of the published library that the bootstrap issuer uses; it ships no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface OidcContext {
    readonly oidc: {
      readonly session: { readonly accountId?: string };
      readonly client: { readonly clientId: string };
      readonly params?: Readonly<Record<string, unknown>>;
      readonly provider: Provider;
    };
  }
  interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }
  class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Grant: new (fields: { accountId: string | undefined; clientId: string }) => Grant;
    proxy: boolean;
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    interactionDetails(
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<{ readonly uid: string; readonly prompt: { readonly name: string } }>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: Readonly<Record<string, unknown>>,
    ): Promise<void>;
    on(event: string, listener: (...args: unknown[]) => void): this;
  }
  export { Provider, type OidcContext };
  export default Provider;
}
