import type { JsonObject, JsonValue } from '@writ/domain';
import {
  type Block,
  cannotSay,
  type Conversation,
  listOf,
  numberIn,
  objectOf,
  onlyThese,
  stringIn,
  stringOf,
  type Turn,
} from '../translate/conversation.js';

const known = new Set([
  'contents',
  'generationConfig',
  'labels',
  'safetySettings',
  'systemInstruction',
  'toolConfig',
  'tools',
]);

export function conversationOfGenerate(body: JsonObject): Conversation {
  onlyThese(body, known);
  const config = objectOf(body['generationConfig']);
  if (config['responseLogprobs'] === true) cannotSay('responseLogprobs');
  const calls = new CallIds();
  return {
    system: systemOf(body['systemInstruction']),
    turns: listOf(body['contents']).map((content) => turnOf(objectOf(content), calls)),
    tools: listOf(body['tools']).flatMap((tool) =>
      listOf(objectOf(tool)['functionDeclarations']).map((item) => {
        const declaration = objectOf(item);
        return {
          name: stringOf(declaration['name']),
          ...stringIn(declaration, 'description', 'description'),
          schema: schemaOf(declaration['parametersJsonSchema'] ?? declaration['parameters'] ?? { type: 'object' }),
        };
      }),
    ),
    ...choiceOf(objectOf(objectOf(body['toolConfig'])['functionCallingConfig'])),
    ...numberIn(config, 'maxOutputTokens', 'maxOutputTokens'),
    ...numberIn(config, 'temperature', 'temperature'),
    ...numberIn(config, 'topP', 'topP'),
    ...numberIn(config, 'topK', 'topK'),
    ...numberIn(config, 'seed', 'seed'),
    ...numberIn(config, 'presencePenalty', 'presencePenalty'),
    ...numberIn(config, 'frequencyPenalty', 'frequencyPenalty'),
    stop: listOf(config['stopSequences']).map(stringOf),
    choices: typeof config['candidateCount'] === 'number' ? config['candidateCount'] : 1,
    ...formatOf(config),
    ...reasoningOf(objectOf(config['thinkingConfig'])),
  };
}

/** Here calls need no ids: results follow their calls in order, by name. */
class CallIds {
  readonly #waiting: { readonly id: string; readonly name: string }[] = [];
  #count = 0;

  call(name: string, given: string): string {
    this.#count += 1;
    const id = given === '' ? `call_${this.#count}` : given;
    this.#waiting.push({ id, name });
    return id;
  }

  result(name: string, given: string): string {
    const at = this.#waiting.findIndex((call) => (given === '' ? call.name === name : call.id === given));
    const [found] = at === -1 ? [] : this.#waiting.splice(at, 1);
    return found?.id ?? cannotSay('a function response without its call');
  }
}

function systemOf(instruction: JsonValue | undefined): readonly string[] {
  if (typeof instruction === 'string') return [instruction];
  return listOf(objectOf(instruction)['parts']).map((part) => stringOf(objectOf(part)['text']));
}

function turnOf(content: JsonObject, calls: CallIds): Turn {
  const role = content['role'] === 'model' ? 'assistant' : 'user';
  return { role, blocks: listOf(content['parts']).map((part) => blockOf(objectOf(part), calls)) };
}

function blockOf(part: JsonObject, calls: CallIds): Block {
  if (typeof part['text'] === 'string') {
    const kind = part['thought'] === true ? 'reasoning' : 'text';
    return { kind, text: part['text'] };
  }
  if (part['inlineData']) {
    const { mimeType, data } = objectOf(part['inlineData']);
    return { kind: 'media', media: mediaOf(stringOf(mimeType)), mediaType: stringOf(mimeType), data: stringOf(data) };
  }
  if (part['functionCall']) {
    const call = objectOf(part['functionCall']);
    const name = stringOf(call['name']);
    const id = calls.call(name, stringOf(call['id']));
    return { kind: 'tool-call', id, name, arguments: JSON.stringify(call['args'] ?? {}) };
  }
  if (part['functionResponse']) {
    const result = objectOf(part['functionResponse']);
    const name = stringOf(result['name']);
    const id = calls.result(name, stringOf(result['id']));
    return { kind: 'tool-result', id, name, text: resultText(objectOf(result['response'])), isError: false };
  }
  return cannotSay('a file by its address');
}

function resultText(response: JsonObject): string {
  const { output, result } = response;
  const only = Object.keys(response).length === 1 ? (output ?? result) : undefined;
  return typeof only === 'string' ? only : JSON.stringify(response);
}

export function mediaOf(mimeType: string): 'image' | 'audio' | 'file' {
  if (mimeType.startsWith('image/')) return 'image';
  return mimeType.startsWith('audio/') ? 'audio' : 'file';
}

/** The vendor's older schemas name types in capitals. */
function schemaOf(schema: JsonValue): JsonObject {
  const lower = (value: JsonValue, key: string): JsonValue => {
    if (key === 'type' && typeof value === 'string') return value.toLowerCase();
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map((item) => lower(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, lower(inner, name)]));
  };
  return objectOf(lower(schema, ''));
}

function choiceOf(config: JsonObject): Pick<Conversation, 'toolChoice'> {
  const names = listOf(config['allowedFunctionNames']).map(stringOf);
  switch (config['mode']) {
    case 'ANY':
      if (names.length > 1) return cannotSay('several allowed functions');
      return { toolChoice: names[0] === undefined ? 'required' : { name: names[0] } };
    case 'NONE':
      return { toolChoice: 'none' };
    case 'AUTO':
      return { toolChoice: 'auto' };
    default:
      return {};
  }
}

function formatOf(config: JsonObject): Pick<Conversation, 'format'> {
  const schema = config['responseJsonSchema'] ?? config['responseSchema'];
  if (schema !== undefined) return { format: { kind: 'schema', name: 'answer', schema: schemaOf(schema) } };
  return config['responseMimeType'] === 'application/json' ? { format: { kind: 'json' } } : {};
}

function reasoningOf(config: JsonObject): Pick<Conversation, 'reasoning'> {
  const level = config['thinkingLevel'];
  const budget = config['thinkingBudget'];
  if (typeof level === 'string') return { reasoning: { effort: level.toLowerCase() } };
  return typeof budget === 'number' && budget >= 0 ? { reasoning: { budget } } : {};
}
