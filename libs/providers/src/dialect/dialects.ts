import type { Ask } from '@writ/domain';
import { chatEncoder } from '../openai/chat-encoder.js';
import type { Encoder } from './encoder.js';

export const dialects = {
  encoder(ask: Ask, answeredModel: string): Encoder {
    if (ask.dialect !== 'openai.chat') throw new Error(`no encoder for ${ask.dialect}`);
    return chatEncoder(ask, answeredModel);
  },
};
