/** As much of a browser as a sign-in needs: cookies, redirects and forms. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  /** Follows redirects to a page; a form is sent by POST first. */
  async visit(
    url: string,
    form?: Readonly<Record<string, string>>,
  ): Promise<{ readonly url: string; readonly text: string; readonly status: number }> {
    let next = url;
    let body = form === undefined ? undefined : new URLSearchParams(form);
    for (let hops = 0; hops < 10; hops += 1) {
      const response = await fetch(next, {
        method: body ? 'POST' : 'GET',
        redirect: 'manual',
        headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(body && { body }),
      });
      for (const line of response.headers.getSetCookie()) this.#keep(line);
      const location = response.headers.get('location');
      if (location === null) return { url: next, text: await response.text(), status: response.status };
      next = new URL(location, next).href;
      body = undefined;
    }
    throw new Error(`too many redirects from ${url}`);
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    if (/expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(pair.slice(0, at));
    else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

/** The fields that a page's form has already, such as its protection against forgery. */
export function hiddenFields(page: string): Record<string, string> {
  return Object.fromEntries(
    [...page.matchAll(/<input[^>]*>/g)].flatMap(([tag]) => {
      const name = /name="([^"]*)"/.exec(tag)?.[1];
      const value = /value="([^"]*)"/.exec(tag)?.[1];
      return name !== undefined && value !== undefined ? [[name, value]] : [];
    }),
  );
}
