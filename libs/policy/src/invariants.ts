import { type Result, err, ok } from '@writ/domain';
import { Complaints, type Diagnostic } from './diagnostic.js';
import type { PolicyDocument } from './document.js';
import type { Normal } from './expression.js';
import { TreeReader } from './tree-reader.js';

/** For every request of which `assume` is true, no endpoint of which `never` is true is authorized. */
export interface Invariant {
  readonly name: string;
  readonly assume: Normal;
  readonly never: Normal;
}

export function readInvariants(document: PolicyDocument): Result<readonly Invariant[], readonly Diagnostic[]> {
  const complaints = new Complaints(document.source);
  const reader = new TreeReader(document.source, complaints);
  const { classes, sets } = document;
  const invariants = document.invariants.map((tree) => {
    const members = reader.members(tree, 'an invariant', ['name', 'assume', 'never']);
    for (const key of ['name', 'never']) {
      if (!members.has(key)) complaints.error(tree.at, 'E_MISSING', `an invariant needs '${key}'`);
    }
    const assume = reader.expression(members.get('assume'), { classes, sets, scope: 'when', guarded: new Set() });
    const guarded = new Set(assume.present);
    const never = reader.expression(members.get('never'), { classes, sets, scope: 'endpoints', guarded });
    return { name: reader.text(members.get('name')?.value, "'name'"), assume: assume.normal, never: never.normal };
  });
  return complaints.errors > 0 ? err(complaints.list()) : ok(invariants);
}
