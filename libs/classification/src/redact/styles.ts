import { createHmac } from 'node:crypto';
import { type Finding, type RedactionStyle, unreachable } from '@writ/domain';
import { surrogateFor } from './surrogates.js';

const strictestFirst: readonly RedactionStyle[] = ['drop', 'mask', 'hash', 'token', 'surrogate'];

export function stricter(a: RedactionStyle, b: RedactionStyle): RedactionStyle {
  return strictestFirst.indexOf(a) <= strictestFirst.indexOf(b) ? a : b;
}

/**
 * Replacements of one conversation: the same value gets the same token in every message, tool call and history entry,
 * because a token is an HMAC of the value under the conversation's key.
 */
export class Replacer {
  readonly restorations = new Map<string, string>();

  constructor(private readonly key: Uint8Array) {}

  replacement(style: RedactionStyle, type: string, value: string): string {
    switch (style) {
      case 'drop':
        return '';
      case 'mask':
        return `[${type}]`;
      case 'hash':
        return `[${type}:${this.#digest(type, value).slice(0, 12)}]`;
      case 'token':
        return this.#issue(value, (length) => `<<${type}_${this.#digest(type, value).slice(0, length)}>>`);
      case 'surrogate':
        return this.#issue(value, (length) => surrogateFor(type, value, this.#digest(type, value), length));
      default:
        return unreachable(style);
    }
  }

  /** Lengthens the suffix until no other value of this conversation has it. */
  #issue(value: string, make: (length: number) => string): string {
    for (let length = 6; length < 64; length += 4) {
      const token = make(length);
      const known = this.restorations.get(token);
      if (known === undefined) this.restorations.set(token, value);
      if (known === undefined || known === value) return token;
    }
    throw new Error('no free token is left in this conversation');
  }

  #digest(type: string, value: string): string {
    return createHmac('sha256', this.key)
      .update(`${type}\0${normal(value)}`)
      .digest('hex');
  }
}

function normal(value: string): string {
  return value.trim();
}

/** A rule names a class or a type: `PII` takes in every e-mail address, `EMAIL` those alone. The stricter style wins. */
export function styleOf(
  found: Pick<Finding, 'class' | 'type'>,
  styles: ReadonlyMap<string, RedactionStyle>,
): RedactionStyle | undefined {
  const [ofClass, ofType] = [styles.get(found.class), styles.get(found.type)];
  return ofClass !== undefined && ofType !== undefined ? stricter(ofClass, ofType) : (ofClass ?? ofType);
}

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly style: RedactionStyle;
  readonly type: string;
}

/** The findings to redact as disjoint spans, in order: where they overlap, their union with the strictest style. */
export function spansOf(findings: readonly Finding[], styles: ReadonlyMap<string, RedactionStyle>): readonly Span[] {
  const wanted = findings
    .flatMap((each) => {
      const style = styleOf(each, styles);
      return style === undefined ? [] : [{ start: each.start, end: each.end, style, type: each.type }];
    })
    .toSorted((a, b) => a.start - b.start || b.end - a.end);
  const merged: Span[] = [];
  for (const span of wanted) {
    const last = merged.at(-1);
    if (last && span.start < last.end)
      merged[merged.length - 1] = {
        ...last,
        end: Math.max(last.end, span.end),
        style: stricter(last.style, span.style),
      };
    else merged.push(span);
  }
  return merged;
}
