import { limits } from '@writ/domain';
import { boolean, list, maybe, object, oneOf, range, type Shape, text, whole } from '../json/shape.js';

const noTokens: Shape = { is: 'refused', why: 'holds token numbers, which cannot be classified; send text' };
const user: Shape = { is: 'text', role: 'user' };

/** Text, or a list of texts. Lists of token numbers are what nobody can read. */
export function textsOnly(most: number): Shape {
  return {
    is: 'either',
    string: user,
    list: list({ is: 'either', string: user, list: noTokens, otherwise: noTokens }, most, 1),
  };
}

/** `POST /v1/embeddings` */
export const embeddingsShape: Shape = object(
  {
    model: { is: 'word', max: 256 },
    input: textsOnly(2_048),
    dimensions: whole(1, 65_536),
    encoding_format: oneOf('float', 'base64'),
    user: text,
  },
  ['model', 'input'],
);

/** `POST /v1/completions` */
export const completionsShape: Shape = object(
  {
    model: { is: 'word', max: 256 },
    prompt: textsOnly(limits.choices),
    best_of: maybe(whole(1, limits.choices)),
    echo: maybe(boolean),
    frequency_penalty: maybe(range(-2, 2)),
    logit_bias: maybe({ is: 'map', value: range(-100, 100), max: 1024 }),
    logprobs: maybe(whole(0, 5)),
    max_tokens: maybe(whole(1, limits.maxOutputTokens)),
    n: maybe(whole(1, limits.choices)),
    presence_penalty: maybe(range(-2, 2)),
    seed: maybe(whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
    stop: maybe({ is: 'either', string: { is: 'word' }, list: list({ is: 'word' }, 4) }),
    stream: maybe(boolean),
    stream_options: maybe(object({ include_usage: boolean, include_obfuscation: boolean })),
    suffix: maybe(text),
    temperature: maybe(range(0, 2)),
    top_p: maybe(range(0, 1)),
    user: text,
  },
  ['model', 'prompt'],
);
