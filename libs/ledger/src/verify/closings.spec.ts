import { afterAll, describe, expect, it } from '@jest/globals';
import type { RequestId } from '@writ/domain';
import { TestLog, bundleOf, exampleLog, outcome, planOf, startMs } from '../bundle/log.fixtures.js';
import { fromHex, toBase64Url, toHex } from '../bytes.js';
import type { StoredLeaf } from '../ledger.js';
import { judge, rebuilt, resigned, second } from './attacks.fixtures.js';

afterAll(() => second.close());

const closing = async (result: 'indeterminate' | 'completed', again?: 'indeterminate' | 'completed') => {
  const made = new TestLog();
  await made.request(1, result);
  const decisionLeaf = toHex((made.leaves[0] as StoredLeaf).leafHash);
  const request = (made.leaves[0] as StoredLeaf).request as RequestId;
  if (again) await made.commit(outcome(made.id(), request, decisionLeaf, [], again));
  return judge(await rebuilt(made.leaves));
};

const pruned = async (holds: boolean, order = true) => {
  const made = await exampleLog(3);
  if (holds) await made.event('hold.placed', { hold: 'm-1', from: 0, to: 5, matter: 'case 7' });
  const record = order ? await made.event('retention.prune', { from: 0, to: 10, class: 'y6' }) : 0;
  const rows = made.leaves.map(({ leaf, leafHash }, index) => (index < 10 ? { leafHash } : { leaf, leafHash }));
  return judge(await bundleOf(planOf(made.leaves, { gaps: [{ from: 0, to: 10, reason: 'pruned', record }] }), rows));
};

describe('a decision has exactly one closing outcome', () => {
  it('once is right', async () => expect((await closing('completed')).exit).toBe(0));
  it('twice is not', async () => expect((await closing('completed', 'completed')).exit).toBe(17));
  it('a real one may supersede an indeterminate', async () =>
    expect((await closing('indeterminate', 'completed')).exit).toBe(0));
  it('an indeterminate may stand beside a real one, once', async () => {
    expect((await closing('completed', 'indeterminate')).exit).toBe(0);
    expect((await closing('indeterminate', 'indeterminate')).exit).toBe(17);
  });

  it('never is not, once a request must long be over', async () => {
    const made = new TestLog();
    await made.request(1);
    const open = made.leaves.slice(0, -1);
    expect(await judge(await rebuilt(open))).toEqual({ exit: 17, index: 0 });
    expect((await judge(await rebuilt(open, { createdAt: startMs + 60_000 }))).exit).toBe(0);
  });

  it('an outcome must follow a decision of this log', async () => {
    const made = new TestLog();
    await made.commit(outcome(made.id(), made.id() as RequestId, 'ab'.repeat(32), [], 'completed'));
    expect(await judge(await rebuilt(made.leaves))).toEqual({ exit: 17, index: 0 });
  });

  it('a dispatch stays inside the authorized set', async () => {
    const made = new TestLog();
    await made.request(1);
    const strayed = resigned(made.leaves[1] as StoredLeaf, (payload) => void (payload['endpoint'] = 'elsewhere'));
    const report = await judge(await rebuilt(made.leaves.slice(0, 1).concat(strayed)));
    expect(report).toEqual({ exit: 17, index: 1 });
  });
});

describe('what may be absent', () => {
  it('accepts a range that an order in the log pruned', async () => expect((await pruned(false)).exit).toBe(0));
  it('refuses one without an order', async () => expect((await pruned(false, false)).exit).toBe(18));
  it('refuses one that was on hold', async () => expect((await pruned(true)).exit).toBe(18));
});

describe('what is disclosed', () => {
  it('must be what was committed to', async () => {
    const { leaves } = await exampleLog(1);
    const salt = toBase64Url(fromHex('11'.repeat(32)));
    const rows = leaves.map((leaf, index) =>
      index === 0 ? { ...leaf, open: { sub: { value: 'user-0', salt } } } : leaf,
    );
    expect(await judge(await bundleOf(planOf(leaves), rows))).toEqual({ exit: 15, index: 0 });
  });
});
