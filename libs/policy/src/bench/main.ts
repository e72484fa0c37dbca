import { arch, cpus, platform } from 'node:os';
import { compileWords } from '../compile-image.js';
import { conclusionOf } from '../conclusions.js';
import { byEngine, decide } from '../decide.js';
import { readDocument } from '../document.js';
import { evaluate } from '../engine.js';
import { evaluateAll } from '../evaluation.js';
import { explain } from '../explain.js';
import { factsHashOf } from '../facts-hash.js';
import { compile, imageOf } from '../image.js';
import { link } from '../link.js';
import { anOutcome, indexesOf } from '../outcome.js';
import { simulate } from '../simulate.js';
import { fleetFigures } from './fleet.js';
import { type Figure, at, cpuMs, cpuMsOfCall, printFigures, timeCalls } from './measure.js';
import { cedarPeer, celPeer } from './peers.js';
import { proofFigures } from './proof-figures.js';
import { benchDocument, benchEndpoints, benchFacts } from './tenant.js';

const now = Date.UTC(2026, 6, 1);

function documentOf(rules: number, seed = 1) {
  const document = readDocument(benchDocument(rules, seed));
  if (!document.ok) throw new Error(JSON.stringify(document.error));
  return document.value;
}

function decisionFigures(): readonly Figure[] {
  const policy = link(imageOf(documentOf(100), 1), benchEndpoints(100), now);
  const facts = benchFacts(4_096);
  const outcome = anOutcome(4);
  const layer = at(policy.layers, 0).linked;
  const timezone = layer.reader.timezone;
  const evaluated = timeCalls(facts, 20_000, 8, (one) => {
    evaluate(layer, { facts: one, subject: one.subject, timezone }, 'none', outcome);
  });
  const single = timeCalls(facts, 100_000, 1, (one) => {
    evaluate(layer, { facts: one, subject: one.subject, timezone }, 'none', outcome);
  });
  const hashed = timeCalls(facts, 5_000, 8, factsHashOf);
  const decided = timeCalls(facts, 10_000, 8, (one) => decide(policy, one));
  const anew = timeCalls(facts, 10_000, 8, (one) => {
    const { evaluations, authorized } = evaluateAll(byEngine, policy, one, [one.subject], 'none');
    return conclusionOf(policy, evaluations, authorized);
  });
  const explained = timeCalls(facts, 2_000, 4, (one) => explain(policy, one));
  return [
    { name: 'evaluation, hot tenant, median', value: evaluated.median, unit: 'us', goal: 3 },
    { name: 'evaluation, hot tenant, single calls, p99', value: single.p99, unit: 'us', goal: 10 },
    { name: 'hash of the facts, median', value: hashed.median, unit: 'us' },
    { name: 'decide: evaluation, hash of the facts, obligations, median', value: decided.median, unit: 'us', goal: 3 },
    { name: 'evaluation and a conclusion not drawn before, median', value: anew.median, unit: 'us' },
    { name: 'full explanation, median', value: explained.median, unit: 'us', goal: 20 },
  ];
}

function compileFigures(): readonly Figure[] {
  const source = benchDocument(100);
  const { program } = documentOf(100);
  const read = cpuMsOfCall([source], 80, (text) => compile(text, 1));
  const lowered = cpuMsOfCall([program], 300, compileWords);
  const linked = cpuMsOfCall([imageOf(documentOf(100), 1)], 400, (image) => link(image, benchEndpoints(100), now));
  const deep = `apiVersion: policy/v1\nname: x\nrules:\n  - { id: a, effect: deny, when: '${'('.repeat(5_000)}true' }\n`;
  const many = `apiVersion: policy/v1\nname: x\nrules:\n${'  - { id: a, effect: deny }\n'.repeat(9_000)}`;
  const head = 'apiVersion: policy/v1\nname: x\nrules:\n';
  const anchors = `${head}  - &a { id: a, effect: deny }\n${'  - *a\n'.repeat(20_000)}`;
  const patterns = `${head}  - { id: a, effect: deny, when: '${'matches(subject.id, "(a+)+$") && '.repeat(2_000)}true' }\n`;
  const nested = `rules: ${'['.repeat(100_000)}`;
  const refused = [deep, many, nested, '#'.repeat(4_000_000), anchors, patterns].map((text) =>
    cpuMsOfCall([text], 20, (one) => compile(one, 1)),
  );
  return [
    { name: 'text to diagnostics and image, 100 rules', value: read, unit: 'CPU ms', goal: 20 },
    { name: 'lowered rules to image, 100 rules', value: lowered, unit: 'CPU ms' },
    { name: 'link with 100 endpoints', value: linked, unit: 'CPU ms' },
    {
      name: 'a hostile document refused, slowest of six kinds',
      value: Math.max(...refused),
      unit: 'CPU ms',
      goal: 20,
    },
  ];
}

function replayFigures(): readonly Figure[] {
  const before = imageOf(documentOf(100), 1);
  const edited = readDocument(benchDocument(100).replaceAll('>= 0.85', '>= 0.65'));
  if (!edited.ok) throw new Error(JSON.stringify(edited.error));
  const facts = benchFacts(4_096).toSorted((a, b) => a.atMs - b.atMs);
  const requests = 200_000;
  const records = Array.from({ length: requests }, (_, index) => ({ id: String(index), facts: at(facts, index) }));
  const simulation = { before, after: imageOf(edited.value, 2), endpoints: benchEndpoints(40) };
  const { changed } = simulate({ ...simulation, records: records.slice(0, 20_000) });
  if (changed === 0) throw new Error('the edited version decides nothing otherwise');
  const spent = cpuMs(() => simulate({ ...simulation, records }));
  return [
    {
      name: 'replay of a million requests through two versions',
      value: (spent / 1_000) * (1e6 / requests),
      unit: 'CPU s',
      goal: 5,
    },
  ];
}

function peerFigures(): readonly Figure[] {
  const document = documentOf(100);
  const policy = link(imageOf(document, 1), benchEndpoints(100), now);
  const facts = benchFacts(64).slice(0, 24);
  const ours = (one: (typeof facts)[number]) =>
    indexesOf(evaluateAll(byEngine, policy, one, [one.subject], 'none').authorized).length;
  const peers = { 'Cedar wasm 4.13': cedarPeer(document, policy), '@bufbuild/cel 0.6': celPeer(document, policy) };
  const own = timeCalls(facts, 20_000, 8, ours).median;
  return [
    { name: 'ours', value: own, unit: 'us' },
    ...Object.entries(peers).map(([name, ask]): Figure => {
      const spent = cpuMs(() => {
        for (const one of facts) if (ask(one) !== ours(one)) throw new Error(`${name} disagrees`);
      });
      return {
        name: `${name}, endpoint by endpoint, agreeing on every one`,
        value: (spent * 1_000) / facts.length,
        unit: 'CPU us',
      };
    }),
  ];
}

console.log(`node ${process.version}, ${platform()} ${arch()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`);
printFigures('Decision: 100 rules, 100 endpoints', decisionFigures());
printFigures('Authoring', compileFigures());
printFigures('Fleet', fleetFigures());
printFigures('Replay: 100 rules, 40 endpoints', replayFigures());
printFigures('Proof', await proofFigures());
printFigures('The same 100 rules and 100 endpoints in other engines', peerFigures());
process.exit(0);
