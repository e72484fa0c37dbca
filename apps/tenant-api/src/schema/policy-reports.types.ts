import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { DateTime } from './building-blocks.js';

@ObjectType({ description: 'What the compiler says of a policy, with its place; lines and columns count from 1.' })
export class PolicyDiagnostic {
  @Field()
  severity!: string;
  @Field()
  code!: string;
  @Field()
  message!: string;
  @Field(() => Int)
  line!: number;
  @Field(() => Int)
  column!: number;
  @Field(() => String, { nullable: true })
  hint?: string;
}

@ObjectType({ description: 'One difference of meaning between two versions.' })
export class PolicyChange {
  @Field({ description: 'What an approver ticks, for a loosening.' })
  id!: string;
  @Field()
  rule!: string;
  @Field({ description: 'loosens, tightens or neutral. What is not certainly a tightening is a loosening.' })
  direction!: string;
  @Field()
  what!: string;
}

@ObjectType()
export class PolicyTestResult {
  @Field()
  name!: string;
  @Field(() => Int)
  line!: number;
  @Field()
  passed!: boolean;
  @Field(() => [String])
  differences!: string[];
}

@ObjectType({ description: 'A rule broken on purpose that no stored test noticed.' })
export class PolicyMutant {
  @Field()
  rule!: string;
  @Field({ description: 'removed, always or everywhere.' })
  mutation!: string;
}

@ObjectType({ description: 'An invariant, asked of every request and every catalogue.' })
export class PolicyProof {
  @Field()
  name!: string;
  @Field({ description: 'proved, broken or undecided; undecided counts as not proved.' })
  verdict!: string;
  @Field(() => String, { nullable: true, description: 'With broken: one request and endpoint, as JSON.' })
  witness?: string | null;
}

@ObjectType()
export class PolicyChangeCount {
  @Field()
  kind!: string;
  @Field(() => Int)
  count!: number;
}

@ObjectType({ description: 'Everything the gate found out about one text.' })
export class PolicyCheck {
  @Field()
  passed!: boolean;
  @Field()
  hash!: string;
  @Field(() => String, { nullable: true, description: 'Hash of the version that was in force then.' })
  inForce!: string | null;
  @Field(() => [PolicyDiagnostic])
  diagnostics!: PolicyDiagnostic[];
  @Field(() => [PolicyTestResult])
  failedTests!: PolicyTestResult[];
  @Field(() => [PolicyMutant])
  survivors!: PolicyMutant[];
  @Field(() => [PolicyChange], { description: 'Against the version in force.' })
  changes!: PolicyChange[];
  @Field(() => [PolicyChange], { description: 'What an approver must tick one by one.' })
  loosenings!: PolicyChange[];
  @Field(() => [PolicyProof])
  proofs!: PolicyProof[];
  @Field(() => Int, { description: 'Requests on which engine and specification differ: always 0.' })
  disagreements!: number;
  @Field(() => Int, { description: 'Recorded requests that were decided again by both versions.' })
  replayed!: number;
  @Field(() => [PolicyChangeCount])
  replayChanges!: PolicyChangeCount[];
}

@ObjectType()
export class PolicyTestReport {
  @Field(() => [PolicyDiagnostic])
  diagnostics!: PolicyDiagnostic[];
  @Field(() => [PolicyTestResult])
  tests!: PolicyTestResult[];
  @Field(() => [PolicyMutant])
  survivors!: PolicyMutant[];
  @Field({ description: 'True when every test passes.' })
  passed!: boolean;
}

@ObjectType()
export class PolicyProofReport {
  @Field(() => [PolicyDiagnostic])
  diagnostics!: PolicyDiagnostic[];
  @Field(() => [PolicyProof])
  proofs!: PolicyProof[];
}

@ObjectType()
export class PolicyDifference {
  @Field(() => [PolicyDiagnostic])
  diagnostics!: PolicyDiagnostic[];
  @Field(() => String, { nullable: true })
  beforeHash!: string | null;
  @Field(() => String, { nullable: true })
  afterHash!: string | null;
  @Field(() => [PolicyChange])
  changes!: PolicyChange[];
}

@ObjectType()
export class PolicyBecause {
  @Field()
  condition!: string;
  @Field({ description: 'What the request had, as JSON. Free text of the caller is shown as present, never quoted.' })
  actual!: string;
}

@ObjectType()
export class PolicyMatch {
  @Field()
  rule!: string;
  @Field()
  effect!: string;
  @Field()
  reason!: string;
  @Field(() => String, { nullable: true, description: 'In a delegation: the subject for whom it matched.' })
  subject?: string | null;
  @Field(() => [PolicyBecause])
  because!: PolicyBecause[];
}

@ObjectType()
export class PolicyExclusion {
  @Field()
  endpoint!: string;
  @Field(() => [String])
  by!: string[];
}

