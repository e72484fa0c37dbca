// Loaded into a gateway or worker with `--import`: kills the process at a named point, once, when a file asks for it. The
// points lie at the edges of the product (database, upstream, socket), so the product itself has no hook.
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { Client } from 'pg';
import { Agent } from 'undici';

const file = process.env.FAILPOINT_FILE ?? '';

/** Whoever takes the file away dies; the others go on. */
function at(point) {
  if (!existsSync(file)) return;
  try {
    if (readFileSync(file, 'utf8') !== point) return;
    unlinkSync(file);
  } catch {
    return;
  }
  process.kill(process.pid, 'SIGKILL');
}

const query = Client.prototype.query;
Client.prototype.query = function (...args) {
  const name = { 'writ.append': 'append', 'writ.put': 'put' }[args[0]?.name] ?? (args[0] === 'COMMIT' ? 'commit' : '');
  if (name === '') return query.apply(this, args);
  at(`before-${name}`);
  const result = query.apply(this, args);
  result?.then?.(
    () => at(`after-${name}`),
    () => undefined,
  );
  return result;
};

const dispatch = Agent.prototype.dispatch;
Agent.prototype.dispatch = function (options, handler) {
  const isModel = options.method === 'POST' && String(options.path).includes('/at/');
  if (isModel) at('before-upstream');
  const result = dispatch.call(this, options, handler);
  if (isModel) setImmediate(at, 'after-upstream');
  return result;
};

for (const method of ['write', 'end']) {
  const original = ServerResponse.prototype[method];
  ServerResponse.prototype[method] = function (...args) {
    const isAnswer = this.statusCode === 200 && this.hasHeader('x-writ-decision');
    if (isAnswer) at('before-socket');
    const result = original.apply(this, args);
    if (isAnswer) setImmediate(at, 'after-socket');
    return result;
  };
}
