import { createHash } from 'node:crypto';

/** What a simulated model understands of a request, whatever vendor's wire it came by. */
export interface Prompt {
  readonly model: string;
  readonly turns: readonly { readonly role: string; readonly text: string }[];
  readonly tools: readonly string[];
  /** Names of tools that the caller forces; empty means that the model is free. */
  readonly forcedTools: readonly string[];
  readonly jsonSchema: boolean;
  readonly maxTokens: number | undefined;
  readonly images: number;
}

export interface ToolCall {
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export interface Tokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
}

export type Finish = 'stop' | 'length' | 'tool-calls' | 'filtered' | 'refusal';

/** What a simulated model says. Vendors only differ in how they write it down. */
export interface Answer {
  /** The text, cut as it is streamed; buffered it is joined. */
  readonly chunks: readonly string[];
  readonly reasoning: readonly string[];
  readonly toolCalls: readonly ToolCall[];
  readonly refusal: string;
  readonly finish: Finish;
  readonly tokens: Tokens;
}

/** What a test may dictate; the rest stays as the model would have it. */
export type Dictated = { readonly [K in keyof Answer]?: K extends 'tokens' ? Partial<Tokens> : Answer[K] } & {
  /** Shorthand for one chunk a word. */
  readonly text?: string;
};

/** Deterministic: the same prompt gives the same answer, so that buffered and streamed twins can be compared. */
export function think(prompt: Prompt, dictated: Dictated = {}): Answer {
  const said = prompt.turns.findLast((turn) => turn.role === 'user')?.text ?? '';
  const toolCalls = dictated.toolCalls ?? callTools(prompt, said);
  const full = dictated.text ?? (toolCalls.length > 0 ? '' : speak(prompt, said));
  const words = dictated.chunks ?? full.match(/\S+\s*|\s+/g) ?? [];
  const cut = prompt.maxTokens !== undefined && dictated.chunks === undefined && words.length > prompt.maxTokens;
  const chunks = cut ? words.slice(0, prompt.maxTokens) : words;
  const reasoning = dictated.reasoning ?? [];
  const refusal = dictated.refusal ?? '';
  const told = prompt.turns.map((turn) => turn.text).join('');
  const reasoningTokens = dictated.tokens?.reasoning ?? tokensOf(reasoning.join(''));
  return {
    chunks: refusal ? [] : chunks,
    reasoning,
    toolCalls,
    refusal,
    finish: dictated.finish ?? finishOf(cut, toolCalls.length > 0, refusal !== ''),
    tokens: {
      input: tokensOf(told) + 85 * prompt.images + 3,
      output: chunks.length + tokensOf(toolCalls.map((call) => call.arguments).join('')) + reasoningTokens,
      cacheRead: 0,
      cacheWrite: 0,
      ...dictated.tokens,
      reasoning: reasoningTokens,
    },
  };
}

function finishOf(cut: boolean, tools: boolean, refused: boolean): Finish {
  if (refused) return 'refusal';
  if (tools) return 'tool-calls';
  return cut ? 'length' : 'stop';
}

/** A reviewing model: it is asked for classes, and finds PHI where the text speaks of an illness. */
function judge(said: string): string | undefined {
  const asked = /^Classes: ([A-Z0-9_, ]+)\n/.exec(said)?.[1]?.split(', ');
  if (asked === undefined) return undefined;
  const isIll = /biopsy|diagnos|relapse|insulin|chemotherapy/i.test(said);
  return JSON.stringify({
    classes: Object.fromEntries(asked.map((name) => [name, name === 'PHI' && isIll ? 940 : 20])),
  });
}

function speak(prompt: Prompt, said: string): string {
  const judged = judge(said);
  if (judged !== undefined) return judged;
  if (prompt.jsonSchema) return JSON.stringify({ model: prompt.model, said });
  const results = prompt.turns.filter((turn) => turn.role === 'tool').map((turn) => turn.text);
  const knows = results.length > 0 ? ` The tools told me: ${results.join(' | ')}.` : '';
  return `I am ${prompt.model}, simulated. You said: ${said}${knows}`;
}

/** A model calls what it is forced to call, or every tool when the user says "use the tools". */
function callTools(prompt: Prompt, said: string): ToolCall[] {
  const answered = prompt.turns.at(-1)?.role === 'tool';
  const names = prompt.forcedTools.length > 0 ? prompt.forcedTools : /use the tools?/i.test(said) ? prompt.tools : [];
  return answered ? [] : names.map((name) => ({ name, arguments: JSON.stringify({ query: said }) }));
}

export function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}

/** Stable ids: the same request body gives the same ids. */
export function idOf(prefix: string, ...parts: readonly string[]): string {
  return prefix + createHash('sha256').update(parts.join('\u0000')).digest('hex').slice(0, 24);
}
