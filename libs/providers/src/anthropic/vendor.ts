import { type AnswerEvent, err, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import { readEvents, readText } from '../body.js';
import { readEach, readOnce } from '../read-each.js';
import { broken, BrokenAnswer, detailOf } from '../fault.js';
import { member, parseJson, textOf } from '../json/parse.js';
import { type Edit, setMember, splice } from '../json/splice.js';
import { join } from '../openai/profiles.js';
import { translate } from '../translate/translate.js';
import type { Arrived } from '../transport.js';
import { cannotServe, type Job, type Vendor, type Wire } from '../vendor.js';
import { classOf, errorOf } from './faults.js';
import { finishOf, MessagesStream, readMessages, startOf, Blocks } from './read.js';
import { readUsage } from './usage.js';
import { writeMessages } from './write.js';
import { readJson } from '../json/value.js';

export const anthropic: Vendor = {
  write,
  read: (arrived, job) => (job.prompt.ask.stream ? readStream(arrived) : readOnce(() => readWhole(arrived, job))),
  errorOf,
  classOf,
};

function write(job: Job): Result<Wire, ProviderFault> {
  const { ask } = job.prompt;
  const native = ask.dialect === 'anthropic.messages';
  if (!native && ask.action !== 'chat') return err(cannotServe('action-not-served'));
  const body = native ? spliced(job) : written(job);
  if (!body.ok) return body;
  const path = ask.action === 'count-tokens' ? '/v1/messages/count_tokens' : '/v1/messages';
  return ok({
    url: join(job.endpoint.baseUrl.replace(/\/v1\/?$/, ''), path),
    headers: {
      'anthropic-version': job.endpoint.settings['apiVersion'] ?? '2023-06-01',
      ...(job.secret === undefined ? {} : { 'x-api-key': job.secret }),
    },
    body: body.value,
  });
}

function written(job: Job): Result<string, ProviderFault> {
  const body = translate(job, (conversation) => writeMessages(conversation, job.model, job.prompt.ask.stream));
  return body.ok ? ok(JSON.stringify(body.value)) : body;
}

function spliced(job: Job): Result<string, ProviderFault> {
  const { ask, source } = job.prompt;
  const tree = parseJson(source, { depth: 64, nodes: 1_000_000 });
  if (!tree.ok || tree.value.kind !== 'object') return err(cannotServe('prompt-not-json'));
  const edits: Edit[] = [setMember(tree.value, 'model', JSON.stringify(job.model))];
  if (job.maxOutputTokens !== undefined && ask.maxOutputTokens !== undefined)
    edits.push(setMember(tree.value, 'max_tokens', String(Math.min(job.maxOutputTokens, ask.maxOutputTokens))));
  return ok(splice(source, edits));
}

async function readWhole(arrived: Arrived, job: Job): Promise<AnswerEvent> {
  const json = await readText(arrived.chunks);
  const source = { dialect: 'anthropic.messages', json } as const;
  const { tree, parts } = readMessages(json, new Blocks());
  if (job.prompt.ask.action === 'count-tokens') {
    if (member(tree, 'input_tokens')?.kind !== 'number') throw broken('no-count');
    return { parts, source, terminal: true };
  }
  if (textOf(member(tree, 'type')) === 'error') throw errorInside(json);
  if (textOf(member(tree, 'type')) !== 'message') throw broken('no-message');
  const usage = readUsage(member(tree, 'usage'));
  const counted = usage ? [{ kind: 'usage', usage } as const] : [];
  return { parts: [startOf(tree), ...parts, ...finishOf(tree), ...counted], source, terminal: true };
}

function readStream(arrived: Arrived): AsyncIterable<AnswerEvent> {
  const stream = new MessagesStream();
  return readEach(readEvents(arrived.chunks), (message) => {
    if (!message) throw broken('cut');
    if (message.event === 'error') throw errorInside(message.data);
    return stream.read(message.data);
  });
}

function errorInside(json: string): BrokenAnswer {
  const error = errorOf(readJson(json));
  return new BrokenAnswer({ class: classOf(200, error) ?? 'unavailable', detail: detailOf(200, error) });
}
