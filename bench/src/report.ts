import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '@writ/local';
import { median, mid, type Round, type Series } from './measure.js';
import type { Options } from './options.js';
import { barPlot, linePlot, sheet } from './plot.js';
import type { Growth } from './scaling.js';

/** One line of the table: what was to be reached and what was measured. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target: number;
  readonly moonshot: number;
  /** Whether more is better, as for a ratio, or less, as for a time. */
  readonly more: boolean;
}

export interface Report {
  readonly options: Options;
  readonly missing: readonly string[];
  readonly series: readonly Series[];
  readonly growth: readonly Growth[];
  readonly figures: readonly Figure[];
  readonly machine: string;
  readonly at: Date;
}

/**
 * Ratios of CPU time a request: how many requests a core of ours answers for one of Portkey's. Each round gives a ratio of its own,
 * for its two figures are seconds apart and the machine differs from minute to minute; the median of these is the figure.
 */
export function figuresOf(series: readonly Series[], twoAlone: boolean): readonly Figure[] {
  const find = (gateway: string, workload: string): Series | undefined =>
    series.find((each) => each.gateway === gateway && each.workload === workload);
  const figures: Figure[] = [];
  const ratio = (what: string, workload: string, target: number, moonshot: number): void => {
    const [ours, theirs] = [find('writ', workload), find('portkey', workload)];
    if (!ours || !theirs) return;
    const value = paired(theirs, ours, 'cpuMicros');
    figures.push({ what, value, unit: 'x portkey', target, moonshot, more: true });
  };
  ratio('JSON, 1 KB prompt', 'json-1KB-new', 2, 3);
  ratio('JSON, 10 KB, all new text', 'json-10KB-new', 0.8, 1.2);
  ratio('JSON, 10 KB, nine tenths repeated history', 'json-10KB-history', 1.5, 2.5);
  ratio('JSON, 100 KB, nine tenths repeated history', 'json-100KB-history', 1, 2);
  ratio('streams of 100 events', 'stream-100-events-40', 0.8, 1.2);
  const added = (what: string, workload: string, figure: keyof Round, target: number, moonshot: number): void => {
    const [ours, none] = [find('writ', workload), find('upstream alone', workload)];
    if (!ours || !none) return;
    const value = mid(ours, figure) - mid(none, figure);
    figures.push({ what, value, unit: 'ms', target, moonshot, more: false });
  };
  added('added latency at 200/s, 1 KB, p50', 'json-1KB-new at 200/s', 'p50Ms', 3, 1.5);
  added('added latency at 200/s, 1 KB, p99', 'json-1KB-new at 200/s', 'p99Ms', 15, 6);
  added('added time to first byte of a stream, p50', 'stream-100-events-40 at 20/s', 'firstP50Ms', 6, 3);
  added('added time to first byte of a stream, p99', 'stream-100-events-40 at 20/s', 'firstP99Ms', 25, 12);
  const [one, two] = [find('writ', 'processes'), find('writ, 2 processes', 'processes')];
  if (one && two) {
    const value = twoAlone ? mid(two, 'perSecond') / mid(one, 'perSecond') : 2 * paired(one, two, 'cpuMicros');
    const what = `two processes against one${twoAlone ? '' : ' (implied by CPU a request: fewer than four cores)'}`;
    figures.push({ what, value, unit: 'x', target: 1.7, moonshot: 1.9, more: true });
  }
  const [single, many] = series.filter(({ workload }) => workload === 'tenants');
  if (single && many) {
    const value = paired(single, many, 'cpuMicros');
    figures.push({ what: `${many.gateway} against one`, value, unit: 'x', target: 0.7, moonshot: 0.95, more: true });
  }
  return figures;
}

/** Median over the rounds of one series' figure divided by the other's in the same round. */
function paired(above: Series, below: Series, figure: keyof Round): number {
  return median(
    below.rounds.flatMap((round, at) => {
      const other = above.rounds[at];
      return other ? [other[figure] / round[figure]] : [];
    }),
  );
}

