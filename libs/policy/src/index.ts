export { type Diagnostic, type DiagnosticCode, formatDiagnostic } from './diagnostic.js';
export type { DataFacts, Facts, SubjectFacts } from './facts.js';
export { type PolicyImage, compile } from './image.js';
export { type LinkedPolicy, link } from './link.js';
export { decide } from './decide.js';
export { type TestResult, readAs, runTests } from './run-tests.js';
