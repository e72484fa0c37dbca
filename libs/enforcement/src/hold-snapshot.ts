import { createHmac } from 'node:crypto';
import { err, ok, refuse, type Refusal, type Result, type Snapshot } from '@writ/domain';
import { loadTaxonomy, loadTaxonomyInSlices, type Taxonomy } from '@writ/classification';
import type { LogContext } from '@writ/ledger';
import { compile, link, type PolicyImage } from '@writ/policy';
import type { Held } from './ports.js';

/** What a snapshot is under: its log with the tenant's keys in clear, the moment, and the operators' own layer of policy. */
export interface HoldingGround {
  readonly log: LogContext;
  readonly nowMs: number;
  readonly platform?: PolicyImage;
}

export interface Holding {
  readonly held: Held;
  readonly image: PolicyImage;
  /** The policy on trial; undefined where there is none, or where it is not what it claims. It decides nothing. */
  readonly shadow: PolicyImage | undefined;
}

/** A snapshot with what is compiled from it. One that does not compile to what it claims refuses; nothing stands in for it. */
export function holdSnapshot(snapshot: Snapshot, ground: HoldingGround): Result<Holding, Refusal> {
  return hold(snapshot, ground, loadTaxonomy(snapshot.taxonomy));
}

/** The same where requests are served meanwhile: the taxonomy is compiled in slices, each after a `pause`. */
export async function holdSnapshotInSlices(
  snapshot: Snapshot,
  ground: HoldingGround,
  pause: () => Promise<void>,
): Promise<Result<Holding, Refusal>> {
  return hold(snapshot, ground, await loadTaxonomyInSlices(snapshot.taxonomy, pause));
}

function hold(
  snapshot: Snapshot,
  { log, nowMs, platform }: HoldingGround,
  taxonomy: Result<Taxonomy, readonly string[]>,
): Result<Holding, Refusal> {
  const image = compile(snapshot.policy.source, snapshot.policy.version);
  if (!image.ok || image.value.hash !== snapshot.policy.hash || !taxonomy.ok) return err(refuse('policy-invalid'));
  const shadow = shadowImage(snapshot);
  const linked = (one: PolicyImage) => link(one, snapshot.endpoints, nowMs, platform);
  const held: Held = {
    snapshot,
    policy: linked(image.value),
    ...(shadow && { shadow: linked(shadow) }),
    taxonomy: taxonomy.value,
    log,
    digestKey: createHmac('sha256', log.hmacKey).update('writ/stream-and-values').digest(),
  };
  return ok({ held, image: image.value, shadow });
}

/** A version on trial that is not what it claims is left out: it decides nothing, so nothing is denied for it. */
function shadowImage({ shadowPolicy }: Snapshot): PolicyImage | undefined {
  if (shadowPolicy === undefined) return undefined;
  const image = compile(shadowPolicy.source, shadowPolicy.version);
  return image.ok && image.value.hash === shadowPolicy.hash ? image.value : undefined;
}
