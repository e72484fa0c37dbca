import { createHash } from 'node:crypto';
import { createContext, runInContext } from 'node:vm';
import type { Authenticator } from './authenticator.js';

/** A page of this API in a browser as small as it may be: its fields, its one button, and an authenticator. */
export interface Page {
  /** Fills in the fields, presses the button, and gives what the page then says. */
  run(fields: Readonly<Record<string, string>>, fragment?: string): Promise<string>;
}

const credential = (made: object): object => ({ toJSON: () => made });
const challengeOf = ({ publicKey }: { publicKey: { challenge: string } }): string => publicKey.challenge;

/** Throws unless the page's policy of content allows exactly its script. */
export async function withPage(api: string, path: string, passkey: Authenticator): Promise<Page> {
  const answer = await fetch(new URL(path, api));
  const text = await answer.text();
  const [, script = ''] = /<script>([^]*)<\/script>/.exec(text) ?? [];
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = answer.headers.get('content-security-policy') ?? '';
  if (!policy.includes(`script-src 'sha256-${hash}'`) || !policy.startsWith("default-src 'none'"))
    throw new Error(`the page ${path} has a policy that does not fit its script: ${policy}`);
  return {
    run: (fields, fragment = '') =>
      new Promise((resolve) => {
        const element = (id: string): object => {
          if (!text.includes(`id="${id}"`)) throw new Error(`the page ${path} has no element ${id}`);
          return {
            value: fields[id] ?? '',
            addEventListener: (_name: string, press: () => void) => queueMicrotask(press),
            set textContent(said: string) {
              resolve(said);
            },
          };
        };
        const context = createContext({
          document: { getElementById: element },
          location: { hash: `#${fragment}` },
          fetch: (where: string, how: RequestInit) => fetch(new URL(where, api), how),
          PublicKeyCredential: {
            parseRequestOptionsFromJSON: (given: object) => given,
            parseCreationOptionsFromJSON: (given: object) => given,
          },
          navigator: {
            credentials: {
              get: async (given: never) => credential(passkey.get(challengeOf(given))),
              create: async (given: never) => credential(passkey.create(challengeOf(given))),
            },
          },
        });
        runInContext(script, context);
      }),
  };
}
