import { Column, Entity } from 'typeorm';
import { ControlRow } from './row.js';

/** How a tenant is reached when its identity provider is gone: one row a tenant, from its first federated owner on. */
@Entity('break_glass', { schema: 'control' })
export class BreakGlassRow extends ControlRow {
  /** E-mail address of the person whose passkey it takes: the setup subject, until two owners name another. */
  @Column('text')
  holder!: string;

  /** Further addresses that hear of every use, beside the owners and the holder. */
  @Column('jsonb')
  alarmTo!: string[];

  @Column('timestamptz', { nullable: true })
  armedAt!: Date | null;

  /** SHA-256 of the one-time link by which the holder registers a passkey; absent when none is open. */
  @Column('text', { nullable: true })
  enrolmentHash!: string | null;

  @Column('timestamptz', { nullable: true })
  enrolmentExpiresAt!: Date | null;

  /** When it was last used; absent again once an owner has armed it anew. */
  @Column('timestamptz', { nullable: true })
  usedAt!: Date | null;

  /** Tries with one right half that were recorded since `noticedSince`. */
  @Column('integer', { default: 0 })
  noticed!: number;

  @Column('timestamptz', { nullable: true })
  noticedSince!: Date | null;
}

/** A passkey that opens nothing but the break-glass of this tenant, and that only with a recovery code. */
@Entity('break_glass_passkey', { schema: 'control' })
export class BreakGlassPasskeyRow extends ControlRow {
  @Column('text')
  credentialId!: string;

  /** COSE key, base64url. */
  @Column('text')
  publicKey!: string;

  @Column('bigint')
  counter!: string;

  /** Tries that named this passkey since `triesSince`, whatever became of them. */
  @Column('integer', { default: 0 })
  tries!: number;

  @Column('timestamptz', { nullable: true })
  triesSince!: Date | null;
}
