import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { policyLimits } from './limits.js';
import { Workshop } from './workshop.js';

const source = readFileSync(new URL('../../../deploy/policies/regional-hospital.yaml', import.meta.url), 'utf8');

/** Its broken rules take seconds to try: 200 rules under 60 tests. */
const longWork = [
  'apiVersion: policy/v1\nname: long\nclasses: [PHI]\nrules:',
  ...Array.from(
    { length: 200 },
    (_, at) => `  - { id: r${at}, effect: permit, when: 'class("PHI") >= 0.${100 + at}' }`,
  ),
  'tests:',
  ...Array.from(
    { length: 60 },
    (_, at) => `  - { name: t${at}, given: { conf: { PHI: ${at} } }, expect: { decision: deny } }`,
  ),
].join('\n');

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
      workshop.perform('one', 'test', { source: longWork }, 60_000).then(done('one')),
    );
    await workshop.perform('other', 'lint', { source }, 60_000).then(done('other'));
    await workshop.close();
    await Promise.all(many);
    expect(order).toEqual(['other', 'one', 'one', 'one']);
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
