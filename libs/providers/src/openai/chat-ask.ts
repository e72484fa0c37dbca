import { type JsonObject, type JsonValue, ok } from '@writ/domain';
import type { Particulars, RouteShape } from '../dialect/ask.js';
import { chatShape } from './chat-shape.js';

export const chatRoute: RouteShape = {
  dialect: 'openai.chat',
  action: 'chat',
  shape: chatShape,
  particulars: (body) => ok(particulars(body)),
};

function particulars(body: JsonObject): Particulars {
  const most = body['max_completion_tokens'] ?? body['max_tokens'];
  return {
    model: body['model'] as string,
    stream: body['stream'] === true,
    tools: toolNames(body),
    ...(typeof most === 'number' ? { maxOutputTokens: most } : {}),
    choices: typeof body['n'] === 'number' ? body['n'] : 1,
    metadata: (body['metadata'] ?? {}) as Readonly<Record<string, string>>,
  };
}

/** Tools that the provider runs itself are tools all the same: policy must see that it searches the web. */
function toolNames(body: JsonObject): string[] {
  const offered = [...listOf(body['tools']), ...listOf(body['functions'])].map((tool) => {
    const inner = fieldOf(tool, 'function') ?? fieldOf(tool, 'custom') ?? tool;
    return fieldOf(inner, 'name') as string;
  });
  return body['web_search_options'] ? [...offered, 'web_search'] : offered;
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

export function fieldOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject)[name] : undefined;
}
