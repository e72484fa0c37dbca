/** What Converse answers, as far as we read it; https://docs.aws.amazon.com/bedrock/latest/APIReference. */
export interface ConverseAnswer {
  readonly output?: { readonly message?: { readonly content?: readonly ContentBlock[] } };
  readonly stopReason?: string;
  readonly usage?: TokenUsage;
}

export interface ContentBlock {
  readonly text?: string;
  readonly toolUse?: { readonly toolUseId?: string; readonly name?: string; readonly input?: unknown };
  readonly reasoningContent?: { readonly reasoningText?: { readonly text?: string } };
}

export interface TokenUsage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadInputTokens?: number;
  readonly cacheWriteInputTokens?: number;
}

/** The payloads of ConverseStream, by the name of the event. */
export interface StreamPayload {
  readonly contentBlockIndex?: number;
  readonly start?: { readonly toolUse?: { readonly toolUseId?: string; readonly name?: string } };
  readonly delta?: {
    readonly text?: string;
    readonly toolUse?: { readonly input?: string };
    readonly reasoningContent?: { readonly text?: string };
  };
  readonly stopReason?: string;
  readonly usage?: TokenUsage;
}
