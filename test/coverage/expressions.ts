import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../../..');

interface Rules {
  readonly groups: readonly { readonly rules: readonly Record<string, unknown>[] }[];
}

/** The alerting rules that are delivered. */
export const rules = (parse(readFileSync(join(root, 'deploy/alerts/writ.yaml'), 'utf8')) as Rules).groups.flatMap(
  (group) => group.rules,
);

/** Every expression in PromQL that is delivered: of the alerts and of the dashboard. */
export const expressions: readonly string[] = [
  ...rules.map(({ expr }) => String(expr)),
  ...(
    JSON.parse(readFileSync(join(root, 'deploy/dashboards/gateway.json'), 'utf8')) as {
      readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
    }
  ).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
];

/** Names of metrics in PromQL: words with an underscore that are no function, label or grouping. */
export function metricsIn(expression: string): readonly string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\bby \([^)]*\)/g, '');
  return [...bare.matchAll(/\b[a-z]+(?:_[a-z0-9]+)+\b/g)]
    .map(([name]) => name)
    .filter((name) => !['histogram_quantile', 'min_over_time'].includes(name));
}

/** Names that a listener's text in the format of Prometheus has values of, or may have. */
export function exportedIn(text: string): ReadonlySet<string> {
  const found = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    found.flatMap(([, name, type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name!],
    ),
  );
}
