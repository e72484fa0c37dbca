import { isCleared } from '@writ/classification';
import { parseRequestId, type Ask, type Endpoint, type Snapshot } from '@writ/domain';
import { isReceipt } from '@writ/ledger';
import { guardedDispatcher } from '@writ/platform';
import { createProviders, dialects, parseRoute, type Deadlines } from '@writ/providers';
import { isAuthorizedBy, localHealth } from '@writ/routing';
import { must } from '../../support/index.js';
import { CallerTwin } from '../../support/caller-twin.js';
import { House } from '../../support/house.js';

export interface RealWay {
  readonly house: House;
  /** One request by any door's route, as the door would read it. */
  ask(route: string, body: object): Ask;
  send(route: string, body: object): Promise<CallerTwin>;
  close(): Promise<void>;
}

/**
 * The real way of an answer: real enforcement, ledger, policy, dialects and provider adapters over real HTTP, with the
 * ledger's store in memory, so that every window can be judged at the moment it is written to the socket.
 */
export function openWay(snapshot: Snapshot, allowHosts: readonly string[], deadlines: Partial<Deadlines>): RealWay {
  const house = new House({ realTime: true, snapshot });
  const dispatcher = guardedDispatcher({ allowHosts, connectMs: 5_000 });
  const providers = createProviders({
    proofs: { isReceipt, isAuthorizedBy, isCleared },
    dispatcherFor: () => dispatcher,
    openKey: (_, key) => Promise.resolve(key.sealed),
    deadlines,
  });
  // Retries without their random wait: nothing here is about spreading load.
  const ids = { ...house.ports.ids, random: () => 0 };
  Object.assign(house.ports, { providers, dialects, ids });
  const ask = (route: string, body: object): Ask => {
    const request = must(parseRequestId(house.newId()));
    const meta = { request, route, receivedAt: Date.now(), clientAddress: '192.0.2.1', userAgent: 'test' };
    return must(parseRoute(route, Buffer.from(JSON.stringify(body)), meta));
  };
  return {
    house,
    ask,
    async send(route, body) {
      // Each request is judged alone: what an earlier one made rest must not decide this one.
      Object.assign(house.ports, { health: localHealth() });
      const caller = new CallerTwin(house);
      await caller.ask(ask(route, body));
      return caller;
    },
    close: () => dispatcher.destroy(),
  };
}

/** A snapshot with one alias that leads to these endpoints, in their order. */
export function leadingTo(snapshot: Snapshot, alias: string, ...endpoints: readonly Endpoint[]): Snapshot {
  const candidates = endpoints.map(({ id, models }) => ({ endpoint: id, model: models[0] ?? '', weight: 1 }));
  return { ...snapshot, endpoints, aliases: [{ name: alias, strategy: 'ordered', candidates }] };
}
