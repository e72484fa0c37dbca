import { pino, type Logger } from 'pino';

/** The operational log: for operators, may lose lines, never holds a prompt, an answer or a credential. */
export type Log = Pick<Logger, 'info' | 'warn' | 'error' | 'debug'>;

/** JSON lines on standard output, written without blocking the request path. */
export function createLog(name: string, level = 'info'): Log {
  return pino(
    { name, level, base: { name, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 1, sync: false, minLength: 0 }),
  );
}
