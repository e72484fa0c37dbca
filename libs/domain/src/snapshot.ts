import type { Capability } from './ask.js';
import type { EvidenceLevel } from './decision.js';
import type { Endpoint } from './endpoint.js';
import type { EndpointId, TenantId } from './ids.js';

/** How one identity provider of a tenant is trusted. Unique over all tenants on (issuer, audience, bound claim). */
export interface IdentityConnection {
  readonly id: string;
  readonly kind: 'oidc' | 'introspection' | 'mtls' | 'workload';
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly jwksUri?: string;
  readonly introspectionUri?: string;
  /** Pinned; HS* and none are never accepted whatever stands here. */
  readonly algorithms: readonly string[];
  /** Claims that must have exactly these values, e.g. `tid`, `hd`, `org_id`. */
  readonly boundClaims: Readonly<Record<string, string>>;
  readonly acceptIdTokens: boolean;
  readonly maxLifetimeSeconds: number;
  readonly skewSeconds: number;
  readonly subjectKind: 'human' | 'agent' | 'workload';
  /** Ordered; every rule that matches adds its roles. */
  readonly roleMappings: readonly RoleMapping[];
  /** Claims copied into `Subject.attributes`, and the claims of groups, department and clearance. */
  readonly claims: {
    readonly groups: string;
    readonly department?: string;
    readonly clearance?: string;
    readonly attributes: readonly string[];
  };
  /** Introspection client, mTLS trust roots (PEM), DPoP requirement and the like, by kind. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface RoleMapping {
  readonly claim: string;
  readonly equals: string;
  readonly role: string;
}

/** A key of one of the tenant's apps: only its SHA-256 is kept. */
export interface AppKey {
  readonly id: string;
  readonly app: string;
  readonly sha256: string;
  readonly roles: readonly string[];
  readonly kind: 'agent' | 'workload';
  readonly expiresAt?: number;
}

/**
 * What the tenant's directory says of one subject beside its token. Whoever is not listed stands as the token says. The
 * subject is a digest, so that a snapshot names no person.
 */
export interface Standing {
  /** The identity connection that the subject comes by. */
  readonly connection: string;
  /** SHA-256, hex, of the issuer's `sub`. */
  readonly subject: string;
  /** Refused, whatever the token says. */
  readonly withdrawn: boolean;
  /** On top of what the claim mapping gives. */
  readonly roles: readonly string[];
}

export interface AliasCandidate {
  readonly endpoint: EndpointId;
  readonly model: string;
  readonly weight: number;
  /** Tokens the model accepts, when the tenant declares it: a request too long for one goes only to a longer one. */
  readonly contextLength?: number;
  /** What the model can beyond text, when the tenant declares it; for `capability-fit`. */
  readonly capabilities?: readonly Capability[];
}

/** How an alias's candidates are put in order. `sticky` sends a conversation to the same candidate as long as it is well. */
export type Strategy = 'ordered' | 'weighted' | 'least-cost' | 'lowest-latency' | 'capability-fit' | 'sticky';

/** What a caller asks for, mapped to candidates. A concrete model name is an alias with its own name. */
export interface Alias {
  readonly name: string;
  /** One, or a combination: the earlier decides, a later one breaks its ties. */
  readonly strategy: Strategy | readonly Strategy[];
  readonly candidates: readonly AliasCandidate[];
}

export interface LimitRule {
  readonly id: string;
  readonly scope: 'tenant' | 'app' | 'subject' | 'role' | 'team' | 'endpoint-key';
  /** The role, app, team or key it is for; absent means each one separately. A team is a group of the tenant's directory. */
  readonly match?: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly concurrency?: number;
}

/** A ceiling on money. Amounts are micro-units of the tenant's currency, as decimal strings of integers. */
export interface Budget {
  readonly id: string;
  readonly scope: 'tenant' | 'app' | 'subject' | 'role' | 'team';
  readonly match?: string;
  readonly period: 'day' | 'month' | 'total';
  readonly limitMicros: string;
  readonly hard: boolean;
}

/** Price per million tokens in micro-units; the version goes into every spend row. */
export interface Price {
  readonly endpoint?: EndpointId;
  readonly model: string;
  readonly inputMicrosPerMillion: string;
  readonly outputMicrosPerMillion: string;
  /** Of the input, the part read from the provider's cache; as the rest of the input when absent. */
  readonly cacheReadMicrosPerMillion?: string;
  /** Of the input, the part written to the provider's cache; as the rest of the input when absent. */
  readonly cacheWriteMicrosPerMillion?: string;
  /** Of the output, the part that was thinking; as the rest of the output when absent. */
  readonly reasoningMicrosPerMillion?: string;
  /** What holds instead for a request whose input is longer. */
  readonly longContext?: {
    readonly aboveTokens: number;
    readonly inputMicrosPerMillion: string;
    readonly outputMicrosPerMillion: string;
    readonly cacheReadMicrosPerMillion?: string;
    readonly cacheWriteMicrosPerMillion?: string;
  };
  /** From when it holds, ms since the epoch; since ever when absent. The latest that has begun counts. */
  readonly validFrom?: number;
  /** Tokens the model can take and give together, and give at most in one answer, as its vendor publishes them. */
  readonly contextLength?: number;
  readonly maxOutputTokens?: number;
  readonly version: string;
}

/** What the tenant adds to the built-in taxonomy. */
export interface TaxonomySource {
  readonly version: string;
  readonly terms: readonly { readonly class: string; readonly term: string }[];
  readonly patterns: readonly { readonly class: string; readonly name: string; readonly pattern: string }[];
  /** Per-mille thresholds by class or type, where the tenant tightens or (audited) relaxes. */
  readonly thresholds: Readonly<Record<string, number>>;
}

/** A candidate taxonomy beside the live one: some requests are read by it too, their differences recorded; it never acts. */
export interface TrialTaxonomy {
  readonly source: TaxonomySource;
  /** Of the tenant's requests, how many of a thousand. */
  readonly perMille: number;
}

export interface PolicySource {
  readonly source: string;
  readonly version: number;
  readonly hash: string;
  /**
   * The text compiled and packed, in base64, so that a gateway loads it instead of compiling. Absent in snapshots from
   * before there was one, and where the text was drafted before; an image of another release's layout counts as absent.
   */
  readonly image?: string;
}

/**
 * A tenant's compiled, versioned, signed configuration, as gateways hold it. Immutable; swapped whole. It never holds a
 * secret in clear.
 */
export interface Snapshot {
  readonly tenant: TenantId;
  readonly version: number;
  readonly state: 'active' | 'suspended';
  readonly publishedAt: number;
  readonly connections: readonly IdentityConnection[];
  readonly appKeys: readonly AppKey[];
  readonly policy: PolicySource;
  /** A version on trial beside the live one: its differences are recorded, it never decides. */
  readonly shadowPolicy?: PolicySource;
  /** Absent in snapshots published before there were any. */
  readonly standings?: readonly Standing[];
  readonly taxonomy: TaxonomySource;
  /** Absent where none is on trial. */
  readonly shadowTaxonomy?: TrialTaxonomy;
  readonly endpoints: readonly Endpoint[];
  readonly aliases: readonly Alias[];
  readonly limits: readonly LimitRule[];
  readonly budgets: readonly Budget[];
  readonly prices: readonly Price[];
  /** A model without a price is refused, or counted at the tenant's dearest price where the tenant says so. */
  readonly unpricedModels?: 'refuse' | 'dearest';
  /** Who reviews what the inline pass cannot settle: a model of the tenant's choice, and where two people must agree. */
  readonly review?: {
    readonly model: string;
    /** What every review looks for, beside what the inline pass found and what the policy names. */
    readonly classes: readonly string[];
    readonly secondPersonClasses: readonly string[];
  };
  readonly evidence: {
    readonly level: EvidenceLevel;
    /** Classes whose requests get a dispatch record before the first attempt too. */
    readonly dispatchClasses: readonly string[];
    /** Retention class of records, e.g. `y6`. */
    readonly keep: string;
  };
  /** The tenant's data keys, wrapped by the KMS: `hmac` for commitments and digests, `content` for sealing. */
  readonly wrappedKeys: { readonly hmac: string; readonly content: string };
}
