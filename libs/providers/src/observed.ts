import type { AnswerEvent } from '@writ/domain';

/** Who looks on while an answer is read. Nothing of it is changed. */
export interface Onlooker {
  event(event: AnswerEvent): void;
  /** Called once: the reader came to the end, the answer broke, or the reader left before. */
  over(how: 'ended' | 'broken' | 'left'): void;
}

/**
 * The same events, told to the onlooker before the reader gets them. No generator: each of those costs a stream three turns
 * of the promise queue an event, and an answer passes several that only look.
 */
export function observed(events: AsyncIterable<AnswerEvent>, onlooker: Onlooker): AsyncIterable<AnswerEvent> {
  const source = events[Symbol.asyncIterator]();
  let isOver = false;
  const over = (how: 'ended' | 'broken' | 'left'): void => {
    if (isOver) return;
    isOver = true;
    onlooker.over(how);
  };
  const see = (next: IteratorResult<AnswerEvent>): IteratorResult<AnswerEvent> => {
    if (next.done === true) over('ended');
    else onlooker.event(next.value);
    return next;
  };
  const broke = (cause: unknown): never => {
    over('broken');
    throw cause;
  };
  const left = (): IteratorResult<AnswerEvent> => {
    over('left');
    return { done: true, value: undefined };
  };
  const leftBroken = (cause: unknown): never => {
    over('left');
    throw cause;
  };
  const iterator: AsyncIterator<AnswerEvent> = {
    next: () => source.next().then(see, broke),
    return: () => (source.return ? source.return().then(left, leftBroken) : Promise.resolve(left())),
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
