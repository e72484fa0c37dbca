import { refuse, type Ask, type Credential } from '@writ/domain';
import { abandon, type Enforced } from './conclude.js';
import { enforce, type Watch } from './enforce.js';
import type { Ports } from './ports.js';

/**
 * The one place where an exception of the path is caught: it is reported, the decision that was begun is closed, and the
 * caller is refused. It never permits and never returns an answer.
 */
export async function enforceOrRefuse(
  ask: Ask,
  credential: Credential,
  ports: Ports,
  hangUp: AbortSignal,
  report: (error: unknown) => void,
): Promise<Enforced> {
  const watch: Watch = {};
  try {
    return await enforce(ask, credential, ports, hangUp, watch);
  } catch (error) {
    report(error);
    if (watch.exchange) return await abandon(watch.exchange);
    return { kind: 'refused', refusal: refuse('internal'), about: {} };
  } finally {
    watch.place?.leave();
  }
}
