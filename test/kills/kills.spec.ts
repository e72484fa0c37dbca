import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { killTrials } from './kill.js';

const folder = mkdtempSync(join(tmpdir(), 'writ-kills-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a short run of kills', () => {
  it('rows 27, 28, 29, 31, 32: leaves no uncovered byte, no undecided request and no answer without its outcome', async () => {
    let draw = 0;
    const report = await killTrials({
      folder,
      kills: 5,
      order: ['after-append', 'gateway', 'after-commit', 'after-socket', 'postgres'],
      random: () => (draw = (draw + 0.37) % 1),
      awaitSweeper: false,
      say: () => undefined,
    });
    expect(report.violations).toEqual([]);
    expect(report.verified).toBe(0);
    expect(report.answered).toBeGreaterThan(5);
    expect(report.kills).toBeGreaterThanOrEqual(5);
  }, 180_000);
});
