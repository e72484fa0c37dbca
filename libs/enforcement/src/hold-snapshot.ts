import { createHmac } from 'node:crypto';
import { err, ok, refuse, type PolicySource, type Refusal, type Result, type Snapshot } from '@writ/domain';
import { loadTaxonomy, loadTaxonomyInSlices, type Taxonomy } from '@writ/classification';
import type { LogContext } from '@writ/ledger';
import { link, type PolicyImage, unpackImage } from '@writ/policy';
import type { Held } from './ports.js';

/** Compiles a policy's text away from the thread that serves. Throws while that cannot be done; the next request asks again. */
export type CompilePolicy = (owner: string, source: string, version: number) => Promise<Result<PolicyImage, unknown>>;

/** What a snapshot is under: its log with the tenant's keys in clear, the moment, and the operators' own layer of policy. */
export interface HoldingGround {
  readonly log: LogContext;
  readonly nowMs: number;
  readonly platform?: PolicyImage;
  readonly compile: CompilePolicy;
}

export interface Holding {
  readonly held: Held;
  readonly image: PolicyImage;
  /** The policy on trial; undefined where there is none, or where it is not what it claims. It decides nothing. */
  readonly shadow: PolicyImage | undefined;
}

/** A snapshot with what is compiled from it. One that is not what it claims refuses; nothing stands in for it. */
export async function holdSnapshot(snapshot: Snapshot, ground: HoldingGround): Promise<Result<Holding, Refusal>> {
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

async function hold(
  snapshot: Snapshot,
  { log, nowMs, platform, compile }: HoldingGround,
  taxonomy: Result<Taxonomy, readonly string[]>,
): Promise<Result<Holding, Refusal>> {
  const image = await imageOf(snapshot.policy, snapshot, compile);
  if (image === undefined || !taxonomy.ok) return err(refuse('policy-invalid'));
  const shadow = await trialOf(snapshot, compile);
  const linked = (one: PolicyImage) => link(one, snapshot.endpoints, nowMs, platform);
  const held: Held = {
    snapshot,
    policy: linked(image),
    ...(shadow && { shadow: linked(shadow) }),
    taxonomy: taxonomy.value,
    log,
    digestKey: createHmac('sha256', log.hmacKey).update('writ/stream-and-values').digest(),
  };
  return ok({ held, image, shadow });
}

/** A version on trial that is not what it claims, or cannot be read now, is left out: it decides nothing, so nothing is denied for it. */
async function trialOf(snapshot: Snapshot, compile: CompilePolicy): Promise<PolicyImage | undefined> {
  if (snapshot.shadowPolicy === undefined) return undefined;
  try {
    return await imageOf(snapshot.shadowPolicy, snapshot, compile);
  } catch {
    return undefined;
  }
}

/**
 * The image that came with the text, signed by the same key: whoever could forge one could forge the other. A damaged one
 * is never made up for by the text beside it, because then nobody knows what else is damaged. Where there is none of this
 * release's layout, the text is compiled. Either way its hash is the one that was published.
 */
async function imageOf(
  { image: packed, source, version, hash }: PolicySource,
  { tenant }: Snapshot,
  compile: CompilePolicy,
): Promise<PolicyImage | undefined> {
  if (packed !== undefined) {
    const loaded = unpackImage(Buffer.from(packed, 'base64'));
    if (loaded.ok) return loaded.value.hash === hash ? { ...loaded.value, version } : undefined;
    if (loaded.error === 'damaged') return undefined;
  }
  const compiled = await compile(tenant, source, version);
  return compiled.ok && compiled.value.hash === hash ? compiled.value : undefined;
}
