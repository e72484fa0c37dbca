export { type Diagnostic, type DiagnosticCode, formatDiagnostic } from './diagnostic.js';
export type { DataFacts, Facts, SubjectFacts } from './facts.js';
export { type PolicyImage, compile } from './image.js';
export { type LinkedPolicy, link } from './link.js';
export { decide, decideDescribed, decideQuickly } from './decide.js';
export { type DescribedFacts, canonicalFacts, describeFacts, factsHashOf } from './facts-hash.js';
export { type TestResult, readAs, runTests } from './run-tests.js';
export { explain } from './explain.js';
export type { Because, Explanation, MatchedRule } from './explanation.js';
export { type Change, type Direction, type PolicyDiff, semanticDiff } from './diff.js';
export { type Mutant, type MutationReport, mutate } from './mutate.js';
export {
  type ChangeExample,
  type ChangeGroup,
  type ChangeKind,
  type RecordedFacts,
  type Simulation,
  type SimulationReport,
  changesBetween,
  simulate,
} from './simulate.js';
export { lint } from './lint.js';
export { policyLimits } from './limits.js';
export { packImage, unpackImage } from './pack.js';
export { type GateReport, gate } from './publish-gate.js';
export {
  type PolicyVersion,
  type Step,
  type StepRefusal,
  type VersionState,
  advance,
  rollback,
  versionStates,
} from './lifecycle.js';
