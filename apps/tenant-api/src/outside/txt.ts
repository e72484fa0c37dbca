import { Resolver } from 'node:dns/promises';
import { err, ok } from '@writ/domain';
import type { TxtPort } from '../ports.js';

const gone = new Set(['ENOTFOUND', 'ENODATA']);

/** Asks every name server by itself; a string counts when more than half of them hold it, so that one liar is not enough. */
export function txtRecords(servers: readonly string[]): TxtPort {
  const resolvers = (servers.length === 0 ? [undefined] : servers).map((server) => {
    const resolver = new Resolver({ timeout: 3_000, tries: 2 });
    if (server !== undefined) resolver.setServers([server]);
    return resolver;
  });
  return {
    async txt(name) {
      const answers = await Promise.all(resolvers.map((resolver) => answerOf(resolver, name)));
      const votes = new Map<string, number>();
      for (const strings of answers)
        for (const text of new Set(strings ?? [])) votes.set(text, (votes.get(text) ?? 0) + 1);
      const heard = answers.filter((strings) => strings !== undefined).length;
      if (heard * 2 <= resolvers.length) return err('Too few name servers answered; try again in a minute.');
      return ok([...votes].filter(([, count]) => count * 2 > resolvers.length).map(([text]) => text));
    },
  };
}

async function answerOf(resolver: Resolver, name: string): Promise<readonly string[] | undefined> {
  try {
    return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
  } catch (error) {
    return error instanceof Error && 'code' in error && gone.has(String(error.code)) ? [] : undefined;
  }
}
