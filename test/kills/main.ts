import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killTrials } from './kill.js';

// Kills processes of a running stack until so many are dead, in rounds that each begin with a stack of their own and end with
// the join of the three ledgers and `writ verify` over everything.
//   npm run test:kill -- --trials 1000 --round 200
const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '100' },
    round: { type: 'string', default: '200' },
    seed: { type: 'string' },
  },
});
const seed = values.seed ?? randomBytes(4).toString('hex');
const random = drawn(Number.parseInt(seed, 16));
const wanted = Number(values.trials);
const begun = performance.now();
console.log(`seed ${seed}`);
let [kills, violated, unverified] = [0, 0, 0];
const died = new Map<string, number>();
while (kills < wanted && unverified === 0 && violated === 0) {
  const folder = mkdtempSync(join(tmpdir(), 'writ-kills-'));
  // oxlint-disable-next-line no-await-in-loop -- one stack after the other
  const report = await killTrials({
    folder,
    kills: Math.min(Number(values.round), wanted - kills),
    random,
    awaitSweeper: true,
    say: (line) => console.log(line),
  });
  const { violations, ...figures } = report;
  kills += report.kills;
  violated += violations.length;
  unverified += report.verified === 0 ? 0 : 1;
  for (const [victim, count] of Object.entries(report.killed)) died.set(victim, (died.get(victim) ?? 0) + count);
  console.log(JSON.stringify({ ...figures, violations: violations.length }, undefined, 2));
  for (const violation of violations.slice(0, 50)) console.log(`VIOLATION ${violation}`);
  const minutes = ((performance.now() - begun) / 60_000).toFixed(0);
  console.log(
    `${kills} processes killed in ${minutes} minutes, ${violated} violations, ${unverified} exports that do not verify`,
  );
  if (violations.length > 0 || report.verified !== 0) console.log(`the data stays in ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
// A point that no process passed is a statement that was renamed, and no proof of anything.
const unreached = [...died].filter(([, count]) => count === 0).map(([victim]) => victim);
if (unreached.length > 0) console.log(`never reached: ${unreached.join(', ')}`);
process.exit(violated === 0 && unverified === 0 && unreached.length === 0 ? 0 : 1);

/** mulberry32: the same seed gives the same moments. */
function drawn(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
