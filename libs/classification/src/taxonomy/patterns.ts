import { err, ok, type Result, type TaxonomySource } from '@writ/domain';
import { RE2JS, RE2Set } from 're2js';
import type { Emit, Scene } from '../detect/scene.js';

const MAX_PATTERNS = 200;
const MAX_LENGTH = 1_000;
const MAX_PROGRAM = 2_000;
/** How much of a stream waits for a tenant's pattern to end. */
const OPEN = 64;
const MAX_MATCHES = 1_000;
const SET_BYTES = 16 * 1024 * 1024;

interface Pattern {
  readonly class: string;
  readonly name: string;
  readonly regex: RE2JS;
}

/** A tenant's regular expressions on a linear-time engine: one set tells which fire, and only those are searched for spans. */
export class TenantPatterns {
  readonly #set: RE2Set | undefined;

  constructor(readonly patterns: readonly Pattern[]) {
    if (patterns.length === 0) return;
    this.#set = new RE2Set(RE2Set.UNANCHORED, 0, SET_BYTES);
    for (const pattern of patterns) this.#set.add(pattern.regex.pattern());
    this.#set.compile();
  }

  /** A pattern may end anywhere, so the last stretch waits for what follows. */
  openFrom(text: string): number {
    return this.#set ? Math.max(0, text.length - OPEN) : text.length;
  }

  find(scene: Scene, emit: Emit): void {
    if (!this.#set) return;
    for (const index of this.#set.match(scene.text)) {
      const pattern = this.patterns[index]!;
      const matcher = pattern.regex.matcher(scene.text);
      let matches = 0;
      while (matcher.find()) {
        const [start, end] = [matcher.start(), matcher.end()];
        if (end === start) continue;
        matches += 1;
        if (matches > MAX_MATCHES) throw new Error('budget:tenant-matches');
        emit({
          start,
          end,
          class: pattern.class,
          type: pattern.name,
          score: 1000,
          detector: 'tenant:pattern',
          strength: 3,
          cues: [],
          alternatives: [],
          via: [],
          steps: ['the tenant lists this pattern'],
          normal: scene.text.slice(start, end),
        });
      }
    }
  }
}

/** Admission: RE2 syntax, at most 1,000 characters, at most 200 a tenant, a small program, and no match of the empty text. */
export function compilePatterns(source: TaxonomySource['patterns']): Result<TenantPatterns, readonly string[]> {
  const problems: string[] = [];
  const patterns: Pattern[] = [];
  if (source.length > MAX_PATTERNS) return err([`patterns: ${source.length}, at most ${MAX_PATTERNS}`]);
  for (const entry of source) {
    const admitted = admit(entry.pattern);
    if (admitted.ok) patterns.push({ class: entry.class, name: entry.name, regex: admitted.value });
    else problems.push(`pattern ${entry.name}: ${admitted.error}`);
  }
  return problems.length > 0 ? err(problems) : ok(new TenantPatterns(patterns));
}

function admit(pattern: string): Result<RE2JS, string> {
  if (pattern.length > MAX_LENGTH) return err(`longer than ${MAX_LENGTH} characters`);
  try {
    const regex = RE2JS.compile(pattern);
    if (regex.programSize() > MAX_PROGRAM) return err('is too large once its repeats are written out');
    return regex.matcher('').find() ? err('matches the empty text') : ok(regex);
  } catch (error) {
    return err(error instanceof Error ? error.message.slice(0, 200) : 'does not compile');
  }
}
