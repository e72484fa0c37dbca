import { Column, CreateDateColumn, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** What every row of the control schema has. `tenantId` is checked by row-level security against `app.tenant`. */
export abstract class ControlRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid')
  tenantId!: string;

  /** Counts the row's changes, from 1; an update names the version it was made from. */
  @Column('integer', { default: 1 })
  version!: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt!: Date;
}

/** A row that the tenant names; the name is unique within the tenant and the table. */
export abstract class NamedRow extends ControlRow {
  @Column('text')
  name!: string;
}
