import type { Refusal } from '@writ/domain';
import type { SecurityPort } from '@writ/enforcement';
import type { Clock, Log } from '@writ/platform';

const windowMs = 60_000;
const sourcesPerWindow = 1_000;

/**
 * Refusals before any tenant is known, as aggregates of one minute: a count by code, and how many addresses they came from.
 * However many arrive, a minute writes one line a code, so a flood can neither fill a ledger nor the log.
 */
export function securityEvents(log: Log, clock: Clock): SecurityPort & { close(): void } {
  let counts = new Map<string, { count: number; readonly sources: Set<string> }>();
  let since = clock.nowMs();
  const flush = (): void => {
    const from = new Date(since).toISOString();
    for (const [code, { count, sources }] of counts)
      log.warn({ code, count, addresses: sources.size, from }, 'refused before a tenant was known');
    counts = new Map();
    since = clock.nowMs();
  };
  const timer = setInterval(flush, windowMs);
  timer.unref();
  return {
    refused({ code, detail }: Refusal, clientAddress) {
      const key = detail === undefined ? code : `${code}/${detail}`;
      const known = counts.get(key) ?? { count: 0, sources: new Set<string>() };
      known.count += 1;
      if (known.sources.size < sourcesPerWindow) known.sources.add(clientAddress);
      counts.set(key, known);
    },
    close() {
      clearInterval(timer);
      flush();
    },
  };
}
