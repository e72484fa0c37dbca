import { limits } from '@writ/domain';
import { boolean, list, maybe, object, oneOf, range, type Shape, text, whole, word } from '../json/shape.js';

/** `models/{model}:generateContent` and `:streamGenerateContent`, in the vendor's camel case. */
const args: Shape = { is: 'any', rewrite: true };
const part = object({
  text,
  thought: boolean,
  thoughtSignature: word,
  inlineData: object({ mimeType: word, data: { is: 'media', media: 'file', typeFrom: 'mimeType' } }, [
    'mimeType',
    'data',
  ]),
  fileData: object({ mimeType: word, fileUri: { is: 'media', media: 'file' } }, ['fileUri']),
  functionCall: object({ id: word, name: word, args }, ['name']),
  functionResponse: object({ id: word, name: word, response: args }, ['name', 'response'], 'tool'),
});
const parts = list(part, limits.messages);
const content: Shape = {
  is: 'variant',
  on: 'role',
  otherwise: 'user',
  cases: {
    user: object({ role: word, parts }, ['parts'], 'user'),
    function: object({ role: word, parts }, ['parts'], 'tool'),
    model: object({ role: word, parts }, ['parts'], 'assistant'),
  },
};
const system: Shape = {
  is: 'either',
  string: { is: 'text', role: 'system' },
  object: object({ role: word, parts }, ['parts'], 'system'),
};
const schema: Shape = { is: 'any', role: 'definition' };
const declaration = object(
  {
    name: word,
    description: text,
    behavior: word,
    parameters: schema,
    parametersJsonSchema: schema,
    response: schema,
    responseJsonSchema: schema,
  },
  ['name'],
  'definition',
);
const elsewhere: Shape = { is: 'refused', why: 'would send parts of the conversation elsewhere, out of sight' };

const generationConfig = object({
  temperature: range(0, 2),
  topP: range(0, 1),
  topK: { is: 'number', min: 0, max: 1_000_000 },
  candidateCount: whole(1, limits.choices),
  maxOutputTokens: whole(1, limits.maxOutputTokens),
  stopSequences: list(word, 16),
  responseMimeType: word,
  responseSchema: schema,
  responseJsonSchema: schema,
  responseModalities: list(oneOf('TEXT'), 1),
  seed: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  presencePenalty: range(-2, 2),
  frequencyPenalty: range(-2, 2),
  responseLogprobs: boolean,
  logprobs: whole(0, 20),
  thinkingConfig: object({ includeThoughts: boolean, thinkingBudget: whole(-1, 1_000_000), thinkingLevel: word }),
  mediaResolution: word,
});

export const generateShape: Shape = object(
  {
    contents: list(content, limits.messages, 1),
    systemInstruction: system,
    tools: list(
      object({
        functionDeclarations: list(declaration, limits.tools),
        googleSearch: elsewhere,
        googleSearchRetrieval: elsewhere,
        urlContext: elsewhere,
        codeExecution: elsewhere,
      }),
      limits.tools,
    ),
    toolConfig: object({
      functionCallingConfig: object({
        mode: oneOf('MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'),
        allowedFunctionNames: list(word, limits.tools),
      }),
    }),
    generationConfig,
    safetySettings: list(object({ category: word, threshold: word, method: word }), 16),
    cachedContent: maybe({
      is: 'refused',
      why: 'refers to content that the provider has stored, which cannot be classified',
    }),
    labels: { is: 'map', value: text, max: 64 },
  },
  ['contents'],
);
