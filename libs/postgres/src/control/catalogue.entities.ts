import type { Capability } from '@writ/domain';
import { Column, Entity } from 'typeorm';
import { ControlRow, NamedRow } from './row.js';

/** A key of a model vendor, sealed under the tenant's content key. It is never read back by any query. */
@Entity('provider_credential', { schema: 'control' })
export class ProviderCredentialRow extends NamedRow {
  @Column('text')
  provider!: string;

  @Column('text')
  sealed!: string;

  /** Keyed digest of the secret, so that two rows with the same key can be told. */
  @Column('text')
  fingerprint!: string;

  @Column('text')
  lastFour!: string;
}

@Entity('endpoint', { schema: 'control' })
export class EndpointRow extends NamedRow {
  @Column('text')
  provider!: string;

  @Column('text')
  baseUrl!: string;

  @Column('text')
  region!: string;

  @Column('text')
  residency!: string;

  @Column('boolean')
  zeroRetention!: boolean;

  @Column('boolean')
  selfHosted!: boolean;

  @Column('integer')
  costClass!: number;

  @Column('integer')
  maxClassification!: number;

  @Column('jsonb')
  models!: string[];

  @Column('jsonb')
  credentialIds!: string[];

  @Column('jsonb')
  settings!: Record<string, string>;

  @Column('timestamptz', { nullable: true })
  retiredAt!: Date | null;
}

/** A contract or certificate of an endpoint, with the days it holds. */
@Entity('assurance', { schema: 'control' })
export class AssuranceRow extends NamedRow {
  @Column('uuid')
  endpointId!: string;

  @Column('timestamptz')
  validFrom!: Date;

  @Column('timestamptz')
  validUntil!: Date;

  @Column('text', { nullable: true })
  document!: string | null;
}

@Entity('endpoint_set', { schema: 'control' })
export class EndpointSetRow extends NamedRow {
  @Column('jsonb')
  endpointIds!: string[];
}

@Entity('alias', { schema: 'control' })
export class AliasRow extends NamedRow {
  @Column('text')
  strategy!: string;

  @Column('jsonb')
  candidates!: {
    endpoint: string;
    model: string;
    weight: number;
    contextLength?: number;
    capabilities?: Capability[];
  }[];
}

@Entity('budget', { schema: 'control' })
export class BudgetRow extends NamedRow {
  @Column('text')
  scope!: 'tenant' | 'app' | 'subject' | 'role' | 'team';

  @Column('text', { nullable: true })
  match!: string | null;

  @Column('text')
  period!: 'day' | 'month' | 'total';

  /** Micro-units of the tenant's currency; numeric so that no digit is lost. */
  @Column('numeric')
  limitMicros!: string;

  @Column('boolean')
  hard!: boolean;
}

@Entity('limit_rule', { schema: 'control' })
export class LimitRuleRow extends NamedRow {
  @Column('text')
  scope!: 'tenant' | 'app' | 'subject' | 'role' | 'team' | 'endpoint-key';

  @Column('text', { nullable: true })
  match!: string | null;

  @Column('integer', { nullable: true })
  requestsPerMinute!: number | null;

  @Column('integer', { nullable: true })
  tokensPerMinute!: number | null;

  @Column('integer', { nullable: true })
  concurrency!: number | null;
}

@Entity('price', { schema: 'control' })
export class PriceRow extends ControlRow {
  /** The endpoint's name; empty means every endpoint that serves the model. */
  @Column('text')
  endpoint!: string;

  @Column('text')
  model!: string;

  @Column('numeric')
  inputMicrosPerMillion!: string;

  @Column('numeric')
  outputMicrosPerMillion!: string;

  @Column('numeric', { nullable: true })
  cacheReadMicrosPerMillion!: string | null;

  @Column('numeric', { nullable: true })
  cacheWriteMicrosPerMillion!: string | null;

  @Column('numeric', { nullable: true })
  reasoningMicrosPerMillion!: string | null;

  /** The begin of 1970 for a price that holds since ever. */
  @Column('timestamptz')
  validFrom!: Date;
}
