import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { ChangeInput, DateTime, Node, connectionOf, payloadOf } from './building-blocks.js';
import { ShadowTaxonomy } from './taxonomy-trial.types.js';

@ObjectType({
  implements: () => [Node],
  description: 'A committed record of the log, as the ledger holds it; identities and texts are commitments.',
})
export class LedgerEntry implements Node {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'decision, dispatch, segment, outcome or event.' })
  kind!: string;
  @Field(() => DateTime)
  at!: string;
  @Field({ description: 'The signed leaf, exactly as committed: header, payload and proof (FORMAT.md of the ledger).' })
  leaf!: string;
  @Field({ description: 'RFC 6962 leaf hash, hex.' })
  leafHash!: string;
  @Field(() => Int, { nullable: true, description: 'Its index in the log, once sequenced.' })
  index!: number | null;
}

@ObjectType({ description: 'What the version on trial would have decided; it decided nothing.' })
export class ShadowDecision {
  @Field(() => Int)
  policyVersion!: number;
  @Field()
  effect!: string;
  @Field(() => [String], { description: 'How it differs from what was decided; empty when it does not.' })
  changes!: string[];
}

@ObjectType({ implements: () => [Node], description: 'One request: the decision and every record that followed it.' })
export class Decision implements Node {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'permit or deny.' })
  effect!: string;
  @Field(() => String, { nullable: true, description: 'The stable code of a deny.' })
  code!: string | null;
  @Field(() => [String], { description: 'Rules that matched, in document order.' })
  matched!: string[];
  @Field(() => [String])
  classes!: string[];
  @Field(() => [String], { description: 'The set the router could not leave.' })
  authorizedEndpoints!: string[];
  @Field()
  requestedModel!: string;
  @Field()
  policyHash!: string;
  @Field(() => Int)
  policyVersion!: number;
  @Field(() => ShadowDecision, { nullable: true })
  shadow!: ShadowDecision | null;
  @Field(() => ShadowTaxonomy, {
    nullable: true,
    description: 'What a taxonomy on trial made of it; null when none was tried on it.',
  })
  shadowTaxonomy!: ShadowTaxonomy | null;
  @Field(() => DateTime)
  at!: string;
  @Field(() => String, {
    nullable: true,
    description: 'completed, denied, upstream-error … once the request is closed.',
  })
  result!: string | null;
  @Field(() => [LedgerEntry])
  records!: LedgerEntry[];
}
export const DecisionConnection = connectionOf(Decision);

@ObjectType({ description: 'A C2SP checkpoint of the log: a signed note over its size and root.' })
export class Checkpoint {
  @Field()
  origin!: string;
  @Field(() => Int)
  size!: number;
  @Field()
  rootHash!: string;
  @Field({ description: 'The signed note, as any transparency-log tool reads it.' })
  note!: string;
  @Field(() => DateTime)
  at!: string;
}

@InputType()
export class DecisionFilter {
  @Field(() => String, { nullable: true })
  effect?: string;
  @Field(() => String, { nullable: true })
  code?: string;
  @Field(() => String, { nullable: true })
  class?: string;
  @Field(() => Boolean, {
    nullable: true,
    description: 'Only those that the version on trial would have decided otherwise.',
  })
  shadowDiffers?: boolean;
  @Field(() => Boolean, { nullable: true, description: 'Only those that the taxonomy on trial read otherwise.' })
  taxonomyDiffers?: boolean;
  @Field(() => DateTime, { nullable: true })
  from?: string;
  @Field(() => DateTime, { nullable: true })
  to?: string;
}

@ObjectType({ implements: () => [Node], description: 'A bundle of evidence that `writ verify` checks offline.' })
export class EvidenceExport implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  purpose!: string;
  @Field(() => DateTime)
  from!: string;
  @Field(() => DateTime)
  to!: string;
  @Field()
  state!: string;
  @Field(() => String, { nullable: true, description: 'Where the bundle can be fetched with the same credential.' })
  location!: string | null;
  @Field(() => Int, { description: 'Records that the worker has written so far.' })
  recordsDone!: number;
  @Field(() => Int, { nullable: true, description: 'Records of the range; null before the worker has begun.' })
  recordsTotal!: number | null;
  @Field(() => String, { nullable: true, description: 'Bytes written, as a decimal.' })
  bytes!: string | null;
  @Field(() => String, { nullable: true, description: 'Of the finished bundle, hex.' })
  sha256!: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Where the worker put the finished bundle: a file, or an object of the bucket.',
  })
  storedAt!: string | null;
  @Field({ description: 'True when it holds some records alone, and not the whole range.' })
  isSelection!: boolean;
  @Field(() => [String], { description: 'Fields that it discloses.' })
  disclose!: string[];
  @Field(() => Int)
  version!: number;
}
export const EvidenceExportConnection = connectionOf(EvidenceExport);

