import { Column, Entity, PrimaryColumn } from 'typeorm';
import { ControlRow } from './row.js';

@Entity('tenant', { schema: 'control' })
export class TenantRow extends ControlRow {
  @Column('text')
  name!: string;

  @Column('text')
  region!: string;

  @Column('text')
  state!: 'active' | 'suspended' | 'deleting' | 'deleted';

  /** From when on the keys may be destroyed; set while deleting. */
  @Column('timestamptz', { nullable: true })
  deletionDueAt!: Date | null;

  /** What was destroyed and when, signed. */
  @Column('text', { nullable: true })
  deletionCertificate!: string | null;

  /** C2SP origin line of the tenant's log. */
  @Column('text')
  origin!: string;

  @Column('text')
  keep!: string;

  @Column('text')
  evidenceLevel!: 'committed' | 'receipted' | 'witnessed';

  @Column('jsonb')
  dispatchClasses!: string[];

  /** The tenant's data keys, wrapped by the KMS. */
  @Column('text')
  wrappedHmacKey!: string;

  @Column('text')
  wrappedContentKey!: string;

  /** When the first federated owner called; from then on the setup subject is refused. */
  @Column('timestamptz', { nullable: true })
  federatedAt!: Date | null;

  @Column('integer', { default: 0 })
  snapshotVersion!: number;

  /** True when a second person must approve each publication of a policy. */
  @Column('boolean', { default: false })
  policyApproval!: boolean;

  /** What a model without a price means for this tenant. */
  @Column('text', { default: 'refuse' })
  unpricedModels!: 'refuse' | 'dearest';
}

/** A printed code that regains access when the identity provider is gone. Works once; only its hash is kept. */
@Entity('recovery_code', { schema: 'control' })
export class RecoveryCodeRow extends ControlRow {
  @Column('text')
  codeHash!: string;

  @Column('timestamptz', { nullable: true })
  usedAt!: Date | null;

  @Column('timestamptz')
  expiresAt!: Date;
}

/** One e-mail address on its way to a tenant. It belongs to the platform until a tenant exists. */
@Entity('sign_up', { schema: 'control' })
export class SignUpRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  email!: string;

  /** SHA-256 over id and code: the code itself is only in the e-mail. */
  @Column('text')
  codeHash!: string;

  @Column('integer', { default: 0 })
  attempts!: number;

  @Column('timestamptz')
  createdAt!: Date;

  @Column('timestamptz')
  expiresAt!: Date;

  @Column('timestamptz', { nullable: true })
  verifiedAt!: Date | null;

  @Column('uuid', { nullable: true })
  tenantId!: string | null;
}

/** A key of this deployment, such as the bootstrap issuer's; the private half is wrapped by the KMS. */
@Entity('platform_key', { schema: 'control' })
export class PlatformKeyRow {
  @PrimaryColumn('text')
  purpose!: string;

  @Column('text')
  kid!: string;

  @Column('jsonb')
  publicJwk!: Record<string, unknown>;

  @Column('text')
  wrappedPrivate!: string;

  @Column('timestamptz')
  createdAt!: Date;
}

/** The answer to a mutation that carried an idempotency key, kept for 24 hours. */
@Entity('idempotency', { schema: 'control' })
export class IdempotencyRow {
  @PrimaryColumn('uuid')
  tenantId!: string;

  /** SHA-256 of the caller's identity. */
  @PrimaryColumn('text')
  caller!: string;

  @PrimaryColumn('text')
  key!: string;

  @Column('text')
  requestHash!: string;

  @Column('jsonb', { nullable: true })
  answer!: Record<string, unknown> | null;

  @Column('timestamptz')
  createdAt!: Date;
}

/** One change of the tenant's configuration, as the change log shows it. The ledger's record is the evidence. */
@Entity('change', { schema: 'control' })
export class ChangeRow extends ControlRow {
  @Column('text')
  event!: string;

  @Column('text')
  actor!: string;

  @Column('jsonb')
  fields!: Record<string, unknown>;

  /** The ledger record that was committed before the change took effect. */
  @Column('uuid')
  recordId!: string;
}

/** A passkey of somebody who signs in at the bootstrap issuer; only its public half is kept. */
@Entity('passkey', { schema: 'control' })
export class PasskeyRow {
  /** The credential's id, base64url. */
  @PrimaryColumn('text')
  id!: string;

  @Column('text')
  email!: string;

  @Column('text')
  publicKey!: string;

  @Column('bigint')
  counter!: string;

  @Column('timestamptz')
  createdAt!: Date;
}
