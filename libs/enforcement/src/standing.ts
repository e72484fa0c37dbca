import { createHash } from 'node:crypto';
import type { Snapshot, Standing as Listed, Subject } from '@writ/domain';

export interface Standing {
  /** With the roles that the tenant's directory gives on top of the token's, for everyone in the chain. */
  readonly subject: Subject;
  /** True when the subject, or anyone it acts for, was withdrawn: nothing is permitted, whatever the token says. */
  readonly isWithdrawn: boolean;
}

/** What a snapshot lists, and how each subject stands under it that was asked about. */
interface Index {
  readonly listed: ReadonlyMap<string, Listed>;
  readonly known: WeakMap<Subject, Standing>;
}

const indexes = new WeakMap<Snapshot, Index>();

/**
 * How a verified subject stands with the tenant now. A token says what was true when it was issued; the snapshot says what
 * the directory knows since, and reaches every gateway within seconds. It can take everything and add roles, never identity.
 */
export function standingOf(subject: Subject, snapshot: Snapshot): Standing {
  const { listed, known } = indexOf(snapshot);
  if (listed.size === 0) return { subject, isWithdrawn: false };
  // Found out once, so that what hangs on the subject with its roles is found out once as well.
  let standing = known.get(subject);
  if (!standing) known.set(subject, (standing = standingIn(listed, subject, snapshot)));
  return standing;
}

function standingIn(listed: ReadonlyMap<string, Listed>, subject: Subject, snapshot: Snapshot): Standing {
  const behind = subject.onBehalfOf === undefined ? undefined : standingOf(subject.onBehalfOf, snapshot);
  const found = listed.get(nameOf(subject.connection, digestOf(subject.id)));
  const roles = found === undefined ? subject.roles : [...new Set([...subject.roles, ...found.roles])].toSorted();
  return {
    subject: { ...subject, roles, ...(behind && { onBehalfOf: behind.subject }) },
    isWithdrawn: found?.withdrawn === true || behind?.isWithdrawn === true,
  };
}

function indexOf(snapshot: Snapshot): Index {
  const known = indexes.get(snapshot);
  if (known !== undefined) return known;
  const listed = new Map((snapshot.standings ?? []).map((each) => [nameOf(each.connection, each.subject), each]));
  const made = { listed, known: new WeakMap<Subject, Standing>() };
  indexes.set(snapshot, made);
  return made;
}

function nameOf(connection: string, digest: string): string {
  return `${connection} ${digest}`;
}

function digestOf(subject: string): string {
  return createHash('sha256').update(subject).digest('hex');
}
