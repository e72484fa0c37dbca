import { type AnswerEvent, err, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import { readEvents, readText } from '../body.js';
import { broken, BrokenAnswer, classOfStatus, detailOf } from '../fault.js';
import { member, parseJson } from '../json/parse.js';
import { type Edit, isObject, setMember, splice } from '../json/splice.js';
import { translate } from '../translate/translate.js';
import type { Arrived } from '../transport.js';
import { cannotServe, type Job, type Vendor, type Wire } from '../vendor.js';
import { chunkEvent, readChat, startOf } from './chat-read.js';
import { writeChat } from './chat-write.js';
import { classOf, errorOf } from './faults.js';

/** What differs between those who speak OpenAI's wire. */
export interface Profile {
  readonly url: (job: Job) => string;
  readonly headers: (job: Job) => Readonly<Record<string, string>>;
  /** The field for the most output tokens when the caller gave none. */
  readonly tokensField: 'max_completion_tokens' | 'max_tokens';
  /** True when usage of a stream must be asked for. */
  readonly usageOption: boolean;
}

export function openAiWire(profile: Profile): Vendor {
  return {
    write: (job) => write(profile, job),
    read: (arrived, job) => (job.prompt.ask.stream ? readStream(arrived, job) : readWhole(arrived)),
    errorOf,
    classOf,
  };
}

/** The caller's own bytes with the model, and what was obliged, spliced in. */
function write(profile: Profile, job: Job): Result<Wire, ProviderFault> {
  const { ask, source } = job.prompt;
  if (ask.dialect !== 'openai.chat') return written(profile, job);
  const tree = parseJson(source, { depth: 64, nodes: 1_000_000 });
  if (!tree.ok || tree.value.kind !== 'object') return err(cannotServe('prompt-not-json'));
  const root = tree.value;
  const edits: Edit[] = [setMember(root, 'model', JSON.stringify(job.model))];
  const added: string[] = [];
  const put = (name: string, json: string): void => {
    const edit = setMember(root, name, json);
    if (member(root, name)) edits.push(edit);
    else added.push(`,${JSON.stringify(name)}:${json}`);
  };
  const most = leastOf(job.maxOutputTokens, ask.maxOutputTokens);
  if (job.maxOutputTokens !== undefined && most !== undefined) {
    const given = (['max_completion_tokens', 'max_tokens'] as const).filter(
      (name) => member(root, name)?.kind === 'number',
    );
    for (const name of given.length > 0 ? given : [profile.tokensField]) put(name, String(most));
  }
  if (ask.stream && profile.usageOption) {
    const options = member(root, 'stream_options');
    if (isObject(options)) edits.push(setMember(options, 'include_usage', 'true'));
    else put('stream_options', '{"include_usage":true}');
  }
  edits.push({ start: root.end - 1, end: root.end - 1, text: added.join('') });
  return ok({ url: profile.url(job), headers: profile.headers(job), body: splice(source, edits) });
}

function written(profile: Profile, job: Job): Result<Wire, ProviderFault> {
  const { tokensField, usageOption } = profile;
  const how = { model: job.model, stream: job.prompt.ask.stream, tokensField, usageOption };
  const body = translate(job, (conversation) => writeChat(conversation, how));
  if (!body.ok) return body;
  return ok({ url: profile.url(job), headers: profile.headers(job), body: JSON.stringify(body.value) });
}

export function leastOf(...limits: readonly (number | undefined)[]): number | undefined {
  const known = limits.filter((limit): limit is number => limit !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

async function* readWhole(arrived: Arrived): AsyncGenerator<AnswerEvent, void, undefined> {
  const reading = readChat(await readText(arrived.chunks));
  if (reading.error) throw errorInside(reading.source);
  if (!member(reading.tree, 'choices')) throw broken('no-choices');
  const source = { dialect: 'openai.chat' as const, json: reading.source };
  yield { parts: [startOf(reading.tree), ...reading.parts], source, terminal: true };
}

async function* readStream(arrived: Arrived, job: Job): AsyncGenerator<AnswerEvent, void, undefined> {
  const keepUsage = asksForUsage(job);
  let first = true;
  for await (const { data } of readEvents(arrived.chunks)) {
    if (data === '[DONE]') {
      if (first) throw broken('nothing-before-the-end');
      yield { parts: [], source: { dialect: 'openai.chat', json: '[DONE]' }, terminal: true };
      return;
    }
    const reading = readChat(data);
    if (reading.error) throw errorInside(data);
    yield chunkEvent(reading, first, keepUsage);
    first = false;
  }
  throw broken('cut');
}

function asksForUsage(job: Job): boolean {
  const options = job.prompt.ask.body['stream_options'];
  return (
    typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
  );
}

/** Status 200, and an error in the body. */
function errorInside(json: string): BrokenAnswer {
  const error = errorOf(JSON.parse(json));
  const status = /^\d{3}$/.test(error.code ?? '') ? Number(error.code) : 500;
  return new BrokenAnswer({ class: classOf(status, error) ?? classOfStatus(status), detail: detailOf(200, error) });
}
