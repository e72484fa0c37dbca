import { type Ask, unreachable } from '@writ/domain';
import { messagesEncoder } from '../anthropic/encoder.js';
import { generateEncoder } from '../gemini/encoder.js';
import { handedOver } from '../authzen/answer.js';
import { chatEncoder } from '../openai/chat-encoder.js';
import { embeddingsEncoder } from '../openai/embeddings.js';
import { responsesEncoder } from '../openai/responses-encoder.js';
import type { Encoder } from './encoder.js';

export const dialects = {
  encoder(ask: Ask, answeredModel: string): Encoder {
    switch (ask.dialect) {
      case 'openai.chat':
      case 'openai.completions':
        return chatEncoder(ask, answeredModel);
      case 'anthropic.messages':
        return messagesEncoder(ask, answeredModel);
      case 'openai.responses':
        return responsesEncoder(ask, answeredModel);
      case 'openai.embeddings':
        return embeddingsEncoder(ask);
      case 'gemini.generate':
        return generateEncoder(ask, answeredModel);
      case 'authzen.evaluation':
        throw new Error('an evaluation reaches no model, so it has no answer to encode');
      default:
        return unreachable(ask.dialect);
    }
  },
  handedOver,
};
