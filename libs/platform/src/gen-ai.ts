/**
 * Names of the OpenTelemetry semantic conventions for generative AI, in one place. They are still in development and have
 * moved between packages, so they are constants of our own: what changes there is changed here, with the version.
 */
export const genAi = {
  /** The state of open-telemetry/semantic-conventions-genai that the names were taken from. */
  conventions: '1.39.0-development',
  attribute: {
    operationName: 'gen_ai.operation.name',
    providerName: 'gen_ai.provider.name',
    requestModel: 'gen_ai.request.model',
    requestMaxTokens: 'gen_ai.request.max_tokens',
    requestChoices: 'gen_ai.request.choice.count',
    requestStream: 'gen_ai.request.stream',
    responseId: 'gen_ai.response.id',
    responseModel: 'gen_ai.response.model',
    finishReasons: 'gen_ai.response.finish_reasons',
    timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
    inputTokens: 'gen_ai.usage.input_tokens',
    outputTokens: 'gen_ai.usage.output_tokens',
    reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
    cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
    cacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
    errorType: 'error.type',
    serverAddress: 'server.address',
    serverPort: 'server.port',
    decision: 'writ.decision.id',
    outcome: 'writ.outcome',
  },
  /** Opt-in attributes of the conventions that hold content. They are never set here; a test looks for them. */
  neverSet: [
    'gen_ai.input.messages',
    'gen_ai.output.messages',
    'gen_ai.system_instructions',
    'gen_ai.tool.call.arguments',
    'gen_ai.tool.call.result',
    'gen_ai.tool.definitions',
  ],
  /** By our own name of a provider; what is not here has the same name there. */
  providerName: {
    'azure.openai': 'azure.ai.openai',
    'google.vertex': 'gcp.vertex_ai',
    'google.gemini': 'gcp.gemini',
    mistral: 'mistral_ai',
  } as Readonly<Record<string, string>>,
  operationName: { chat: 'chat', complete: 'text_completion', embed: 'embeddings' } as Readonly<Record<string, string>>,
} as const;
