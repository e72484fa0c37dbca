import { jsonLeaves } from '../text/json-leaves.js';
import type { Replacer, Span } from './styles.js';

/**
 * The text with its spans replaced, or undefined when that cannot be done soundly. Where the text is itself JSON, a
 * number becomes a string, a string stays one, and the result must still parse.
 */
export function rewrite(text: string, spans: readonly Span[], replacer: Replacer): string | undefined {
  if (spans.length === 0) return text;
  const inner = jsonLeaves(text);
  if (!inner) return splice(text, spans, (span) => replacer.replacement(span.style, span.type, slice(text, span)));
  const rewritten = splice(text, spans, (span) => {
    const leaf = inner.find((each) => each.start <= span.start && span.end <= each.end);
    if (!leaf) return undefined;
    const value = leaf.isString ? unescaped(slice(text, span)) : slice(text, span);
    const escaped = JSON.stringify(replacer.replacement(span.style, span.type, value)).slice(1, -1);
    if (leaf.isString) return escaped;
    return leaf.start === span.start && leaf.end === span.end ? `"${escaped}"` : undefined;
  });
  return rewritten !== undefined && jsonLeaves(rewritten) ? rewritten : undefined;
}

function slice(text: string, span: Span): string {
  return text.slice(span.start, span.end);
}

function unescaped(raw: string): string {
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return raw;
  }
}

function splice(text: string, spans: readonly Span[], make: (span: Span) => string | undefined): string | undefined {
  const pieces: string[] = [];
  let from = 0;
  for (const span of spans) {
    const made = make(span);
    if (made === undefined) return undefined;
    pieces.push(text.slice(from, span.start), made);
    from = span.end;
  }
  pieces.push(text.slice(from));
  return pieces.join('');
}
