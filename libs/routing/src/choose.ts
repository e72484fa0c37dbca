import {
  err,
  ok,
  type Alias,
  type Capability,
  type Endpoint,
  type LimitRule,
  type Permit,
  type Price,
  type RefusalCode,
  type Result,
} from '@writ/domain';
import { authorize } from './authorized-endpoint.js';
import type { Health } from './health.js';
import type { Candidate } from './candidate.js';
import { order } from './order.js';
import { CandidateRoute, type Route } from './route.js';

export interface RouteNeeds {
  readonly model: string;
  readonly aliases: readonly Alias[];
  readonly endpoints: readonly Endpoint[];
  /** For `least-cost`; without them an endpoint's cost class decides. */
  readonly prices?: readonly Price[];
  /** Of these, the rules of scope `endpoint-key` are counted here: nobody knew the key before. */
  readonly limits?: readonly LimitRule[];
  /** What the request may use of a key's tokens, at most. */
  readonly tokens?: number;
  /** Counts an endpoint key's own quota over all processes; undefined where it cannot. */
  readonly takeKey?: (endpoint: string, key: string | undefined) => boolean | undefined;
  /** What the model must be able to beyond text. */
  readonly capabilities?: readonly Capability[];
  /** Names the conversation, where the caller named one: for `sticky`. */
  readonly conversation?: string | undefined;
  readonly random: () => number;
  readonly nowMs: number;
}

export type RouteRefusal = Extract<
  RefusalCode,
  'no-authorized-endpoint' | 'no-capable-endpoint' | 'no-healthy-endpoint' | 'model-unknown'
>;

/** Which endpoints may this go to, and in which order? The permit's set comes first; nothing later can widen it. */
export function choose(permit: Permit, needs: RouteNeeds, health: Health): Result<Route, RouteRefusal> {
  const alias = needs.aliases.find(({ name }) => name === needs.model) ?? aliasOfModel(needs);
  if (alias.candidates.length === 0) return err('model-unknown');
  const candidates = authorizedCandidates(permit, alias, needs.endpoints);
  if (candidates.length === 0) return err('no-authorized-endpoint');
  const { prices = [], limits = [], tokens = 0, capabilities = [], conversation, random, nowMs } = needs;
  const demands = { capabilities, tokens };
  const ordered = order(candidates, { strategy: alias.strategy, prices, health, random, demands, conversation });
  if (ordered.length === 0) return err('no-capable-endpoint');
  const route = new CandidateRoute(ordered, health, { rules: limits, tokens, takeKey: needs.takeKey }, random);
  return route.prepare(nowMs) ? ok(route) : err('no-healthy-endpoint');
}

/** A concrete model name is an alias with its own name, for every endpoint that declares the model. */
function aliasOfModel({ model, endpoints }: RouteNeeds): Alias {
  const candidates = endpoints
    .filter(({ models }) => models.includes(model))
    .map(({ id }) => ({ endpoint: id, model, weight: 1 }));
  return { name: model, strategy: 'ordered', candidates };
}

function authorizedCandidates(permit: Permit, alias: Alias, endpoints: readonly Endpoint[]): readonly Candidate[] {
  return alias.candidates.flatMap(({ endpoint: id, ...declared }) => {
    const endpoint = endpoints.find((one) => one.id === id);
    const authorized = endpoint && authorize(endpoint, permit);
    return authorized ? [{ contextLength: undefined, ...declared, endpoint: authorized }] : [];
  });
}
