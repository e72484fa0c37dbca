/** What one document may hold. A refusal names the limit; nothing here depends on another tenant's document. */
export const policyLimits = Object.freeze({
  sourceLength: 256 * 1024,
  /** Lines with content plus flow punctuation, counted before any parsing: bounds the parser's work. */
  sourceTokens: 8_000,
  sourceDepth: 16,
  rules: 200,
  conditionsPerRule: 128,
  conditions: 4_096,
  expressionDepth: 16,
  listItems: 500,
  /** Texts in the lists of all conditions together, sets counted wherever they are used. */
  listedTexts: 20_000,
  /** Different texts that one attribute is compared with: bounds the width of every set operation. */
  valuesPerAttribute: 2_048,
  textLength: 512,
  tags: 31,
  tests: 500,
  invariants: 50,
  endpoints: 1_024,
  /** An agent for a person for …: RFC 8693 chains longer than this are denied. */
  delegation: 4,
  diagnostics: 100,
  /** Wall time of one task in a workshop that does not prove: reading, testing, comparing, replaying. */
  taskMs: 10_000,
  /** Recorded requests that one replay over the API reads, if it has the time. */
  replayed: 1_000_000,
  /** After this long a replay over the API answers with what it has and where to go on. */
  replayMs: 25_000,
  /** Requests that a workshop's thread is handed at once. */
  replayedAtOnce: 2_000,
  /** Wall time of one question to the solver, beside its own limit of work. */
  proofMs: 30_000,
  /** Tasks of one owner in a workshop, waiting or running. */
  tasksPerOwner: 4,
  tasksWaiting: 64,
  /** Documents of published versions that wait in a gateway for its one compiling thread. */
  compilesWaiting: 10_000,
});
