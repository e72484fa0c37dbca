import type { Dispatcher } from 'undici';
import { request } from 'undici';
import type { MailPort } from '../ports.js';

/** For a first start without a mail server: each mail is one JSON line, where the operator reads the code. */
export function printedMail(write: (line: string) => void): MailPort {
  return {
    async send(mail) {
      write(`${JSON.stringify({ mail })}\n`);
    },
  };
}

/** Hands each mail to the operator's own mail service as a JSON POST. */
export function postedMail(url: string, dispatcher: Dispatcher): MailPort {
  return {
    async send(mail) {
      const answer = await request(url, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(mail),
        signal: AbortSignal.timeout(10_000),
      });
      await answer.body.dump();
      if (answer.statusCode >= 300) throw new Error(`the mail service answered ${answer.statusCode}`);
    },
  };
}
