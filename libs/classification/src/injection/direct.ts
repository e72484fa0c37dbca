import type { Candidate } from '../detect/rule.js';
import type { Emit, Scene } from '../detect/scene.js';

interface Feature {
  readonly name: string;
  readonly weight: number;
  readonly pattern: RegExp;
}

const override =
  /\b(?:ignore|disregard|forget|override|bypass|skip|discard|neglect)\b[^.\n]{0,30}\b(?:all|any|every|your|the|previous|prior|earlier|above|preceding|initial|original|system)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|directions?|guidelines?|directives?|commands?|programming|constraints?|restrictions?|polic(?:y|ies))\b/i;

/** Phrases and structures, each with a weight per mille; their sum is the score. */
const features: readonly Feature[] = [
  { name: 'override', weight: 900, pattern: override },
  {
    name: 'role-forgery',
    weight: 800,
    pattern: /<\|(?:im_start|im_end|system|endoftext|eot_id|start_header_id)\|>|\[\/?INST\]|<<SYS>>/i,
  },
  {
    name: 'prompt-leak',
    weight: 750,
    pattern:
      /\b(?:reveal|print|repeat|show|output|display|tell me|give me|leak|expose)\b[^.\n]{0,30}\b(?:your|the)\s+(?:system|hidden|initial|original|secret|full|entire)\s+(?:prompt|instructions?|message|rules)\b/i,
  },
  {
    name: 'persona',
    weight: 700,
    pattern:
      /\b(?:you are|act as|pretend to be|become|roleplay as|you're)\b[^.\n]{0,40}\b(?:DAN|unrestricted|jailbroken|uncensored|without (?:any )?(?:restrictions|filters|rules|limits)|no (?:restrictions|filters|rules|limits))\b/,
  },
];

/** Instructions by the writer to set the assistant's own instructions aside. */
export function findDirectInjection(scene: Scene, emit: Emit): void {
  let total = 0;
  let start = Number.MAX_SAFE_INTEGER;
  let end = 0;
  const names: string[] = [];
  for (const feature of features) {
    const match = feature.pattern.exec(scene.text);
    if (!match) continue;
    total += feature.weight;
    names.push(feature.name);
    start = Math.min(start, match.index);
    end = Math.max(end, match.index + match[0].length);
  }
  if (total === 0) return;
  emit(injection(scene.text, start, end, Math.min(990, total), names));
}

export function injection(
  text: string,
  start: number,
  end: number,
  score: number,
  names: readonly string[],
): Candidate {
  return {
    start,
    end,
    class: 'INJECTION',
    type: `INJECTION_${names[0]!.toUpperCase().replaceAll('-', '_')}`,
    score,
    detector: 'injection:direct',
    strength: 1,
    cues: names,
    alternatives: [],
    via: [],
    steps: names,
    normal: text.slice(start, end),
  };
}
