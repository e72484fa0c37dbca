import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { policyLimits } from './limits.js';
import { Workshop } from './workshop.js';

const source = readFileSync(new URL('../../../deploy/policies/regional-hospital.yaml', import.meta.url), 'utf8');

let workshop: Workshop;
afterEach(() => workshop.close());

describe('the workshop', () => {
  it('refuses the task too many of one owner, and takes that of another', async () => {
    workshop = new Workshop({ threads: 2 });
    const test = (owner: string) => workshop.perform(owner, 'test', { source }, policyLimits.taskMs);
    const many = Array.from({ length: policyLimits.tasksPerOwner + 1 }, () => test('one'));
    const other = await workshop.perform('other', 'lint', { source }, policyLimits.taskMs);
    expect(other).toMatchObject({ ok: true, value: { diagnostics: [] } });
    const answers = await Promise.all(many);
    expect(answers.map((answer) => answer.ok || answer.error)).toEqual([true, true, true, true, 'too-busy']);
  });

  it('never gives all threads to one owner: another is served while the first still works', async () => {
    workshop = new Workshop({ threads: 2 });
    const order: string[] = [];
    const done = (owner: string) => () => void order.push(owner);
    const many = Array.from({ length: 3 }, () =>
      workshop.perform('one', 'test', { source }, policyLimits.taskMs).then(done('one')),
    );
    await Promise.all([
      ...many,
      workshop.perform('other', 'lint', { source }, policyLimits.taskMs).then(done('other')),
    ]);
    expect(order.indexOf('other')).toBeLessThan(2);
  });

  it('ends a task at its deadline and does the next one on a new thread', async () => {
    workshop = new Workshop({ threads: 1 });
    expect(await workshop.perform('one', 'gate', { source, sampled: [] }, 0)).toEqual({ ok: false, error: 'too-slow' });
    expect(await workshop.perform('one', 'lint', { source }, policyLimits.taskMs)).toMatchObject({ ok: true });
  });

  it('answers a task that stumbles with a failure, never with an answer', async () => {
    workshop = new Workshop({ threads: 1 });
    const broken = { source: undefined as unknown as string };
    expect(await workshop.perform('one', 'lint', broken, policyLimits.taskMs)).toEqual({ ok: false, error: 'failed' });
    expect(await workshop.perform('one', 'lint', { source }, policyLimits.taskMs)).toMatchObject({ ok: true });
  });

  it('takes nothing once it is closed', async () => {
    workshop = new Workshop({ threads: 1 });
    await workshop.close();
    expect(await workshop.perform('one', 'lint', { source }, policyLimits.taskMs)).toEqual({
      ok: false,
      error: 'too-busy',
    });
  });
});
