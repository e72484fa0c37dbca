import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { classify, loadTaxonomy, maskStream, type Taxonomy } from '@writ/classification';
import type { Finding, Role } from '@writ/domain';
import { Command } from 'commander';

const roles = new Set<string>(['user', 'assistant', 'system', 'tool']);
/** Only digests come of it, and those are not printed. */
const digestKey = new Uint8Array(32);

interface Line {
  readonly id?: unknown;
  readonly text?: unknown;
  readonly role?: unknown;
  readonly mode?: unknown;
  readonly chunks?: unknown;
}

/** `writ classify`: one JSON object a line in, one out, in the same order. */
export function classifyCommand(): Command {
  return new Command('classify')
    .description('read {"id","text","role"} lines on standard input and write what each text holds')
    .action(async () => {
      const taxonomy = builtIn();
      for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
        if (line.trim() === '') continue;
        if (!process.stdout.write(`${JSON.stringify(answerLine(line, taxonomy))}\n`))
          await once(process.stdout, 'drain');
      }
    });
}

function builtIn(): Taxonomy {
  const taxonomy = loadTaxonomy({ version: 'built-in', terms: [], patterns: [], thresholds: {} });
  if (!taxonomy.ok) throw new Error(taxonomy.error.join('; '));
  return taxonomy.value;
}

/** The answer to one line. A line that cannot be read is answered with its error, so that the order holds. */
export function answerLine(line: string, taxonomy: Taxonomy): object {
  let input: Line;
  try {
    input = JSON.parse(line) as Line;
  } catch {
    return { id: null, error: 'not a JSON object' };
  }
  if (input.mode === 'stream') return streamed(input, taxonomy);
  if (typeof input.text !== 'string') return { id: input.id ?? null, error: '"text" must be a string' };
  const role = roleOf(input.role);
  const text = input.text;
  const leaf = { path: '', role, text, start: 0, end: text.length };
  const result = classify([leaf], taxonomy, { digestKey, attachments: [], expired: () => false });
  return {
    id: input.id ?? null,
    findings: oneEach(result.findings).map((each) => ({
      start: each.start,
      end: each.end,
      class: each.class,
      type: each.type,
      score: each.score / 1000,
      detector: each.detector,
      ...(each.via.length > 0 ? { via: each.via } : {}),
      ...(each.alternatives.length > 0 ? { alternatives: each.alternatives } : {}),
      ...(each.test === true ? { test: true } : {}),
    })),
    ...(result.complete ? {} : { complete: false, incompleteBecause: result.incompleteBecause }),
  };
}

/** A span that is PII and, by its context, PHI too is printed once, as the narrower class. */
function oneEach(findings: readonly Finding[]): readonly Finding[] {
  const bySpan = new Map<string, Finding>();
  for (const each of findings) {
    const span = `${each.start}:${each.end}:${each.type}`;
    if (!bySpan.has(span) || each.class === 'PHI') bySpan.set(span, each);
  }
  return [...bySpan.values()].toSorted((a, b) => a.start - b.start || a.end - b.end);
}

function streamed(input: Line, taxonomy: Taxonomy): object {
  const chunks = Array.isArray(input.chunks) ? input.chunks.map(String) : [];
  const stream = maskStream(taxonomy, roleOf(input.role));
  const out = chunks.map((chunk) => stream.push(chunk));
  out.push(stream.end());
  return { id: input.id ?? null, out };
}

function roleOf(role: unknown): Role {
  return typeof role === 'string' && roles.has(role) ? (role as Role) : 'user';
}
