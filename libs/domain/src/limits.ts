/** Every queue, buffer, cache and wait of the request path has its limit here. Sizes in bytes, times in ms. */
export const limits = Object.freeze({
  requestBytes: 2 * 1024 * 1024,
  jsonDepth: 64,
  jsonNodes: 100_000,
  headerBytes: 16 * 1024,
  /** Headers of one request, each line counted. */
  headers: 128,
  /** How long a caller may take: for the head, for the whole request, and without a byte of it. */
  requestHeadersMs: 10_000,
  requestMs: 60_000,
  requestIdleMs: 15_000,
  /** How often the two above are looked at. */
  connectionCheckMs: 1_000,
  /** Open connections of one process, and of one address: a balancer in front is one address. */
  connections: 16_384,
  connectionsPerAddress: 8_192,
  credentialBytes: 16 * 1024,
  messages: 4_096,
  tools: 128,
  choices: 8,
  maxOutputTokens: 1_000_000,
  classificationMs: 2_000,
  /** How long inputs are classified in one turn of the event loop, before what came in meanwhile is seen to: one tenant's alone, several'. */
  classificationTurnMs: 4,
  classificationSharedTurnMs: 1,
  /** Undecided requests at a time: of a tenant that is alone, of one beside others, and of all in a process. */
  tenantUndecidedAlone: 64,
  tenantUndecided: 16,
  processUndecided: 1_024,
  /** Of a tenant beside others, that begin in one turn of the event loop. */
  tenantUndecidedInOneTurn: 2,
  /** Requests of one tenant that wait to be among them, and how long. */
  tenantUndecidedWaiting: 1_024,
  undecidedWaitMs: 10_000,
  /** How long one of them may wait for its record and still count: a slow database holds nobody up twice. */
  undecidedCommitMs: 100,
  /** Above this an input is classified on a worker thread. */
  classificationInlineCharacters: 32 * 1024,
  /** A taxonomy on trial: its thread's share of a core, and the most that is saved up of it. */
  trialPerMille: 100,
  trialBurstMs: 500,
  /** Requests that may wait for that thread, and the time of each. */
  trialsWaiting: 4,
  trialMs: 250,
  /** A longer request would not be read in that time, and sending it costs the sender. */
  trialCharacters: 256 * 1024,
  /** How long a decided request waits for its trial before its record says that it was late. */
  trialWaitMs: 10,
  /** How long one event of an answer may be read, and the whole answer: waiting for the model does not count. */
  answerEventMs: 1_000,
  answerReadingMs: 10_000,
  /** What whole leaves held, remembered for conversations that send their history again: a process, and one tenant in it. */
  classificationCacheBytes: 32 * 1024 * 1024,
  classificationCacheTenantBytes: 8 * 1024 * 1024,
  /** Deadline of the decision's commit; after it the request is refused. */
  decisionCommitMs: 1_000,
  outcomeCommitMs: 5_000,
  /** How long a request waits, beside its commit, for witnesses to cosign an epoch with its record. */
  witnessMs: 15_000,
  /** One question to a witness or a timestamp authority. */
  witnessAnswerMs: 5_000,
  witnessAnswerBytes: 64 * 1024,
  recordBytes: 60 * 1024,
  /** Records of one filtered export: each stands in it with a proof of its own. */
  exportSelection: 10_000,
  /** Records that a filtered export may name one by one, and fields that it may disclose. */
  exportNamed: 1_000,
  exportDisclosed: 32,
  commitBatchRecords: 64,
  commitsInFlight: 2,
  /** How long a log may gather before it is sequenced, unless somebody waits for a receipt: in a second all of it stands in the tree. */
  sequenceGatherMs: 500,
  /** While so few logs wait, or once so many leaves of one do, nothing is gained by gathering. */
  sequenceFewLogs: 8,
  sequenceManyLeaves: 64,
  tenantQueueRecords: 256,
  /** Dispatches, segments and outcomes of one tenant: two for each of its streams, and room for the others' records. */
  tenantOwedRecords: 1_536,
  processQueueRecords: 2_048,
  processQueueBytes: 8 * 1024 * 1024,
  windowBytes: 4 * 1024,
  windowAgesMs: [0, 50, 100, 200, 400] as readonly number[],
  windowSilenceMs: 30,
  windowsInFlight: 2,
  streamBufferBytes: 256 * 1024,
  upstreamConnectMs: 5_000,
  upstreamHeadersMs: 60_000,
  upstreamIdleMs: 60_000,
  upstreamTotalMs: 600_000,
  upstreamBodyBytes: 32 * 1024 * 1024,
  upstreamLineBytes: 1024 * 1024,
  attempts: 4,
  snapshotLeaseMs: 60_000,
  snapshotsHeld: 10_000,
  /** How long a tenant's data keys serve without the key service opening them anew. */
  dataKeyMs: 300_000,
  /** How long a new process loads the snapshots in use before it listens all the same. */
  warmingMs: 10_000,
  /** How long a process that is replaced waits for its idle connections to be used once more, and so to be told to close. */
  drainIdleMs: 5_000,
  jwksBytes: 512 * 1024,
  jwksKeys: 64,
  jwksCooldownMs: 30_000,
  jwksMaxAgeMs: 24 * 60 * 60 * 1000,
  verifiedTokens: 50_000,
  /** Verified tokens that are kept as they were read, so that the same token is not read again. */
  tokensRead: 4_096,
  redisMs: 50,
  /** A provider that reports more tokens than this for one answer is not believed. */
  usageTokens: 100_000_000,
  objectStoreMs: 30_000,
  objectStoreConnectMs: 5_000,
  objectStoreConnections: 8,
  /** S3 takes no part below 5 MiB but the last. */
  objectStorePartBytes: 8 * 1024 * 1024,
  objectStoreListBytes: 4 * 1024 * 1024,
  /** What a reviewer reads of one request. */
  reviewCharacters: 64 * 1024,
  /** How long a request may wait for its review, whatever the policy says. */
  reviewWaitMs: 60_000,
  /** How long a verdict binds its conversation. */
  reviewLifeMs: 7 * 24 * 60 * 60 * 1000,
  /** Reviews in one process's memory; beyond, each is asked of the database. */
  reviewsHeld: 200_000,
  writerSilenceMs: 30_000,
  /** How far a writer's clock may be from the database's. */
  clockOffsetMs: 5_000,
  closeDecisionMs: 60_000,
});
