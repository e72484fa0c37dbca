import { createHash } from 'node:crypto';

/** The pages of the bootstrap issuer: plain forms, and one constant script for passkeys. Nothing of a caller stands in them unescaped. */
const script = `
const from64 = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const to64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
document.getElementById('passkey').addEventListener('click', async () => {
  const options = await (await fetch(location.pathname + '/passkey/options', { method: 'POST' })).json();
  const found = await navigator.credentials.get({ publicKey: { ...options, challenge: from64(options.challenge), allowCredentials: [] } });
  const { response } = found;
  const answer = { id: found.id, rawId: found.id, type: found.type, clientExtensionResults: {}, response: {
    clientDataJSON: to64(response.clientDataJSON), authenticatorData: to64(response.authenticatorData),
    signature: to64(response.signature), userHandle: response.userHandle ? to64(response.userHandle) : undefined } };
  document.getElementById('answer').value = JSON.stringify(answer);
  document.getElementById('passkey-form').submit();
});`;

/** Only the one constant script runs, and it talks only to this API. */
export function headersFor(only: string): Readonly<Record<string, string>> {
  const hash = createHash('sha256').update(only).digest('base64');
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; script-src 'sha256-${hash}'; connect-src 'self'; form-action 'self' http: https:; frame-ancestors 'none'; base-uri 'none'`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
}

/** Forms go only to this issuer. */
export const pageHeaders = headersFor(script);

export function signInPage(problem: string | undefined): string {
  return page(
    'Sign in',
    `${told(problem)}
<p>With a passkey:</p>
<form method="post" id="passkey-form"><input type="hidden" name="passkey" id="answer"><button type="button" id="passkey">Use a passkey</button></form>
<p>Or with a code by e-mail:</p>
<form method="post"><label>E-mail <input name="email" type="email" autocomplete="email" required></label> <button>Send a code</button></form>
<script>${script}</script>`,
  );
}

export function codePage(signUp: string, problem: string | undefined): string {
  return page(
    'Enter the code',
    `${told(problem)}
<form method="post"><input type="hidden" name="signUp" value="${escape(signUp)}"><label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" required></label> <button>Continue</button></form>`,
  );
}

export function endedPage(): string {
  return page(
    'Start again',
    '<p>This sign-in has ended or was begun elsewhere; start again from the command line.</p>',
  );
}

export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Writ: ${title}</title><h1>${title}</h1>${body}</html>`;
}

function told(problem: string | undefined): string {
  return problem === undefined ? '' : `<p role="alert">${escape(problem)}</p>`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);
}
