import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { refusals } from '@writ/domain';
import { createMeasures, registerStanding } from '@writ/gateway';
import { createMetrics } from '@writ/platform';
import { planePool } from '@writ/postgres';
import { jobMeasures, registerLag } from '@writ/worker';
import { parse } from 'yaml';
import { exportedIn, expressions, metricsIn, rules } from './expressions.js';

const root = join(import.meta.dirname, '../../..');
const alerts = join(root, 'deploy/alerts');

/** A process that holds nothing and reaches no database. */
function gatewayMetrics(): ReturnType<typeof createMetrics> {
  const metrics = createMetrics();
  registerStanding(metrics, {
    snapshotAgeMs: () => 1,
    keySetAgeMs: () => 1,
    pools: () => ({ ledger: { busy: 1, idle: 1, waiting: 0 } }),
    upstreams: () => ({ busy: 1, idle: 1, waiting: 0 }),
    limits: () => ({ reservations: 1, leases: 1, grantedMicros: 1n, spentMicros: 1n, reservedMicros: 1n }),
  });
  return metrics;
}

async function exported(): Promise<ReadonlySet<string>> {
  const problems: string[] = [];
  const nowhere = planePool('writ_worker', { url: 'postgres://writ_worker@127.0.0.1:1/none', max: 1 });
  const ofWorker = createMetrics();
  registerLag(ofWorker, nowhere, (problem) => problems.push(problem));
  const text = [await createMeasures(gatewayMetrics()).text(), await jobMeasures(ofWorker).text()].join('\n');
  await nowhere.close();
  // Asked once for all of them; without a database they have no value, which is not the same as nought.
  expect(problems).toHaveLength(1);
  expect(text).not.toMatch(/^writ_chain_lag_records/m);
  return exportedIn(text);
}

const promtool = spawnSync('promtool', ['--version'], { encoding: 'utf8' }).status === 0;
interface RuleTest {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

describe('what operators are shown', () => {
  it('names only metrics that are really exported', async () => {
    const known = await exported();
    const named = expressions.flatMap(metricsIn);
    expect(named.length).toBeGreaterThan(25);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('has a test of each alert that fires it, and one in which all are silent', () => {
    const { tests } = parse(readFileSync(join(alerts, 'writ.test.yaml'), 'utf8')) as {
      readonly tests: readonly RuleTest[];
    };
    const all = tests.flatMap((test) => test.alert_rule_test);
    const names = rules.map(({ alert }) => String(alert)).toSorted();
    const of = (isFiring: boolean): readonly string[] => [
      ...new Set(all.filter((one) => one.exp_alerts.length > 0 === isFiring).map(({ alertname }) => alertname)),
    ];
    expect(of(true).toSorted()).toEqual(names);
    expect(of(false).toSorted()).toEqual(names);
  });

  (promtool ? it : it.skip)('is what promtool takes, and each alert fires and is silent as its test says', () => {
    for (const how of [
      ['check', 'rules', 'writ.yaml'],
      ['test', 'rules', 'writ.test.yaml'],
    ]) {
      const ran = spawnSync('promtool', how, { cwd: alerts, encoding: 'utf8' });
      expect([ran.status, ran.status === 0 ? '' : `${ran.stdout}${ran.stderr}`]).toEqual([0, '']);
    }
  });

  it('has twenty alert rules, each with a severity, a sentence and what to look at', () => {
    expect(rules).toHaveLength(20);
    for (const rule of rules)
      expect(rule).toMatchObject({
        alert: expect.stringMatching(/^Writ[A-Z]\w+$/),
        expr: expect.any(String),
        labels: { severity: expect.stringMatching(/^(page|ticket)$/) },
        annotations: { summary: expect.any(String), description: expect.any(String) },
      });
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(20);
  });

  it('has balanced expressions, and outcomes that are refusals or effects', () => {
    for (const expression of expressions) {
      for (const [open, close] of ['()', '{}', '[]'])
        expect(expression.split(open!).length).toBe(expression.split(close!).length);
      for (const [, names] of expression.matchAll(/outcome=~?"([^"]*)"/g))
        for (const name of names!.split('|'))
          expect(
            [...Object.keys(refusals), 'permit', 'redact', 'deny'].some((known) => new RegExp(`^${name}$`).test(known)),
          ).toBe(true);
    }
  });

  it('has no label that tenants, subjects or models could fill without bound', async () => {
    const measures = createMeasures(gatewayMetrics());
    const call = { provider: 'openai', operation: 'chat', result: 'unavailable', ms: 1 };
    measures.called(call);
    measures.firstChunk(call);
    measures.committed('outcome', 'durable', 1);
    measures.reserved(true, 'rate-limited');
    measures.rested('quarantine');
    const labels = [...(await measures.text()).matchAll(/^(?:writ|gen_ai)_[a-z_]+\{([^}]*)\}/gm)].flatMap(([, text]) =>
      text!.split(',').map((label) => label.split('=')[0]),
    );
    const known = ['kind', 'result', 'why', 'le', 'gen_ai_provider_name', 'gen_ai_operation_name', 'error_type'];
    const standing = ['pool', 'state', 'part'];
    const runtime = ['type', 'space', 'version', 'major', 'minor', 'patch'];
    expect([...new Set(labels)].filter((label) => ![...known, ...standing, ...runtime].includes(label!))).toEqual([]);
  });
});
