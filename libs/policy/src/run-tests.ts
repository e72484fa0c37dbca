import { type Decision, type Endpoint, type JsonValue, type Result, err, ok } from '@writ/domain';
import { decide } from './decide.js';
import { Complaints, type Diagnostic } from './diagnostic.js';
import { type PolicyDocument, readDocument } from './document.js';
import { readFixtureEndpoint } from './fixtures.js';
import type { Facts } from './facts.js';
import { factsOf, readGiven, sampleEndpoints, valueOf } from './given.js';
import { type PolicyImage, imageOf } from './image.js';
import { type LinkedPolicy, link } from './link.js';
import type { Tree } from './source-tree.js';
import { TreeReader } from './tree-reader.js';

/** One stored test, ready to run. */
export interface StoredTest {
  readonly name: string;
  readonly line: number;
  readonly facts: Facts;
  readonly expect: Expectation;
}

interface Expectation {
  readonly decision?: string;
  readonly authorized?: readonly string[];
  readonly code?: string;
  readonly matched?: readonly string[];
  readonly redactions?: Readonly<Record<string, string>>;
  readonly obligations?: JsonValue;
}

export interface TestResult {
  readonly name: string;
  readonly line: number;
  readonly passed: boolean;
  /** What differs, one sentence each. */
  readonly differences: readonly string[];
  readonly decision: Decision;
}

export interface TestSuite {
  readonly tests: readonly StoredTest[];
  readonly endpoints: readonly Endpoint[];
}

/** Runs the tests that a document carries. An error is a document that does not compile, or a test that cannot be read. */
export function runTests(source: string, platform?: PolicyImage): Result<readonly TestResult[], readonly Diagnostic[]> {
  const document = readDocument(source);
  if (!document.ok) return document;
  const suite = readSuite(document.value);
  return suite.ok ? ok(runSuite(imageOf(document.value, 0), suite.value, platform)) : suite;
}

export function runSuite(image: PolicyImage, suite: TestSuite, platform?: PolicyImage): readonly TestResult[] {
  let linked: LinkedPolicy | undefined;
  const linkedAt = (atMs: number) => {
    const isValid = linked !== undefined && atMs >= linked.validFromMs && atMs < linked.validUntilMs;
    if (linked === undefined || !isValid) linked = link(image, suite.endpoints, atMs, platform);
    return linked;
  };
  return suite.tests.map((test) => {
    const decision = decide(linkedAt(test.facts.atMs), test.facts);
    const differences = compareDecision(test.expect, decision);
    return { name: test.name, line: test.line, passed: differences.length === 0, differences, decision };
  });
}

export function readSuite(document: PolicyDocument): Result<TestSuite, readonly Diagnostic[]> {
  const complaints = new Complaints(document.source);
  const reader = new TreeReader(document.source, complaints);
  const fixtures =
    document.fixtures === undefined
      ? undefined
      : reader.members(document.fixtures.value, "'fixtures'", ['given', 'endpoints']);
  const base = readGiven(reader, fixtures?.get('given')?.value, {});
  const listed = fixtures?.get('endpoints');
  const endpoints =
    listed === undefined ? sampleEndpoints : reader.list(listed, 200).map((tree) => readFixtureEndpoint(reader, tree));
  const ids = new Set(endpoints.map(({ id }) => String(id)));
  const tests = document.tests.map((tree) => {
    const members = reader.members(tree, 'a test', ['name', 'given', 'expect']);
    for (const key of ['name', 'expect'])
      if (!members.has(key)) complaints.error(tree.at, 'E_MISSING', `a test needs '${key}'`);
    const given = readGiven(reader, members.get('given')?.value, base);
    return {
      name: reader.text(members.get('name')?.value, "'name'"),
      line: complaints.lineOf(tree.at),
      facts: factsOf(given, document.program.timezone),
      expect: readExpectation(reader, members.get('expect')?.value, ids),
    };
  });
  return complaints.errors > 0 ? err(complaints.list()) : ok({ tests, endpoints });
}

function readExpectation(reader: TreeReader, tree: Tree | undefined, endpoints: ReadonlySet<string>): Expectation {
  if (tree === undefined) return {};
  const keys = ['decision', 'authorized', 'code', 'matched', 'redactions', 'obligations'];
  const members = reader.members(tree, "'expect'", keys);
  reader.choice(members.get('decision')?.value, 'decision', ['permit', 'redact', 'deny']);
  for (const item of reader.list(members.get('authorized'), 200)) {
    if (item.kind !== 'scalar' || !endpoints.has(String(item.value))) {
      reader.complaints.error(item.at, 'E_ENUM', `no endpoint of the fixtures is named so`, [...endpoints].join(', '));
    }
  }
  return valueOf(tree) as Expectation;
}

/** Compares only what the test states. */
export function compareDecision(expected: Expectation, decision: Decision): readonly string[] {
  const differences: string[] = [];
  const differ = (what: string, wanted: unknown, found: unknown) => {
    if (JSON.stringify(wanted) !== JSON.stringify(found)) {
      differences.push(`${what}: expected ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
    }
  };
  const found = readAs(decision);
  if (expected.decision !== undefined) differ('decision', expected.decision, found);
  const authorized = decision.effect === 'permit' ? decision.authorizedEndpoints : [];
  if (expected.authorized !== undefined) differ('authorized', expected.authorized.toSorted(), authorized.toSorted());
  if (expected.code !== undefined) differ('code', expected.code, decision.effect === 'deny' ? decision.code : 'none');
  if (expected.matched !== undefined) differ('matched', expected.matched, decision.matched);
  const obligations = decision.effect === 'permit' ? decision.obligations : undefined;
  if (expected.redactions !== undefined) {
    const redactions = (obligations?.redactions ?? []).map((redaction) => [redaction.class, redaction.style]);
    differ(
      'redactions',
      Object.entries(expected.redactions).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      redactions,
    );
  }
  if (expected.obligations !== undefined) {
    for (const [name, wanted] of Object.entries(expected.obligations as Readonly<Record<string, JsonValue>>)) {
      differ(
        `obligations.${name}`,
        wanted,
        (obligations as Readonly<Record<string, unknown>> | undefined)?.[name] ?? null,
      );
    }
  }
  return differences;
}

/** A permit with redactions reads as *redact*. */
export function readAs(decision: Decision): 'permit' | 'redact' | 'deny' {
  if (decision.effect === 'deny') return 'deny';
  return decision.obligations.redactions.length > 0 ? 'redact' : 'permit';
}
