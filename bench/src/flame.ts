/** What V8 writes with `--cpu-prof`, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  /** Microseconds of the machine's monotonic clock. */
  readonly startTime: number;
}

/** The samples of one span of time: the start and the warming up are not what a request costs. */
export function between(profile: CpuProfile, from: number, to: number): CpuProfile {
  const samples: number[] = [];
  const timeDeltas: number[] = [];
  let at = profile.startTime;
  profile.samples.forEach((sample, index) => {
    const delta = profile.timeDeltas[index] ?? 0;
    at += delta;
    if (at < from || at > to) return;
    samples.push(sample);
    timeDeltas.push(delta);
  });
  return { ...profile, samples, timeDeltas };
}

interface Frame {
  readonly name: string;
  own: number;
  total: number;
  readonly children: Map<string, Frame>;
}

const width = 1_400;
const row = 16;
const idle = new Set(['(idle)', '(program)', '(root)']);

/** Functions by their own time, as shares of the time that was not idle. */
export function heaviest(
  profile: CpuProfile,
  count: number,
): readonly { readonly name: string; readonly share: number }[] {
  const own = ownMicros(profile);
  const sums = new Map<string, number>();
  for (const node of profile.nodes) {
    const micros = own.get(node.id) ?? 0;
    if (node.callFrame.functionName === '(idle)' || micros === 0) continue;
    const name = nameOf(node.callFrame);
    sums.set(name, (sums.get(name) ?? 0) + micros);
  }
  const all = [...sums.values()].reduce((before, micros) => before + micros, 0);
  return [...sums]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, micros]) => ({ name, share: micros / all }));
}

/** Shares of time by the room that spent it: whatever the runtime or a package does counts for the room that called it. */
export function byRoom(profile: CpuProfile): readonly { readonly name: string; readonly share: number }[] {
  const own = ownMicros(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const sums = new Map<string, number>();
  const walk = (id: number, room: string): void => {
    const node = byId.get(id);
    if (!node || node.callFrame.functionName === '(idle)') return;
    const here = roomOf(node.callFrame.url) ?? room;
    const micros = own.get(id) ?? 0;
    const name = node.callFrame.functionName === '(garbage collector)' ? 'garbage collector' : here;
    sums.set(name, (sums.get(name) ?? 0) + micros);
    for (const child of node.children ?? []) walk(child, here);
  };
  const first = profile.nodes[0];
  if (first) walk(first.id, 'runtime');
  const all = [...sums.values()].reduce((before, micros) => before + micros, 0);
  return [...sums].toSorted(([, a], [, b]) => b - a).map(([name, micros]) => ({ name, share: micros / all }));
}

/** One of our projects, or the package that answers to the runtime by itself: the socket's reader, the database's. */
function roomOf(url: string): string | undefined {
  const ours = /\/(?:libs|apps)\/([\w-]+)\/dist\//.exec(url)?.[1];
  return ours ?? /\/node_modules\/((?:@[\w-]+\/)?[\w.-]+)\//.exec(url)?.[1];
}

/** An SVG that any browser shows; hovering names a frame and its share. Frames below a thousandth are left out. */
export function flameGraph(profile: CpuProfile, title: string): string {
  const root = treeOf(profile);
  const rows: string[] = [];
  let deepest = 0;
  const draw = (frame: Frame, x: number, depth: number): void => {
    const wide = (frame.total / root.total) * width;
    if (wide < width / 1_000) return;
    deepest = Math.max(deepest, depth);
    const y = 30 + depth * row;
    const share = ((frame.total / root.total) * 100).toFixed(1);
    const label = escape(frame.name);
    const shown =
      wide > 40 ? `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escape(frame.name.slice(0, wide / 6))}</text>` : '';
    rows.push(
      `<g><rect x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${row - 1}" fill="${colourOf(frame.name)}"><title>${label}: ${share} %</title></rect>${shown}</g>`,
    );
    let at = x;
    for (const child of [...frame.children.values()].toSorted((a, b) => b.total - a.total)) {
      draw(child, at, depth + 1);
      at += (child.total / root.total) * width;
    }
  };
  draw(root, 0, 0);
  const height = 40 + (deepest + 1) * row;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="monospace" font-size="10"><text x="4" y="18" font-size="14">${escape(title)}</text>${rows.join('')}</svg>\n`;
}

function treeOf(profile: CpuProfile): Frame {
  const own = ownMicros(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const fold = (id: number, into: Frame): void => {
    const node = byId.get(id);
    if (!node) return;
    const micros = own.get(id) ?? 0;
    into.own += micros;
    for (const child of node.children ?? []) {
      const frame = byId.get(child)?.callFrame;
      if (!frame || idle.has(frame.functionName)) continue;
      const name = nameOf(frame);
      let next = into.children.get(name);
      if (!next) into.children.set(name, (next = { name, own: 0, total: 0, children: new Map() }));
      fold(child, next);
    }
  };
  const root: Frame = { name: 'all', own: 0, total: 0, children: new Map() };
  const first = profile.nodes[0];
  if (first) fold(first.id, root);
  sum(root);
  return root;
}

function sum(frame: Frame): number {
  frame.total = frame.own;
  for (const child of frame.children.values()) frame.total += sum(child);
  return frame.total;
}

function ownMicros({ samples, timeDeltas }: CpuProfile): ReadonlyMap<number, number> {
  const own = new Map<number, number>();
  samples.forEach((id, at) => own.set(id, (own.get(id) ?? 0) + (timeDeltas[at] ?? 0)));
  return own;
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const file = url.replace(/^.*\/(node_modules|libs|apps)\//, '').replace(/^file:\/\/.*\//, '');
  return `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
}

/** Ours green, the runtime's grey, packages sand: where to look is seen at once. */
function colourOf(name: string): string {
  if (
    / (platform|classification|policy|ledger|routing|enforcement|identity|providers|postgres|redis|domain|gateway)\//.test(
      name,
    )
  )
    return '#8fc99b';
  return / node:/.test(name) || !name.includes(' ') ? '#cfcfcf' : '#e8c98f';
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
