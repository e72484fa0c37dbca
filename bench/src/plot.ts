const width = 620;
const height = 300;
const left = 64;
const top = 40;
const bottom = 64;
const colours = ['#0b6e4f', '#c8553d', '#7a7a7a', '#3a6ea5', '#b8860b', '#6a4c93', '#222222'];

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Bars {
  readonly label: string;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

/** One panel with lines; the axes begin at zero, so that growth looks like what it is. */
export function linePlot(title: string, xName: string, yName: string, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points);
  const most = { x: Math.max(1e-9, ...all.map(({ x }) => x)), y: Math.max(1e-9, ...all.map(({ y }) => y)) * 1.1 };
  const px = (x: number): number => left + (x / most.x) * (width - left - 24);
  const py = (y: number): number => height - bottom - (y / most.y) * (height - top - bottom);
  const drawn = lines.map(({ name, points }, at) => {
    const colour = colours[at % colours.length] ?? '#000';
    const path = points.map(({ x, y }) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(' ');
    const dots = points.length > 40 ? [] : points.map(({ x, y }) => dot(px(x), py(y), colour, `${x}: ${round(y)}`));
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${legend(name, at, colour)}`;
  });
  return panel(title, xName, yName, most, drawn.join(''));
}

/** One panel with groups of bars. */
export function barPlot(title: string, yName: string, groups: readonly Bars[]): string {
  const names = [...new Set(groups.flatMap(({ values }) => values.map(({ name }) => name)))];
  const most = Math.max(1e-9, ...groups.flatMap(({ values }) => values.map(({ value }) => value))) * 1.1;
  const group = (width - left - 24) / Math.max(1, groups.length);
  const bar = Math.min(36, (group * 0.85) / Math.max(1, names.length));
  const py = (y: number): number => height - bottom - (y / most) * (height - top - bottom);
  const drawn = groups.map(({ label, values }, at) => {
    const bars = values.map(({ name, value }) => {
      const place = names.indexOf(name);
      const x = left + at * group + place * bar + 4;
      const tall = height - bottom - py(value);
      const colour = colours[place % colours.length];
      return `<rect x="${x.toFixed(1)}" y="${py(value).toFixed(1)}" width="${(bar - 2).toFixed(1)}" height="${tall.toFixed(1)}" fill="${colour}"><title>${escape(name)}: ${round(value)}</title></rect>`;
    });
    return `${bars.join('')}${text(left + at * group + 4, height - bottom + 16, label, 10)}`;
  });
  const legends = names.map((name, at) => legend(name, at, colours[at % colours.length] ?? '#000'));
  return panel(title, '', yName, { x: 0, y: most }, drawn.join('') + legends.join(''));
}

/** Several panels as one picture, two beside each other. */
export function sheet(panels: readonly string[]): string {
  const rows = Math.ceil(panels.length / 2);
  const placed = panels.map((inner, at) => {
    const [x, y] = [(at % 2) * width, Math.floor(at / 2) * height];
    return inner.replace('<svg ', `<svg x="${x}" y="${y}" `);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width * 2} ${rows * height}" width="${width * 2}" height="${rows * height}">${placed.join('\n')}</svg>\n`;
}

function panel(title: string, xName: string, yName: string, most: { x: number; y: number }, inner: string): string {
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = height - bottom - share * (height - top - bottom);
    const mark = text(left - 6, y + 3, round(most.y * share), 10, 'end');
    return `<line x1="${left}" x2="${width - 24}" y1="${y}" y2="${y}" stroke="#ddd"/>${mark}`;
  });
  const ends = most.x > 0 ? text(width - 24, height - bottom + 16, round(most.x), 10, 'end') : '';
  const names = `${text(left, height - bottom + 30, xName, 11)}${text(8, top - 8, yName, 11)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif"><rect width="${width}" height="${height}" fill="#fff"/>${text(left, 18, title, 14)}${lines.join('')}${names}${ends}${inner}</svg>`;
}

function legend(name: string, at: number, colour: string): string {
  const [x, y] = [left + (at % 3) * 185, height - 22 + Math.floor(at / 3) * 13];
  return `<rect x="${x}" y="${y - 8}" width="9" height="9" fill="${colour}"/>${text(x + 13, y, name, 10)}`;
}

function dot(x: number, y: number, colour: string, title: string): string {
  return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3" fill="${colour}"><title>${escape(title)}</title></circle>`;
}

function text(x: number, y: number, words: string, size: number, anchor = 'start'): string {
  return `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}">${escape(words)}</text>`;
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function round(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 1 ? value.toFixed(1) : value.toFixed(2);
}