export function verdict({ value, target, moonshot, more }: Figure): string {
  const reaches = (bound: number): boolean => (more ? value >= bound : value <= bound);
  if (reaches(moonshot)) return 'moonshot';
  return reaches(target) ? 'reached' : 'NOT reached';
}

/** Writes Markdown, JSON and SVG, and returns the Markdown for the terminal. */
export function writeReport(report: Report): readonly string[] {
  const { name } = report.options;
  const lines = markdown(report);
  writeResult(`${name}.md`, `${lines.join('\n')}\n`);
  writeResult(`${name}.json`, `${JSON.stringify(report, null, 1)}\n`);
  writeResult(`${name}.svg`, sheet(panels(report)));
  return lines;
}

export function writeResult(file: string, content: string): void {
  const folder = join(repository, 'bench/results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), content);
  console.log(`written: bench/results/${file}`);
}

function markdown({ options, missing, series, growth, figures, machine, at }: Report): string[] {
  const { rounds, secondsEach } = options;
  const lines = [
    '# Bench',
    '',
    `${at.toISOString()}; ${machine}. Medians of ${rounds} interleaved rounds of ${secondsEach} s each. CPU is user and system time of the gateway's own processes.`,
    '',
  ];
  for (const each of missing) lines.push(`**${each}**`, '');
  if (figures.length > 0) {
    lines.push('| against the targets | measured | 1.0 | moonshot | |', '|---|---|---|---|---|');
    for (const each of figures) {
      const sign = each.more ? '>=' : '<=';
      const measured = `${each.value.toFixed(2)} ${each.unit}`;
      lines.push(
        `| ${each.what} | ${measured} | ${sign} ${each.target} | ${sign} ${each.moonshot} | ${verdict(each)} |`,
      );
    }
    lines.push('');
  }
  for (const workload of new Set(series.map((each) => each.workload))) {
    lines.push(`## ${workload}`, '');
    lines.push(
      '| gateway | CPU us/request | of it spread | stores CPU us | requests/s | core busy | p50 ms | p99 ms | first byte p50 / p99 ms | failed |',
    );
    lines.push('|---|---|---|---|---|---|---|---|---|---|');
    for (const each of series.filter((one) => one.workload === workload)) lines.push(row(each));
    lines.push('');
  }
  for (const { title, input, points } of growth) {
    lines.push(`## growth with ${title}`, '', `| ${input} | CPU us/request |`, '|---|---|');
    for (const { x, cpuMicros } of points) lines.push(`| ${x} | ${cpuMicros.toFixed(0)} |`);
    lines.push('');
  }
  return lines;
}

function row(series: Series): string {
  const micros = series.rounds.map((round) => round.cpuMicros);
  const spread = `${Math.min(...micros).toFixed(0)}..${Math.max(...micros).toFixed(0)}`;
  const figure = (name: keyof Round, digits = 1): string => mid(series, name).toFixed(digits);
  const failed = series.rounds.reduce((sum, round) => sum + round.failed, 0);
  const first = `${figure('firstP50Ms')} / ${figure('firstP99Ms')}`;
  return `| ${series.gateway} | ${figure('cpuMicros', 0)} | ${spread} | ${figure('storesCpuMicros', 0)} | ${figure('perSecond', 0)} | ${figure('busy', 2)} | ${figure('p50Ms')} | ${figure('p99Ms')} | ${first} | ${failed} |`;
}

function panels({ series, growth }: Report): readonly string[] {
  const bars = [...new Set(series.map((each) => each.workload))].map((workload) => ({
    label: workload,
    values: series
      .filter((each) => each.workload === workload && each.gateway !== 'upstream alone')
      .map((each) => ({ name: each.gateway, value: mid(each, 'cpuMicros') })),
  }));
  const lines = growth.map(({ title, input, points }) =>
    linePlot(`growth with ${title}`, input, 'CPU us/request', [
      { name: 'writ', points: points.map(({ x, cpuMicros }) => ({ x, y: cpuMicros })) },
    ]),
  );
  return [...bars.map((each) => barPlot(each.label, 'CPU us/request', [each])), ...lines];
}
