import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ChangeInput, Node, UpdateInput, payloadOf } from './building-blocks.js';

@ObjectType({ description: 'A word of the tenant that means a class, such as a project name that is INTERNAL.' })
export class Term {
  @Field()
  class!: string;
  @Field()
  term!: string;
}

@ObjectType({ description: 'A pattern of the tenant, matched in linear time.' })
export class Pattern {
  @Field()
  class!: string;
  @Field()
  name!: string;
  @Field()
  pattern!: string;
}

@ObjectType({ description: 'From which score, per mille, a class or type counts.' })
export class Threshold {
  @Field()
  of!: string;
  @Field(() => Int)
  atLeast!: number;
}

@ObjectType({ description: 'What the tenant adds to the built-in taxonomy.' })
export class Taxonomy {
  @Field(() => [Term], { description: 'The first thousand.' })
  terms!: Term[];
  @Field(() => Int)
  termCount!: number;
  @Field(() => [Pattern])
  patterns!: Pattern[];
  @Field(() => [Threshold])
  thresholds!: Threshold[];
  @Field(() => Int, { description: '0 before the first was set.' })
  version!: number;
}

@InputType()
export class TermInput {
  @Field()
  class!: string;
  @Field()
  term!: string;
}

@InputType()
export class PatternInput {
  @Field()
  class!: string;
  @Field()
  name!: string;
  @Field()
  pattern!: string;
}

@InputType()
export class ThresholdInput {
  @Field()
  of!: string;
  @Field(() => Int)
  atLeast!: number;
}

@InputType()
export class UpsertTaxonomyInput extends UpdateInput {
  @Field(() => [TermInput], { defaultValue: [] })
  terms!: TermInput[];
  @Field(() => [PatternInput], { defaultValue: [] })
  patterns!: PatternInput[];
  @Field(() => [ThresholdInput], { defaultValue: [] })
  thresholds!: ThresholdInput[];
}

export const UpsertTaxonomyPayload = payloadOf('UpsertTaxonomyPayload', { taxonomy: () => Taxonomy });

@InputType({ description: 'What to change and nothing else; what is not named stays.' })
export class AmendTaxonomyInput extends UpdateInput {
  @Field(() => [TermInput], { defaultValue: [] })
  addTerms!: TermInput[];
  @Field(() => [TermInput], { defaultValue: [] })
  removeTerms!: TermInput[];
  @Field(() => [PatternInput], { defaultValue: [], description: 'One of a known name replaces it.' })
  setPatterns!: PatternInput[];
  @Field(() => [String], { defaultValue: [], description: 'By name.' })
  removePatterns!: string[];
  @Field(() => [ThresholdInput], { defaultValue: [] })
  setThresholds!: ThresholdInput[];
  @Field(() => [String], { defaultValue: [], description: 'Back to the built-in threshold.' })
  removeThresholds!: string[];
}

export const AmendTaxonomyPayload = payloadOf('AmendTaxonomyPayload', { taxonomy: () => Taxonomy });

@ObjectType({ description: 'One built-in kind of finding.' })
export class Detector {
  @Field()
  type!: string;
  @Field()
  class!: string;
  @Field({ description: 'identifier, credential or text.' })
  kind!: string;
  @Field(() => String, { nullable: true, description: 'What proves a value, such as luhn.' })
  validator?: string;
  @Field(() => Int, {
    description: "From which score, per mille, it counts: the tenant's threshold, or the built-in one.",
  })
  threshold!: number;
}

export enum TermUploadState {
  OPEN = 'OPEN',
  FINISHED = 'FINISHED',
  ABANDONED = 'ABANDONED',
}
registerEnumType(TermUploadState, { name: 'TermUploadState' });

@ObjectType({ implements: () => [Node], description: 'Terms on their way into the taxonomy, in parts.' })
export class TermUpload implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  class!: string;
  @Field(() => TermUploadState)
  state!: TermUploadState;
  @Field(() => Int, { description: 'How many terms were announced.' })
  expected!: number;
  @Field(() => Int, { description: 'How many have arrived.' })
  received!: number;
  @Field(() => [Int], { description: 'Which parts have arrived.' })
  parts!: number[];
}

@InputType()
export class StartTermUploadInput extends ChangeInput {
  @Field({ description: 'Such as INTERNAL.' })
  class!: string;
  @Field(() => Int, { description: '1 to 100,000.' })
  expected!: number;
}

@InputType({ description: 'One part, of 2,000 terms at most. Parts may come in any order, and again.' })
export class UploadTermsInput extends ChangeInput {
  @Field(() => ID)
  uploadId!: string;
  @Field(() => Int, { description: 'From 0.' })
  part!: number;
  @Field(() => [String])
  terms!: string[];
}

@InputType({ description: 'Brings the uploaded terms into the taxonomy and to the gateways.' })
export class FinishTermUploadInput extends UpdateInput {
  @Field(() => ID)
  uploadId!: string;
  @Field({ defaultValue: false, description: "True: instead of the class's present terms, not beside them." })
  replaceClass!: boolean;
}

@InputType()
export class AbandonTermUploadInput extends ChangeInput {
  @Field(() => ID)
  uploadId!: string;
}

export const StartTermUploadPayload = payloadOf('StartTermUploadPayload', { upload: () => TermUpload });
export const UploadTermsPayload = payloadOf('UploadTermsPayload', { upload: () => TermUpload });
export const FinishTermUploadPayload = payloadOf('FinishTermUploadPayload', {
  upload: () => TermUpload,
  taxonomy: () => Taxonomy,
});
export const AbandonTermUploadPayload = payloadOf('AbandonTermUploadPayload', { upload: () => TermUpload });

@ObjectType({ description: 'One finding of a tested text. Offsets are UTF-16 code units.' })
export class TestedFinding {
  @Field(() => Int)
  start!: number;
  @Field(() => Int)
  end!: number;
  @Field()
  class!: string;
  @Field()
  type!: string;
  @Field(() => Float, { description: '0 to 1.' })
  score!: number;
  @Field()
  detector!: string;
  @Field(() => [String], { description: 'Views that it was found through; not empty means evasion.' })
  via!: string[];
  @Field(() => [String], { description: 'How the score came about; never the value.' })
  explanation!: string[];
}

@ObjectType({ description: 'What a text holds. Nothing of it is kept.' })
export class TestedText {
  @Field()
  complete!: boolean;
  @Field(() => [String])
  incompleteBecause!: string[];
  @Field(() => [TestedFinding], { description: 'The first two hundred.' })
  findings!: TestedFinding[];
}

@InputType({ description: 'A candidate taxonomy and texts to compare it on. Nothing of it is kept.' })
export class ShadowReportInput {
  @Field(() => [TermInput], { defaultValue: [] })
  terms!: TermInput[];
  @Field(() => [PatternInput], { defaultValue: [] })
  patterns!: PatternInput[];
  @Field(() => [ThresholdInput], { defaultValue: [] })
  thresholds!: ThresholdInput[];
  @Field(() => [String], { description: '1 to 20 texts, of 64 Ki characters in all.' })
  texts!: string[];
}

@ObjectType({ description: 'What the candidate would change, by class, type and place; never values.' })
export class ShadowReport {
  @Field(() => [String], { description: 'Why the candidate does not load; empty when it does.' })
  problems!: string[];
  @Field(() => [String], { description: '`class type /text start-end` that only the candidate finds.' })
  added!: string[];
  @Field(() => [String], { description: 'The same that only the present taxonomy finds.' })
  removed!: string[];
  @Field(() => [String])
  classesRaised!: string[];
  @Field(() => [String])
  classesLowered!: string[];
}
