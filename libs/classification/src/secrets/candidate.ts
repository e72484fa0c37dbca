import type { Candidate } from '../detect/rule.js';

export function secret(
  type: string,
  start: number,
  end: number,
  score: number,
  detector: string,
  value: string,
  cues: readonly string[] = [],
): Candidate {
  return {
    start,
    end,
    class: 'SECRET',
    type,
    score,
    detector,
    strength: score >= 900 ? 3 : 2,
    cues,
    alternatives: [],
    via: [],
    steps: [`${detector}: ${score}`],
    normal: value,
  };
}
