import { describe, expect, it } from '@jest/globals';
import type { AnswerEvent } from '@writ/domain';
import { observed } from './observed.js';

const first: AnswerEvent = { parts: [], terminal: false };
const last: AnswerEvent = { parts: [], terminal: true };

async function* said(list: readonly AnswerEvent[], told: string[], broken?: Error): AsyncGenerator<AnswerEvent> {
  try {
    for (const event of list) {
      await Promise.resolve();
      yield event;
    }
    if (broken) throw broken;
  } finally {
    told.push('source closed');
  }
}

function looking(told: string[]) {
  return {
    event: ({ terminal }: AnswerEvent) => void told.push(terminal ? 'last' : 'event'),
    over: (how: string) => void told.push(how),
  };
}

describe('an answer with an onlooker', () => {
  it('is the same answer, told before the reader gets it, and its end once', async () => {
    const told: string[] = [];
    const read: AnswerEvent[] = [];
    for await (const event of observed(said([first, last], told), looking(told))) {
      read.push(event);
      told.push('read');
    }
    expect(read).toEqual([first, last]);
    expect(told).toEqual(['event', 'read', 'last', 'read', 'source closed', 'ended']);
  });

  it('breaks with what it broke of', async () => {
    const told: string[] = [];
    const broken = new Error('broken');
    const reading = async (): Promise<void> => {
      for await (const event of observed(said([first], told, broken), looking(told))) void event;
    };
    await expect(reading()).rejects.toBe(broken);
    expect(told).toEqual(['event', 'source closed', 'broken']);
  });

  it('closes its source when the reader leaves, and tells so once', async () => {
    const told: string[] = [];
    for await (const event of observed(said([first, last], told), looking(told))) {
      void event;
      break;
    }
    expect(told).toEqual(['event', 'source closed', 'left']);
  });
});
