/** Where in an answer a piece stands; faults name it. */
export type Phase = 'headers' | 'first' | 'middle' | 'terminal';

export interface Piece {
  readonly bytes: Uint8Array;
  readonly phase: Exclude<Phase, 'headers'>;
}

/** A vendor's answer before it is delivered: bytes, and where faults may strike. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: readonly Piece[];
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  const bytes = Buffer.from(JSON.stringify(body));
  return { status, headers: { 'content-type': 'application/json', ...headers }, pieces: [{ bytes, phase: 'first' }] };
}

/** Server-sent events. The last event is the terminal one, the first is where the answer begins. */
export function events(list: readonly string[], headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...headers },
    pieces: list.map((text, i) => ({ bytes: Buffer.from(text), phase: phaseOf(i, list.length) })),
  };
}

export function phaseOf(index: number, length: number): Piece['phase'] {
  if (index === length - 1) return 'terminal';
  return index === 0 ? 'first' : 'middle';
}

export function sse(data: unknown, event?: string): string {
  return `${event ? `event: ${event}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}