@InputType({
  description:
    'Some records alone. Conditions must all hold; `records` stands by itself. What is selected is proven to be in the log; that nothing is missing cannot be proven by it.',
})
export class ExportSelectionInput {
  @Field(() => String, { nullable: true, description: 'Issuer of the subject, exactly as its tokens name it.' })
  issuer?: string;
  @Field(() => String, { nullable: true, description: 'The subject at that issuer; needs `issuer`.' })
  subject?: string;
  @Field(() => String, { nullable: true, description: 'Requests of which an attempt went to this endpoint.' })
  endpoint?: string;
  @Field(() => String, {
    nullable: true,
    description: 'Requests that came in on this route, such as `/v1/chat/completions`.',
  })
  route?: string;
  @Field(() => String, {
    nullable: true,
    description: 'Requests whose prompt, review or answer was found to hold this class, such as `PHI`.',
  })
  class?: string;
  @Field(() => [ID], { nullable: true, description: 'These records, and nothing else of their requests.' })
  records?: string[];
}

@InputType()
export class RequestExportInput extends ChangeInput {
  @Field({ description: 'Why the evidence is asked for; it stands in the manifest and in the log.' })
  purpose!: string;
  @Field(() => DateTime)
  from!: string;
  @Field(() => DateTime)
  to!: string;
  @Field(() => ExportSelectionInput, {
    nullable: true,
    description:
      'Only these records, each with an inclusion proof of its own: what was left out cannot be seen from it. Absent: the whole range.',
  })
  selection?: ExportSelectionInput;
  @Field(() => [String], {
    nullable: true,
    description:
      'Sealed fields of the selected records that are disclosed with their salts, such as `prompt`; needs a selection and a second person.',
  })
  disclose?: string[];
}

export const RequestExportPayload = payloadOf('RequestExportPayload', { export: () => EvidenceExport });

@ObjectType({ description: 'What proves a record to somebody who trusts the log key alone.' })
export class AuditProof {
  @Field(() => ID)
  recordId!: string;
  @Field({ description: 'The signed leaf, exactly as committed: header, payload and proof (FORMAT.md of the ledger).' })
  leaf!: string;
  @Field({ description: 'RFC 6962 leaf hash, hex.' })
  leafHash!: string;
  @Field(() => Int, { nullable: true, description: 'Its index in the log; absent until it is sequenced.' })
  index!: number | null;
  @Field(() => Int, { nullable: true, description: 'Size of the tree that the checkpoint signs.' })
  size!: number | null;
  @Field(() => [String], { description: 'RFC 6962 inclusion proof, hex, from the leaf to the root.' })
  inclusionProof!: string[];
  @Field(() => String, { nullable: true, description: 'C2SP checkpoint, a signed note.' })
  checkpoint!: string | null;
  @Field(() => String, { nullable: true, description: 'The same in one file: C2SP tlog-proof.' })
  tlogProof!: string | null;
}

@ObjectType({
  implements: () => [Node],
  description: 'Keeps records from being deleted or erased until it is released.',
})
export class LegalHold implements Node {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'The matter that it serves, such as a docket number; no personal data.' })
  matter!: string;
  @Field(() => String, { description: 'First index of the log that it covers.' })
  fromIndex!: string;
  @Field(() => String, {
    nullable: true,
    description: 'First index that it does not cover; absent: all that is yet to come.',
  })
  toIndex!: string | null;
  @Field(() => DateTime)
  placedAt!: string;
  @Field(() => DateTime, { nullable: true })
  releasedAt!: string | null;
}

@ObjectType({ description: 'How long records of a class are kept; none is shorter than the law allows.' })
export class RetentionClass {
  @Field()
  name!: string;
  @Field({ description: 'Such as "6 years".' })
  keep!: string;
  @Field({ description: 'True for the class of the records that this tenant writes now.' })
  current!: boolean;
}

@InputType()
export class PlaceLegalHoldInput extends ChangeInput {
  @Field({ description: 'The matter that it serves, such as a docket number; no personal data.' })
  matter!: string;
  @Field(() => DateTime, { nullable: true, description: 'From when on; absent: from the first record.' })
  from?: string;
  @Field(() => DateTime, { nullable: true, description: 'Until when; absent: all that is yet to come, too.' })
  to?: string;
}
export const PlaceLegalHoldPayload = payloadOf('PlaceLegalHoldPayload', { hold: () => LegalHold });

@InputType()
export class ReleaseLegalHoldInput extends ChangeInput {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'Why it may go; stands in the log.' })
  reason!: string;
}
export const ReleaseLegalHoldPayload = payloadOf('ReleaseLegalHoldPayload', { hold: () => LegalHold });

@InputType()
export class ChooseRetentionInput extends ChangeInput {
  @Field({ description: 'The class of all records from now on; see `retentionClasses`.' })
  keep!: string;
}
export const ChooseRetentionPayload = payloadOf('ChooseRetentionPayload', { retention: () => RetentionClass });

@InputType()
export class EraseSubjectInput extends ChangeInput {
  @Field({ description: 'Issuer of the identity, exactly as its tokens name it.' })
  issuer!: string;
  @Field({ description: 'The subject at that issuer.' })
  subject!: string;
  @Field({ description: 'Why: the request or the law, such as "GDPR 17, ticket 4711"; stands in the log.' })
  basis!: string;
}

@ObjectType({ description: 'An order to destroy the keys of what is sealed of one subject.' })
export class Erasure {
  @Field({ description: 'The handle of the subject in the records.' })
  subjectRef!: string;
}
export const EraseSubjectPayload = payloadOf('EraseSubjectPayload', { erasure: () => Erasure });
