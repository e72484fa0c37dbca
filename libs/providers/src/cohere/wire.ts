/** What `/v2/chat` answers, as far as we read it; https://docs.cohere.com/reference/chat. */
export interface CohereAnswer {
  readonly id?: string;
  readonly finish_reason?: string;
  readonly message?: CohereMessage;
  readonly usage?: CohereUsage;
}

export interface CohereMessage {
  readonly content?: readonly { readonly type?: string; readonly text?: string; readonly thinking?: string }[];
  readonly tool_plan?: string;
  readonly tool_calls?: readonly CohereCall[];
}

export interface CohereCall {
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

export interface CohereUsage {
  readonly tokens?: { readonly input_tokens?: number; readonly output_tokens?: number };
  readonly cached_tokens?: number;
}

/** The data of a stream's event, by its type. */
export interface CohereEvent {
  readonly type?: string;
  readonly id?: string;
  readonly index?: number;
  readonly delta?: {
    readonly message?: {
      readonly content?: { readonly text?: string; readonly thinking?: string };
      readonly tool_plan?: string;
      readonly tool_calls?: CohereCall;
    };
    readonly finish_reason?: string;
    readonly usage?: CohereUsage;
  };
}
