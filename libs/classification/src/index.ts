export { classify, type ClassifyOptions } from './classify.js';
export { engineVersion } from './engine.js';
export { type ClearedPrompt, fulfil, isCleared } from './fulfil.js';
export { type AnswerInspector, type Inspected, inspectAnswer } from './inspect-answer.js';
export { maskStream, type MaskingStream } from './stream/mask-stream.js';
export { loadTaxonomy, type Taxonomy } from './taxonomy/taxonomy.js';
