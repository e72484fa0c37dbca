import type { TaxonomySource } from '@writ/domain';
import { Column, Entity } from 'typeorm';
import type { ExportSelection } from '../selection-store.js';
import { ControlRow } from './row.js';

/** A complaint as it is stored. */
export interface PolicyDiagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly hint?: string;
}

/** One version of the tenant's policy. The source of a published version never changes. */
@Entity('policy_version', { schema: 'control' })
export class PolicyVersionRow extends ControlRow {
  @Column('integer')
  number!: number;

  @Column('text')
  source!: string;

  /** `sha256:` and hex, as the compiler gives it; empty while the draft does not compile. */
  @Column('text')
  hash!: string;

  /** What the text compiles to, packed, in base64; null while it does not compile and for rows from before there was one. */
  @Column('text', { nullable: true })
  image!: string | null;

  /** What the reader complained of. */
  @Column('jsonb', { default: [] })
  diagnostics!: readonly PolicyDiagnostic[];

  /** `sha256:` and hex over the text itself. */
  @Column('text')
  sourceHash!: string;

  /** Hash of the version that was in force when this one was drafted; null before the first. */
  @Column('text', { nullable: true })
  parentHash!: string | null;

  @Column('text')
  state!: 'draft' | 'validated' | 'submitted' | 'approved' | 'published' | 'superseded';

  /** Who wrote the text that stands; `authors` has everyone who ever changed it, none of whom may approve it. */
  @Column('text')
  author!: string;

  @Column('jsonb')
  authors!: readonly string[];

  /** What the gate found; null until it ran over this text. */
  @Column('jsonb', { nullable: true })
  report!: Record<string, unknown> | null;

  @Column('text', { nullable: true })
  approver!: string | null;

  /** Ids of the loosenings that the approver ticked. */
  @Column('jsonb')
  ticked!: readonly string[];

  /** On trial: evaluated beside the live version and recorded, never enforced. */
  @Column('boolean')
  shadow!: boolean;

  /** The number of the version whose text this one brings back. */
  @Column('integer', { nullable: true })
  rollbackOf!: number | null;

  @Column('text', { nullable: true })
  publisher!: string | null;

  @Column('timestamptz', { nullable: true })
  publishedAt!: Date | null;
}

/** What the tenant adds to the built-in taxonomy; one row a tenant. */
@Entity('taxonomy', { schema: 'control' })
export class TaxonomyRow extends ControlRow {
  @Column('jsonb')
  source!: TaxonomySource;
}

/** A candidate beside the live taxonomy; one row a tenant at most. */
@Entity('taxonomy_trial', { schema: 'control' })
export class TaxonomyTrialRow extends ControlRow {
  @Column('jsonb')
  source!: TaxonomySource;

  /** Of the tenant's requests, how many of a thousand are read by it too. */
  @Column('integer')
  perMille!: number;

  @Column('text')
  begunBy!: string;
}

/** Terms on their way into the taxonomy, in parts that may come in any order and again. */
@Entity('term_upload', { schema: 'control' })
export class TermUploadRow extends ControlRow {
  @Column('text')
  termClass!: string;

  @Column('integer')
  expected!: number;

  @Column('text')
  state!: 'open' | 'finished' | 'abandoned';

  @Column('text')
  startedBy!: string;

  /** How many terms each part holds, so that progress is known without reading them. */
  @Column('jsonb')
  parts!: Readonly<Record<string, number>>;
}

@Entity('term_upload_part', { schema: 'control' })
export class TermUploadPartRow extends ControlRow {
  @Column('uuid')
  uploadId!: string;

  @Column('integer')
  part!: number;

  @Column('jsonb')
  terms!: readonly string[];
}

/** A change that waits for a second person. The database refuses an approver who is the requester. */
@Entity('approval', { schema: 'control' })
export class ApprovalRow extends ControlRow {
  @Column('text')
  kind!: string;

  /** The mutation's arguments, canonical; the approval holds for exactly these. */
  @Column('jsonb')
  subject!: Record<string, unknown>;

  @Column('text')
  subjectHash!: string;

  @Column('text')
  requestedBy!: string;

  @Column('text')
  state!: 'pending' | 'approved' | 'rejected' | 'used' | 'expired';

  @Column('text', { nullable: true })
  decidedBy!: string | null;

  @Column('timestamptz', { nullable: true })
  decidedAt!: Date | null;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('timestamptz')
  expiresAt!: Date;
}

/** An export of evidence that was asked for; the worker makes the bundle. */
@Entity('evidence_export', { schema: 'control' })
export class EvidenceExportRow extends ControlRow {
  @Column('text')
  purpose!: string;

  @Column('timestamptz')
  from!: Date;

  @Column('timestamptz')
  to!: Date;

  @Column('text')
  state!: 'requested' | 'ready' | 'failed' | 'cancelled';

  /** What a filtered export takes: handles and names, no person. */
  @Column('jsonb', { nullable: true })
  selection!: ExportSelection | null;

  /** Fields that are disclosed of what was selected. */
  @Column('text', { array: true, default: [] })
  disclose!: string[];

  @Column('text')
  requestedBy!: string;

  @Column('text', { nullable: true })
  location!: string | null;
}
