import { type AnswerEvent, type Dialect, err, type JsonObject, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import { readEvents, readText } from '../body.js';
import { readEach, readOnce } from '../read-each.js';
import { broken } from '../fault.js';
import { treeOfBody } from '../dialect/ask.js';
import { member, type ObjectNode, parseJson } from '../json/parse.js';
import { type Edit, isObject, setMember, splice } from '../json/splice.js';
import { translate } from '../translate/translate.js';
import type { Arrived } from '../transport.js';
import { cannotServe, type Job, type Vendor, type Wire } from '../vendor.js';
import { type ChatDialect, chunkEvent, readChat, sourceOf, startOf } from './chat-read.js';
import { writeChat } from './chat-write.js';
import { embeddingsEvent } from './embeddings.js';
import { classOf, errorOf, errorInside } from './faults.js';
import { readResponsesStream, readResponsesWhole } from './responses-read.js';

/** What differs between those who speak OpenAI's wire. */
export interface Profile {
  readonly url: (job: Job, path: string) => string;
  readonly headers: (job: Job) => Readonly<Record<string, string>>;
  /** The field for the most output tokens when the caller gave none. */
  readonly tokensField: 'max_completion_tokens' | 'max_tokens';
  /** True when usage of a stream must be asked for. */
  readonly usageOption: boolean;
  /** Says a body in its own words, or that it cannot. */
  readonly adapt?: (body: JsonObject) => JsonObject;
  /** Dialects that it speaks itself. */
  readonly natives: ReadonlySet<Dialect>;
}

export function openAiWire(profile: Profile): Vendor {
  return {
    write: (job) => write(profile, job),
    read: (arrived, job) => read(arrived, job, nativeOf(profile, job) ?? 'openai.chat'),
    errorOf,
    classOf,
  };
}

type Native = 'openai.chat' | 'openai.responses' | 'openai.completions' | 'openai.embeddings';

const paths: Readonly<Record<Native, string>> = {
  'openai.chat': '/chat/completions',
  'openai.responses': '/responses',
  'openai.completions': '/completions',
  'openai.embeddings': '/embeddings',
};

function nativeOf(profile: Profile, job: Job): Native | undefined {
  const { dialect } = job.prompt.ask;
  return profile.natives.has(dialect) && Object.hasOwn(paths, dialect) ? (dialect as Native) : undefined;
}

function read(arrived: Arrived, job: Job, native: Native): AsyncIterable<AnswerEvent> {
  const { stream } = job.prompt.ask;
  if (native === 'openai.responses')
    return stream ? readResponsesStream(arrived) : readOnce(() => readResponsesWhole(arrived));
  if (native === 'openai.embeddings') return readOnce(() => readEmbeddings(arrived));
  return stream ? readStream(arrived, job, native) : readOnce(() => readWhole(arrived, native));
}

/** The caller's own bytes with the model, and what was obliged, spliced in. */
function write(profile: Profile, job: Job): Result<Wire, ProviderFault> {
  const { ask, source } = job.prompt;
  const native = nativeOf(profile, job);
  if (!native) return written(profile, job);
  const root = treeOf(job.prompt);
  if (!root) return err(cannotServe('prompt-not-json'));
  const edits: Edit[] = [setMember(root, 'model', JSON.stringify(job.model))];
  const added: string[] = [];
  const put = (name: string, json: string): void => {
    const edit = setMember(root, name, json);
    if (member(root, name)) edits.push(edit);
    else added.push(`,${JSON.stringify(name)}:${json}`);
  };
  const most = leastOf(job.maxOutputTokens, ask.maxOutputTokens);
  if (job.maxOutputTokens !== undefined && most !== undefined && native !== 'openai.embeddings') {
    const given = tokenFields.filter((name) => member(root, name)?.kind === 'number');
    for (const name of given.length > 0 ? given : [tokensFieldOf(profile, native)]) put(name, String(most));
  }
  if (ask.stream && profile.usageOption && native !== 'openai.responses') {
    const options = member(root, 'stream_options');
    if (isObject(options)) edits.push(setMember(options, 'include_usage', 'true'));
    else put('stream_options', '{"include_usage":true}');
  }
  edits.push({ start: root.end - 1, end: root.end - 1, text: added.join('') });
  return ok({ url: profile.url(job, paths[native]), headers: profile.headers(job), body: splice(source, edits) });
}

/** The tree that the request was read from, unless a redaction has moved what stands in it. */
function treeOf({ ask, source }: Job['prompt']): ObjectNode | undefined {
  const known = source === ask.source ? treeOfBody(ask.body) : undefined;
  if (known) return known;
  const tree = parseJson(source, { depth: 64, nodes: 1_000_000 });
  return tree.ok && tree.value.kind === 'object' ? tree.value : undefined;
}

const tokenFields = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const;

function tokensFieldOf(profile: Profile, native: Native): string {
  if (native === 'openai.responses') return 'max_output_tokens';
  return native === 'openai.completions' ? 'max_tokens' : profile.tokensField;
}

function written(profile: Profile, job: Job): Result<Wire, ProviderFault> {
  const { tokensField, usageOption } = profile;
  const how = { model: job.model, stream: job.prompt.ask.stream, tokensField, usageOption };
  const adapt = profile.adapt ?? ((unchanged: JsonObject) => unchanged);
  const body = translate(job, (conversation) => adapt(writeChat(conversation, how)));
  if (!body.ok) return body;
  return ok({
    url: profile.url(job, paths['openai.chat']),
    headers: profile.headers(job),
    body: JSON.stringify(body.value),
  });
}

export function leastOf(...limits: readonly (number | undefined)[]): number | undefined {
  const known = limits.filter((limit): limit is number => limit !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

async function readWhole(arrived: Arrived, dialect: ChatDialect): Promise<AnswerEvent> {
  const reading = readChat(await readText(arrived.chunks));
  if (reading.error) throw errorInside(reading.source);
  if (!member(reading.tree, 'choices')) throw broken('no-choices');
  const parts = [startOf(reading.tree), ...reading.parts];
  return { parts, source: sourceOf(reading, dialect), terminal: true };
}

function readStream(arrived: Arrived, job: Job, dialect: ChatDialect): AsyncIterable<AnswerEvent> {
  const keepUsage = asksForUsage(job);
  let isFirst = true;
  return readEach(readEvents(arrived.chunks), (message) => {
    if (!message) throw broken('cut');
    const { data } = message;
    if (data === '[DONE]') {
      if (isFirst) throw broken('nothing-before-the-end');
      return { parts: [], source: { dialect, json: '[DONE]' }, terminal: true };
    }
    const reading = readChat(data);
    if (reading.error) throw errorInside(data);
    const event = chunkEvent(reading, isFirst, keepUsage, dialect);
    isFirst = false;
    return event;
  });
}

function asksForUsage(job: Job): boolean {
  const options = job.prompt.ask.body['stream_options'];
  return (
    typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
  );
}

async function readEmbeddings(arrived: Arrived): Promise<AnswerEvent> {
  return embeddingsEvent(await readText(arrived.chunks));
}
