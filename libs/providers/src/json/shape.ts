import type { Role } from '@writ/domain';

/**
 * What a route accepts: the vendor's documented parameters and nothing else. A shape also says how each string is
 * classified and whether a redaction may rewrite it.
 */
export type Shape =
  /** Free text. May be rewritten. */
  | { readonly is: 'text'; readonly role?: Role; readonly max?: number }
  /** A string with a meaning for the protocol: classified, never rewritten. */
  | { readonly is: 'word'; readonly of?: readonly string[]; readonly max?: number; readonly role?: Role }
  | { readonly is: 'number'; readonly whole?: boolean; readonly min?: number; readonly max?: number }
  | { readonly is: 'boolean' }
  | ObjectShape
  /** An object whose keys the caller chooses. */
  | { readonly is: 'map'; readonly value: Shape; readonly role?: Role; readonly max?: number }
  | { readonly is: 'list'; readonly of: Shape; readonly min?: number; readonly max?: number }
  /** An object whose shape depends on one of its members. `otherwise` serves when the member is absent. */
  | {
      readonly is: 'variant';
      readonly on: string;
      readonly cases: Readonly<Record<string, ObjectShape>>;
      readonly otherwise?: string;
      /** One case that depends on yet another member. */
      readonly fallback?: { readonly on: string; readonly shape: Shape };
    }
  /** Told apart by the kind of JSON value. */
  | {
      readonly is: 'either';
      readonly string?: Shape;
      readonly list?: Shape;
      readonly object?: Shape;
      readonly otherwise?: Shape;
    }
  /** Any JSON, such as a JSON schema: `description` and `title` may be rewritten, nothing else. */
  | { readonly is: 'any'; readonly role?: Role; readonly rewrite?: boolean }
  /** A part whose bytes are not read: a data URL or base64. A reference stays a word, and counts as unread. */
  | { readonly is: 'media'; readonly media: 'image' | 'audio' | 'file'; readonly typeFrom?: string }
  /** A documented parameter that this gateway does not serve, and why. */
  | { readonly is: 'refused'; readonly why: string }
  | { readonly is: 'maybe'; readonly shape: Shape };

export interface ObjectShape {
  readonly is: 'object';
  readonly role?: Role;
  readonly fields: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
}

export const text: Shape = { is: 'text' };
export const word: Shape = { is: 'word' };
export const boolean: Shape = { is: 'boolean' };

export function oneOf(...of: readonly string[]): Shape {
  return { is: 'word', of };
}

export function range(min: number, max: number): Shape {
  return { is: 'number', min, max };
}

export function whole(min: number, max: number): Shape {
  return { is: 'number', whole: true, min, max };
}

/** The documented parameter may also be null. */
export function maybe(shape: Shape): Shape {
  return { is: 'maybe', shape };
}

export function list(of: Shape, max: number, min = 0): Shape {
  return { is: 'list', of, min, max };
}

export function object(
  fields: Readonly<Record<string, Shape>>,
  required: readonly string[] = [],
  role?: Role,
): ObjectShape {
  return { is: 'object', fields, required, ...(role ? { role } : {}) };
}
