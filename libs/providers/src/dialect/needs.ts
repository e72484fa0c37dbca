import type { Attachment, Capability, Dialect, JsonObject, JsonValue } from '@writ/domain';
import { objectOf } from '../translate/conversation.js';

/** What a request needs of a model beyond text, whichever dialect says it. Sorted. */
export function needsOf(
  dialect: Dialect,
  body: JsonObject,
  tools: readonly string[],
  attachments: readonly Attachment[],
): readonly Capability[] {
  const needs = new Set<Capability>(attachments.map(({ kind }) => kind));
  if (tools.length > 0) needs.add('tools');
  if (asksSchema(dialect, body)) needs.add('json-schema');
  if (asksReasoning(dialect, body)) needs.add('reasoning');
  return [...needs].toSorted();
}

function asksSchema(dialect: Dialect, body: JsonObject): boolean {
  const at = (...path: readonly string[]): JsonValue | undefined => within(body, path);
  switch (dialect) {
    case 'openai.chat':
      return at('response_format', 'type') === 'json_schema';
    case 'openai.responses':
      return at('text', 'format', 'type') === 'json_schema';
    case 'anthropic.messages':
      return at('output_config', 'format', 'type') === 'json_schema';
    case 'gemini.generate':
      return isSaid(at('generationConfig', 'responseSchema')) || isSaid(at('generationConfig', 'responseJsonSchema'));
    default:
      return false;
  }
}

function asksReasoning(dialect: Dialect, body: JsonObject): boolean {
  const at = (...path: readonly string[]): JsonValue | undefined => within(body, path);
  switch (dialect) {
    case 'openai.chat':
      return isEffort(at('reasoning_effort'));
    case 'openai.responses':
      return isEffort(at('reasoning', 'effort'));
    case 'anthropic.messages':
      return isSaid(at('thinking')) && at('thinking', 'type') !== 'disabled';
    case 'gemini.generate':
      return (
        isSaid(at('generationConfig', 'thinkingConfig')) &&
        at('generationConfig', 'thinkingConfig', 'thinkingBudget') !== 0
      );
    default:
      return false;
  }
}

function isEffort(value: JsonValue | undefined): boolean {
  return isSaid(value) && value !== 'none';
}

function within(body: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = body;
  for (const name of path) value = objectOf(value)[name];
  return value;
}

function isSaid(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null;
}