@ObjectType()
export class PolicyOverride {
  @Field()
  rule!: string;
  @Field(() => [String])
  by!: string[];
}

@ObjectType()
export class PolicyUnknown {
  @Field()
  path!: string;
  @Field()
  cause!: string;
  @Field()
  treatedAs!: string;
}

@ObjectType()
export class PolicyNearMiss {
  @Field()
  rule!: string;
  @Field(() => [PolicyBecause])
  failedOn!: PolicyBecause[];
}

@ObjectType()
export class PolicyRedaction {
  @Field()
  class!: string;
  @Field()
  style!: string;
  @Field(() => [String])
  by!: string[];
}

@ObjectType({
  description: 'Why a policy decides so on these facts. For operators; callers get the code and the reason.',
})
export class PolicyExplanation {
  @Field({ description: 'permit, redact or deny.' })
  decision!: string;
  @Field()
  code!: string;
  @Field(() => String, { nullable: true })
  reason!: string | null;
  @Field(() => Int)
  policyVersion!: number;
  @Field()
  policyHash!: string;
  @Field(() => [String])
  authorized!: string[];
  @Field(() => [String])
  permitted!: string[];
  @Field(() => [PolicyExclusion])
  excluded!: PolicyExclusion[];
  @Field(() => [PolicyMatch])
  matched!: PolicyMatch[];
  @Field(() => [PolicyOverride])
  overridden!: PolicyOverride[];
  @Field(() => [PolicyUnknown])
  unknown!: PolicyUnknown[];
  @Field(() => [PolicyNearMiss])
  nearMisses!: PolicyNearMiss[];
  @Field(() => [PolicyRedaction])
  redactions!: PolicyRedaction[];
  @Field({ description: 'What each rule asks for, as JSON.' })
  obligations!: string;
}

@ObjectType()
export class DecisionExplanation {
  @Field({
    description:
      'True when policy, catalogue and facts have the hashes that the record names: this is what was decided, not a guess.',
  })
  exact!: boolean;
  @Field(() => PolicyExplanation)
  explanation!: PolicyExplanation;
}

@ObjectType()
export class SimulationGroup {
  @Field()
  kind!: string;
  @Field({ description: 'The rules that stopped and started to matter: `before -> after`.' })
  rules!: string;
  @Field(() => Int)
  count!: number;
}

@ObjectType()
export class SimulationExample {
  @Field()
  kind!: string;
  @Field(() => ID, { description: 'The decision, as `decision(id:)` takes it.' })
  decisionId!: string;
  @Field(() => PolicyExplanation)
  before!: PolicyExplanation;
  @Field(() => PolicyExplanation)
  after!: PolicyExplanation;
}

@ObjectType({ description: 'A fact that a rule names and that recorded requests lack.' })
export class SimulationUnknown {
  @Field()
  path!: string;
  @Field(() => Int)
  requests!: number;
}

@ObjectType({ description: 'Recorded requests, decided again by the version in force and by another.' })
export class PolicySimulation {
  @Field(() => [PolicyDiagnostic])
  diagnostics!: PolicyDiagnostic[];
  @Field(() => Int)
  requests!: number;
  @Field(() => Int)
  changed!: number;
  @Field(() => Int, { description: 'Requests of which a source had failed when they were recorded.' })
  withUnknownFacts!: number;
  @Field(() => Int, { description: 'Decisions without facts: no policy was asked, or the person was erased.' })
  unreadable!: number;
  @Field(() => [SimulationUnknown], {
    description:
      'The facts that the text names and that these requests lack, most often first: a source had failed, or the attribute was not recorded yet.',
  })
  unknownFacts!: SimulationUnknown[];
  @Field({
    description:
      'False when the window holds more than were replayed: `first` was reached, or 25 seconds were over. Go on with `after: reached`; the counts add up.',
  })
  complete!: boolean;
  @Field(() => ID, { nullable: true, description: 'The last decision that was looked at, newest first.' })
  reached!: string | null;
  @Field(() => [PolicyChangeCount])
  counts!: PolicyChangeCount[];
  @Field(() => [SimulationGroup])
  groups!: SimulationGroup[];
  @Field(() => [SimulationExample])
  examples!: SimulationExample[];
}

@InputType()
export class SimulationWindow {
  @Field(() => DateTime)
  from!: string;
  @Field(() => DateTime)
  to!: string;
  @Field(() => Int, { nullable: true, description: '1 to 1,000,000, the newest first; 10,000 unless told.' })
  first?: number;
  @Field(() => ID, { nullable: true, description: 'The `reached` of the replay before: only decisions before it.' })
  after?: string;
  @Field(() => String, { nullable: true, description: 'Only decisions with this effect: permit or deny.' })
  effect?: string;
  @Field(() => String, { nullable: true })
  code?: string;
  @Field(() => String, { nullable: true, description: 'Only requests in which this class was found.' })
  class?: string;
}
