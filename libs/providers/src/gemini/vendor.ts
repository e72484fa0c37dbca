import { type AnswerEvent, err, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import { readEvents, readText } from '../body.js';
import { readEach, readOnce } from '../read-each.js';
import { broken } from '../fault.js';
import { member, parseJson } from '../json/parse.js';
import { isObject, setMember, splice } from '../json/splice.js';
import { join } from '../openai/profiles.js';
import { translate } from '../translate/translate.js';
import type { Arrived } from '../transport.js';
import { cannotServe, type Job, type Vendor, type Wire } from '../vendor.js';
import { classOf, errorOf } from './faults.js';
import { GenerateReader } from './read.js';
import { writeGenerate } from './write.js';

type Place = (job: Job) => { readonly path: string; readonly headers: Readonly<Record<string, string>> };

/** The developer API: a key in a header. */
export const gemini = googleWire((job) => ({
  path: `/v1beta/models/${encodeURIComponent(job.model)}`,
  headers: job.secret === undefined ? {} : { 'x-goog-api-key': job.secret },
}));

/** Vertex AI: a project and a location in the path, and a bearer token of the service account. */
export const vertex: Vendor = {
  ...googleWire((job) => {
    const { project = '', location = '' } = job.endpoint.settings;
    const place = `projects/${encodeURIComponent(project)}/locations/${encodeURIComponent(location)}`;
    return { path: `/v1/${place}/publishers/google/models/${encodeURIComponent(job.model)}`, headers: {} };
  }),
  async authorize(_wire, job, tokens) {
    if (job.secret === undefined) return ok({});
    const token = await tokens(job.secret);
    return token.ok ? ok({ authorization: `Bearer ${token.value}` }) : token;
  },
};

function googleWire(place: Place): Vendor {
  return { write: (job) => write(place, job), read, errorOf, classOf };
}

function write(place: Place, job: Job): Result<Wire, ProviderFault> {
  const { ask } = job.prompt;
  if (ask.action !== 'chat') return err(cannotServe('action-not-served'));
  const body = ask.dialect === 'gemini.generate' ? spliced(job) : written(job);
  if (!body.ok) return body;
  const { path, headers } = place(job);
  const method = ask.stream ? ':streamGenerateContent?alt=sse' : ':generateContent';
  return ok({ url: join(job.endpoint.baseUrl, path + method), headers, body: body.value });
}

function written(job: Job): Result<string, ProviderFault> {
  const body = translate(job, writeGenerate);
  return body.ok ? ok(JSON.stringify(body.value)) : body;
}

/** The model stands in the path, so the caller's bytes only change where a limit is obliged. */
function spliced(job: Job): Result<string, ProviderFault> {
  const { ask, source } = job.prompt;
  if (job.maxOutputTokens === undefined) return ok(source);
  const tree = parseJson(source, { depth: 64, nodes: 1_000_000 });
  if (!tree.ok || tree.value.kind !== 'object') return err(cannotServe('prompt-not-json'));
  const most = String(Math.min(job.maxOutputTokens, ask.maxOutputTokens ?? Infinity));
  const config = member(tree.value, 'generationConfig');
  const edit = isObject(config)
    ? setMember(config, 'maxOutputTokens', most)
    : setMember(tree.value, 'generationConfig', `{"maxOutputTokens":${most}}`);
  return ok(splice(source, [edit]));
}

function read(arrived: Arrived, job: Job): AsyncIterable<AnswerEvent> {
  const { ask } = job.prompt;
  const reader = new GenerateReader(ask.choices, ask.request);
  if (!ask.stream) return readOnce(() => readWhole(arrived, reader));
  return readEach(readEvents(arrived.chunks), (message) => {
    if (!message) throw broken('cut');
    return reader.read(message.data);
  });
}

async function readWhole(arrived: Arrived, reader: GenerateReader): Promise<AnswerEvent> {
  const event = reader.read(await readText(arrived.chunks));
  if (!event.parts.some((part) => part.kind === 'finish')) throw broken('no-candidates');
  return { ...event, terminal: true };
}
