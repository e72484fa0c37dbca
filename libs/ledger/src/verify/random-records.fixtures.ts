import type { JsonObject, JsonValue, RecordId, RequestId } from '@writ/domain';
import { TestLog, bundleOf, decision, outcome, planOf, root, sourceOf } from '../bundle/log.fixtures.js';
import { randomFrom } from './mutations.fixtures.js';
import { SecondVerifier } from './second-verifier.fixtures.js';
import { verifyBundle } from './verify-bundle.js';

export type Random = (below: number) => number;

/** What canonical forms, terminals and spreadsheets trip over. */
const pieces = [
  'a',
  'B',
  '"',
  '\\',
  '/',
  '\n',
  '\u0007',
  '\u007f',
  '\u0085',
  '\u00e9',
  'e\u0301',
  '\u20ac',
  '\u2028',
  '\u202e',
  '\ufb33',
  '\ufeff',
  '\u{1f600}',
  '\u{10ffff}',
  '1',
  '10',
  '__proto__',
  '=cmd|',
  '\u001b[31m',
  '${jndi:ldap://x}',
  'z',
];

export function anyText(random: Random): string {
  return Array.from({ length: random(6) }, () => pieces[random(pieces.length)] as string).join('');
}

/** A value that canonical JSON admits. */
export function anyValue(random: Random, depth = 0): JsonValue {
  const kind = random(depth > 3 ? 4 : 6);
  if (kind === 0) return anyText(random);
  if (kind === 1) return [0, -1, 7, 2 ** 53 - 1, -(2 ** 53 - 1), random(1_000_000)][random(6)] as number;
  if (kind === 2) return random(2) === 0;
  if (kind === 3) return null;
  if (kind === 4) return Array.from({ length: random(4) }, () => anyValue(random, depth + 1));
  return anyObject(random, depth);
}

function anyObject(random: Random, depth: number): JsonObject {
  return Object.fromEntries(
    Array.from({ length: random(4) }, () => [anyText(random), anyValue(random, depth + 1)] as const),
  );
}

/** Each caller-controlled field may hold anything, half a surrogate pair and NUL too. */
function hostile(random: Random): string {
  return anyText(random) + (['\ud800', '\udc00x', '\u0000', ''][random(4)] as string);
}

/** A log of so many records whose every text is random; closed, so that an honest verifier accepts it. */
export async function randomLog(records: number, random: Random): Promise<TestLog> {
  const log = new TestLog();
  while (log.leaves.length + 2 <= records) {
    if (random(3) === 0) {
      const fields = anyObject(random, 0);
      // oxlint-disable-next-line no-await-in-loop -- a log has one order
      await log.commit({ kind: 'event', id: log.id() as RecordId, name: 'admin.test', actor: hostile(random), fields });
      continue;
    }
    const request = log.id() as RequestId;
    const made = decision(log.id(), request, random(1_000), 'permit', log.now);
    const permit = {
      ...made,
      route: hostile(random),
      requestedModel: hostile(random),
      userAgent: hostile(random),
      tools: [hostile(random)],
      prompt: { ...made.prompt, text: hostile(random) },
      subject: { ...made.subject, id: hostile(random), groups: [hostile(random), hostile(random)] },
    };
    // oxlint-disable-next-line no-await-in-loop -- as above
    const leaf = await log.commit(permit);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await log.commit({ ...outcome(log.id(), request, leaf, [], 'completed'), finishReason: 'stop' });
  }
  return log;
}

export interface Agreement {
  readonly records: number;
  /** Bundles on which a verifier found anything at all, or both did not say the same. */
  readonly apart: readonly string[];
}

/** Makes logs of random records, a few hundred to a bundle, and has both verifiers judge each. */
export async function agreeOnRandomRecords(count: number, seed: number): Promise<Agreement> {
  const random = randomFrom(seed);
  const second = new SecondVerifier();
  const apart: string[] = [];
  let records = 0;
  while (records < count) {
    // oxlint-disable-next-line no-await-in-loop -- one bundle after the other keeps memory flat
    const { leaves } = await randomLog(Math.min(300, count - records + 2), random);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const bundle = await bundleOf(planOf(leaves), leaves);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const report = await verifyBundle(sourceOf(bundle), { root: root.publicKey });
    // oxlint-disable-next-line no-await-in-loop -- as above
    const other = await second.verify(bundle);
    const said = report.claims.find(({ name }) => name === 'INTACT')?.what ?? '';
    if (report.exit !== 0 || other !== '0' || !said.startsWith(`${leaves.length} records`))
      apart.push(`seed ${seed}, from record ${records}: ${report.exit} and ${other}: ${said}`);
    records += leaves.length;
  }
  await second.close();
  return { records, apart };
}
