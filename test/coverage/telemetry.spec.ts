import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { refusals } from '@writ/domain';
import { createMeasures } from '@writ/gateway';
import { createMetrics } from '@writ/platform';
import { jobMeasures } from '@writ/worker';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../../..');
const dashboard = readFileSync(join(root, 'deploy/dashboards/gateway.json'), 'utf8');
const alerts = readFileSync(join(root, 'deploy/alerts/writ.yaml'), 'utf8');

interface Rules {
  readonly groups: readonly { readonly rules: readonly Record<string, unknown>[] }[];
}
const rules = (parse(alerts) as Rules).groups.flatMap((group) => group.rules);
const expressions = [
  ...rules.map(({ expr }) => String(expr)),
  ...(
    JSON.parse(dashboard) as { readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[] }
  ).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
];

async function exported(): Promise<ReadonlySet<string>> {
  const text = [await createMeasures(createMetrics()).text(), await jobMeasures().text()].join('\n');
  const found = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    found.flatMap(([, name, type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name!],
    ),
  );
}

/** Names of metrics in PromQL: words with an underscore that are no function, label or grouping. */
function metricsIn(expression: string): readonly string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\bby \([^)]*\)/g, '');
  return [...bare.matchAll(/\b[a-z]+(?:_[a-z0-9]+)+\b/g)]
    .map(([name]) => name)
    .filter((name) => name !== 'histogram_quantile');
}

describe('what operators are shown', () => {
  it('names only metrics that are really exported', async () => {
    const known = await exported();
    const named = expressions.flatMap(metricsIn);
    expect(named.length).toBeGreaterThan(25);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('has twelve alert rules, each with a severity, a sentence and what to look at', () => {
    expect(rules).toHaveLength(12);
    for (const rule of rules)
      expect(rule).toMatchObject({
        alert: expect.stringMatching(/^Writ[A-Z]\w+$/),
        expr: expect.any(String),
        labels: { severity: expect.stringMatching(/^(page|ticket)$/) },
        annotations: { summary: expect.any(String), description: expect.any(String) },
      });
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(12);
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
    const measures = createMeasures(createMetrics());
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
    const runtime = ['type', 'space', 'version', 'major', 'minor', 'patch'];
    expect([...new Set(labels)].filter((label) => ![...known, ...runtime].includes(label!))).toEqual([]);
  });
});
