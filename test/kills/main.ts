import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killTrials } from './kill.js';

const { values } = parseArgs({ options: { trials: { type: 'string', default: '100' }, seed: { type: 'string' } } });
const seed = values.seed ?? randomBytes(4).toString('hex');
const folder = mkdtempSync(join(tmpdir(), 'writ-kills-'));
console.log(`seed ${seed}`);
const report = await killTrials({
  folder,
  trials: Number(values.trials),
  random: drawn(Number.parseInt(seed, 16)),
  awaitSweeper: true,
  say: (line) => console.log(line),
});
const { violations, ...figures } = report;
console.log(JSON.stringify({ ...figures, violations: violations.length }, undefined, 2));
for (const violation of violations.slice(0, 50)) console.log(`VIOLATION ${violation}`);
if (violations.length > 0 || report.verified !== 0) console.log(`the data stays in ${folder}`);
else rmSync(folder, { recursive: true, force: true });
process.exit(violations.length === 0 && report.verified === 0 ? 0 : 1);

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
