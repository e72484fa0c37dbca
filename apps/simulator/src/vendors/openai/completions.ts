import { z } from 'zod';
import type { Directions } from '../../faults.js';
import { idOf, think } from '../../model.js';
import { events, json, type Reply, sse } from '../../reply.js';

/** The published parameters of the older completions route. */
export const completionsSchema = z.strictObject({
  model: z.string().min(1),
  prompt: z.union([z.string(), z.array(z.string())]),
  echo: z.boolean().nullish(),
  logprobs: z.number().int().nullish(),
  max_tokens: z.number().int().positive().nullish(),
  n: z.number().int().positive().nullish(),
  seed: z.number().int().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
  suffix: z.string().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  user: z.string().optional(),
});

export function answerCompletions(request: z.output<typeof completionsSchema>, directions: Directions): Reply {
  const prompts = [request.prompt].flat();
  const answers = prompts.map((text) =>
    think(
      {
        model: request.model,
        turns: [{ role: 'user', text }],
        tools: [],
        forcedTools: [],
        jsonSchema: false,
        maxTokens: request.max_tokens ?? undefined,
        images: 0,
      },
      directions.answer,
    ),
  );
  const input = answers.reduce((sum, answer) => sum + answer.tokens.input, 0);
  const output = answers.reduce((sum, answer) => sum + answer.tokens.output, 0);
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  const id = idOf('cmpl-', ...prompts);
  const envelope = { id, object: 'text_completion', created: 1_760_000_000, model: request.model };
  const finish = (index: number): string => (answers[index]?.finish === 'length' ? 'length' : 'stop');
  if (request.stream !== true) {
    const choices = answers.map((answer, index) => ({
      text: answer.chunks.join(''),
      index,
      logprobs: null,
      finish_reason: finish(index),
    }));
    return json(200, { ...envelope, choices, usage });
  }
  const asked = request.stream_options?.include_usage === true;
  const blank = asked ? { usage: null } : {};
  const list = answers.flatMap((answer, index) => [
    ...answer.chunks.map((text) =>
      sse({ ...envelope, choices: [{ text, index, logprobs: null, finish_reason: null }], ...blank }),
    ),
    sse({ ...envelope, choices: [{ text: '', index, logprobs: null, finish_reason: finish(index) }], ...blank }),
  ]);
  if (asked) list.push(sse({ ...envelope, choices: [], usage }));
  return events([...list, sse('[DONE]')]);
}
