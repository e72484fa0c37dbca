import { Column, Entity } from 'typeorm';
import { ControlRow, NamedRow } from './row.js';

/** A DNS domain; its name is unique over all tenants once verified. */
@Entity('domain', { schema: 'control' })
export class DomainRow extends NamedRow {
  /** What the TXT record must hold. Public by nature. */
  @Column('text')
  challenge!: string;

  @Column('timestamptz', { nullable: true })
  verifiedAt!: Date | null;
}

@Entity('identity_provider', { schema: 'control' })
export class IdentityProviderRow extends NamedRow {
  @Column('text')
  kind!: 'oidc' | 'introspection' | 'mtls' | 'workload';

  @Column('text')
  issuer!: string;

  @Column('jsonb')
  audiences!: string[];

  @Column('text', { nullable: true })
  jwksUri!: string | null;

  @Column('text', { nullable: true })
  introspectionUri!: string | null;

  @Column('jsonb')
  algorithms!: string[];

  @Column('jsonb')
  boundClaims!: Record<string, string>;

  @Column('boolean')
  acceptIdTokens!: boolean;

  @Column('integer')
  maxLifetimeSeconds!: number;

  @Column('integer')
  skewSeconds!: number;

  @Column('text')
  subjectKind!: 'human' | 'agent' | 'workload';

  @Column('jsonb')
  roleMappings!: { claim: string; equals: string; role: string }[];

  @Column('jsonb')
  claims!: { groups: string; department?: string; clearance?: string; attributes: string[] };

  @Column('jsonb')
  settings!: Record<string, string>;

  @Column('boolean')
  enabled!: boolean;

  /** When a real token last passed every check. */
  @Column('timestamptz', { nullable: true })
  testedAt!: Date | null;
}

@Entity('member', { schema: 'control' })
export class MemberRow extends ControlRow {
  @Column('uuid')
  identityProviderId!: string;

  /** The issuer's `sub`. */
  @Column('text')
  subject!: string;

  @Column('text', { nullable: true })
  email!: string | null;

  /** Roles granted here, on top of what the claim mapping gives. */
  @Column('jsonb')
  roles!: string[];

  @Column('boolean')
  active!: boolean;

  /** SCIM's `userName`, unique within the identity provider; null for whoever came without SCIM. */
  @Column('text', { nullable: true })
  userName!: string | null;

  @Column('text', { nullable: true })
  externalId!: string | null;
}

@Entity('app', { schema: 'control' })
export class AppRow extends NamedRow {
  @Column('text')
  kind!: 'agent' | 'workload';

  @Column('jsonb')
  roles!: string[];
}

/** An app's key: only its SHA-256, its prefix and its last four characters are kept. */
@Entity('app_key', { schema: 'control' })
export class AppKeyRow extends ControlRow {
  @Column('uuid')
  appId!: string;

  @Column('text')
  sha256!: string;

  @Column('text')
  prefix!: string;

  @Column('text')
  lastFour!: string;

  @Column('timestamptz', { nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  revokedAt!: Date | null;
}

/** The token of an identity provider's SCIM client: only its SHA-256 is kept. */
@Entity('scim_token', { schema: 'control' })
export class ScimTokenRow extends ControlRow {
  @Column('uuid')
  identityProviderId!: string;

  @Column('text')
  sha256!: string;

  @Column('text')
  lastFour!: string;
}
