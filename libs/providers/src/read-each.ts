import type { AnswerEvent } from '@writ/domain';

const over = { done: true, value: undefined } as const;

/**
 * An answer that is read message by message, each of which is one event; `read` is asked with undefined where the messages end, and
 * throws if the answer must not end there. Over after the terminal event. No generator: a stream of a hundred events would pay
 * several turns of the promise queue for each.
 */
export function readEach<Message>(
  messages: AsyncIterable<Message>,
  read: (message: Message | undefined) => AnswerEvent,
): AsyncIterable<AnswerEvent> {
  const source = messages[Symbol.asyncIterator]();
  let isOver = false;
  const leave = async (): Promise<IteratorResult<AnswerEvent>> => {
    isOver = true;
    await source.return?.();
    return over;
  };
  const take = (next: IteratorResult<Message>): IteratorResult<AnswerEvent> => {
    // Also when it cannot be read.
    isOver = true;
    const event = read(next.done === true ? undefined : next.value);
    isOver = event.terminal;
    return { done: false, value: event };
  };
  const iterator: AsyncIterator<AnswerEvent> = {
    next: () => (isOver ? Promise.resolve(over) : source.next().then(take)),
    return: leave,
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** An answer that is one event: the whole of it. */
export function readOnce(read: () => Promise<AnswerEvent>): AsyncIterable<AnswerEvent> {
  let isAsked = false;
  const iterator: AsyncIterator<AnswerEvent> = {
    next() {
      if (isAsked) return Promise.resolve(over);
      isAsked = true;
      return read().then((event) => ({ done: false, value: event }));
    },
    return() {
      isAsked = true;
      return Promise.resolve(over);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
