import { err, type JsonObject, ok } from '@writ/domain';
import { malformed, type RouteShape } from '../dialect/ask.js';
import { listOf, numberIn, objectOf, stringOf } from '../translate/conversation.js';
import { generateShape } from './shape.js';

export const generateRoute: RouteShape = {
  dialect: 'gemini.generate',
  action: 'chat',
  shape: generateShape,
  particulars(body, meta) {
    if (meta.pathModel === undefined) return err(malformed('', 'names no model in its path'));
    const config = objectOf(body['generationConfig']);
    return ok({
      model: meta.pathModel,
      stream: meta.pathStream === true,
      tools: toolNames(body),
      ...numberIn(config, 'maxOutputTokens', 'maxOutputTokens'),
      choices: typeof config['candidateCount'] === 'number' ? config['candidateCount'] : 1,
      metadata: objectOf(body['labels']) as Readonly<Record<string, string>>,
    });
  },
};

function toolNames(body: JsonObject): string[] {
  return listOf(body['tools']).flatMap((tool) =>
    listOf(objectOf(tool)['functionDeclarations']).map((declaration) => stringOf(objectOf(declaration)['name'])),
  );
}
