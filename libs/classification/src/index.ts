export {
  type ClassificationClaims,
  claimsOf,
  classesOf,
  concerns,
  type DeepFact,
  deepFactOf,
  issueClassificationToken,
  leafDigestsOf,
  readClassificationToken,
  reviewConfirms,
  tighten,
} from './classification-token.js';
export { classify, classifyPlanned, type ClassifyOptions, notRead, type Plan, planClassification } from './classify.js';
export { detectors, type DetectorView } from './detectors.js';
export { engineVersion } from './engine.js';
export { explain } from './explain.js';
export { type ClearedPrompt, fulfil, isCleared } from './fulfil.js';
export {
  type AnswerInspector,
  type Inspected,
  inspectAnswer,
  inspectLongAnswer,
  type InspectOptions,
  type LongInspectOptions,
  type LongAnswerInspector,
  type ReadingTime,
} from './inspect-answer.js';
export { LeafCache, type LeafCacheLimits } from './leaf-cache.js';
export { type AnswerJob, type AnswerScan, ClassifierPool, type PoolJob } from './pool.js';
export { generalise } from './redact/generalise.js';
export { type ClassDifference, classDifference, compareTaxonomies, type ShadowDifference } from './shadow.js';
export { maskStream, type MaskingStream } from './stream/mask-stream.js';
export { slowPatterns } from './taxonomy/probe-patterns.js';
export { TaxonomyTrials, type TrialJob, type TrialLimits, type Tried } from './taxonomy-trial.js';
export { loadTaxonomy, loadTaxonomyInSlices, type Taxonomy } from './taxonomy/taxonomy.js';
