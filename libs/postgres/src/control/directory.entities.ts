import { Column, Entity } from 'typeorm';
import { ControlRow, NamedRow } from './row.js';

/** A group that an identity provider announced by SCIM; its name is unique within the provider. */
@Entity('directory_group', { schema: 'control' })
export class DirectoryGroupRow extends NamedRow {
  @Column('uuid')
  identityProviderId!: string;

  @Column('text', { nullable: true })
  externalId!: string | null;

  /** Roles that the tenant gives to whoever is in it. */
  @Column('jsonb')
  roles!: string[];
}

@Entity('directory_membership', { schema: 'control' })
export class DirectoryMembershipRow extends ControlRow {
  @Column('uuid')
  groupId!: string;

  @Column('uuid')
  memberId!: string;
}
