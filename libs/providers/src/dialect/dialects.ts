import type { Ask } from '@writ/domain';
import { messagesEncoder } from '../anthropic/encoder.js';
import { chatEncoder } from '../openai/chat-encoder.js';
import type { Encoder } from './encoder.js';

export const dialects = {
  encoder(ask: Ask, answeredModel: string): Encoder {
    switch (ask.dialect) {
      case 'openai.chat':
        return chatEncoder(ask, answeredModel);
      case 'anthropic.messages':
        return messagesEncoder(ask, answeredModel);
      default:
        throw new Error(`no door makes an ask of ${ask.dialect}`);
    }
  },
};
