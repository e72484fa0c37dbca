// Loaded into a gateway or worker with `--import`: kills the process at a named point, once, when a file asks for it. The
// points lie at the edges of the product (database, upstream, socket), so the product itself has no hook.
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { Client } from 'pg';
import { Agent } from 'undici';

const file = process.env['FAILPOINT_FILE'] ?? '';

/** Whoever takes the file away dies; the others go on. */
function at(point: string): void {
  if (!existsSync(file)) return;
  try {
    if (readFileSync(file, 'utf8') !== point) return;
    unlinkSync(file);
  } catch {
    return;
  }
  process.kill(process.pid, 'SIGKILL');
}

type Method = (...args: readonly unknown[]) => unknown;

/** Puts `around` in the place of a method; it gets the method bound to its object, and the arguments. */
function wrap(
  prototype: object,
  name: string,
  around: (self: object, call: Method, args: readonly unknown[]) => unknown,
) {
  const original = Reflect.get(prototype, name) as Method;
  Reflect.set(prototype, name, function wrapped(this: object, ...args: readonly unknown[]): unknown {
    return around(this, (...given) => Reflect.apply(original, this, given), args);
  });
}

const statements = new Map([
  ['writ.append', 'append'],
  ['writ.put-batches', 'put'],
]);

wrap(Client.prototype, 'query', (_self, call, args) => {
  const [first] = args;
  const named = typeof first === 'object' && first !== null && 'name' in first ? String(first.name) : '';
  const name = first === 'COMMIT' ? 'commit' : statements.get(named);
  if (name === undefined) return call(...args);
  at(`before-${name}`);
  const result = call(...args);
  if (result instanceof Promise)
    result.then(
      () => at(`after-${name}`),
      () => undefined,
    );
  return result;
});

wrap(Agent.prototype, 'dispatch', (_self, call, args) => {
  const { method, path } = args[0] as Agent.DispatchOptions;
  const isModel = method === 'POST' && path.includes('/at/');
  if (isModel) at('before-upstream');
  const result = call(...args);
  if (isModel) setImmediate(at, 'after-upstream');
  return result;
});

for (const method of ['write', 'end'])
  wrap(ServerResponse.prototype, method, (self, call, args) => {
    const isAnswer = self instanceof ServerResponse && self.statusCode === 200 && isRecorded(self);
    if (isAnswer) at('before-socket');
    const result = call(...args);
    if (isAnswer) setImmediate(at, 'after-socket');
    return result;
  });

/** The door writes its headers as one piece, which Node keeps only as the text that it sent. */
function isRecorded(response: object): boolean {
  const sent: unknown = Reflect.get(response, '_header');
  return typeof sent === 'string' && sent.toLowerCase().includes('\r\nx-writ-decision:');
}
