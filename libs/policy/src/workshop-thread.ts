import { parentPort } from 'node:worker_threads';
import { type Ask, startSolver } from './solver.js';
import { type TaskKind, type Tasks, workOf } from './tasks.js';
import type { WorkshopAnswer, WorkshopMessage } from './workshop.js';

let solver: Promise<Ask> | undefined;
const work = workOf(() => (solver ??= startSolver()));

async function perform<K extends TaskKind>({ job, kind, ask }: WorkshopMessage<K>): Promise<WorkshopAnswer> {
  try {
    const answer: Tasks[K]['answer'] = await work[kind](ask);
    return { job, done: true, answer };
  } catch {
    // The workshop ends this thread and tells the asker that the task failed: nothing counts as proved or passed.
    return { job, done: false };
  }
}

parentPort?.on('message', (message: WorkshopMessage<TaskKind>) => {
  void perform(message).then((answer) => {
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin.
    parentPort?.postMessage(answer);
  });
});
