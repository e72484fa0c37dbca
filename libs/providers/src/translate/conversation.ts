import { err, type JsonObject, type JsonValue, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import { cannotServe } from '../vendor.js';
import { readJson } from '../json/value.js';

/** What every dialect can say, for the way from one dialect to another vendor's wire. Nothing in it is dropped silently. */
export interface Conversation {
  readonly system: readonly string[];
  readonly turns: readonly Turn[];
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string };
  readonly parallelTools?: boolean;
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly stop: readonly string[];
  readonly choices: number;
  readonly format?: { readonly kind: 'json' } | JsonSchemaFormat;
  readonly reasoning?: { readonly effort?: string; readonly budget?: number };
  readonly logprobs?: { readonly top?: number };
  readonly user?: string;
}

export interface JsonSchemaFormat {
  readonly kind: 'schema';
  readonly name: string;
  readonly schema: JsonObject;
  readonly strict?: boolean;
}

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'media';
      readonly media: 'image' | 'audio' | 'file';
      readonly mediaType: string;
      readonly data: string;
    }
  | { readonly kind: 'link'; readonly media: 'image' | 'file'; readonly url: string }
  | { readonly kind: 'reasoning'; readonly text: string; readonly signature?: string }
  | { readonly kind: 'tool-call'; readonly id: string; readonly name: string; readonly arguments: string }
  | {
      readonly kind: 'tool-result';
      readonly id: string;
      readonly name: string;
      readonly text: string;
      readonly isError: boolean;
    };

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  readonly schema: JsonObject;
  readonly strict?: boolean;
}

/** Thrown inside a translator when the other side cannot say it; becomes a fault of class `malformed`. */
export class Untranslatable extends Error {
  constructor(readonly what: string) {
    super(`cannot be said on this wire: ${what}`);
  }
}

export function cannotSay(what: string): never {
  throw new Untranslatable(what);
}

export function translated<T>(work: () => T): Result<T, ProviderFault> {
  try {
    return ok(work());
  } catch (error) {
    if (error instanceof Untranslatable) return err(cannotServe(`untranslatable ${error.what}`));
    throw error;
  }
}

/** The fields of a body that may all be served by another vendor; anything else must not vanish. */
export function onlyThese(body: JsonObject, names: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(body)) if (value !== null && !names.has(name)) cannotSay(name);
}

export function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

export function stringOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** An optional member: present in the result only when it is a number, a string or a boolean there. */
export function numberIn<K extends string>(body: JsonObject, name: string, as: K): { readonly [P in K]?: number } {
  const value = body[name];
  return (typeof value === 'number' ? { [as]: value } : {}) as { readonly [P in K]?: number };
}

export function stringIn<K extends string>(body: JsonObject, name: string, as: K): { readonly [P in K]?: string } {
  const value = body[name];
  return (typeof value === 'string' ? { [as]: value } : {}) as { readonly [P in K]?: string };
}

export function booleanIn<K extends string>(body: JsonObject, name: string, as: K): { readonly [P in K]?: boolean } {
  const value = body[name];
  return (typeof value === 'boolean' ? { [as]: value } : {}) as { readonly [P in K]?: boolean };
}

/** Neighbouring turns of one role become one: some vendors insist on taking turns. */
export function mergeTurns(turns: readonly Turn[]): readonly Turn[] {
  const merged: Turn[] = [];
  for (const turn of turns) {
    const last = merged.at(-1);
    if (last?.role === turn.role)
      merged[merged.length - 1] = { role: turn.role, blocks: [...last.blocks, ...turn.blocks] };
    else merged.push(turn);
  }
  return merged;
}

/** `data:` URLs become bytes, anything else a link. */
export function mediaBlock(media: 'image' | 'file', url: string): Block {
  const data = /^data:([^;,]+)(?:;[^,]*)?;base64,(.*)$/s.exec(url);
  if (data) return { kind: 'media', media, mediaType: data[1] ?? '', data: data[2] ?? '' };
  if (url.startsWith('data:')) return cannotSay('a data URL that is not base64');
  return { kind: 'link', media, url };
}

/** Arguments are JSON text in one dialect and an object in another. */
export function parseArguments(text: string): JsonObject {
  const value = readJson(text === '' ? '{}' : text);
  return value === undefined ? cannotSay('tool arguments that are not JSON') : objectOf(value);
}
