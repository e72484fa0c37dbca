/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type. */
// Expressions that the library builds with `new RegExp`: collected while it is loaded and used, each with the place that
// built it. Those of other packages do not count.

const ours = /\/libs\/classification\/dist\/([\w/.-]+)\.js:(\d+:\d+)/;

/** What was built, once each, by file (of `src`) and place. */
export async function builtExpressions() {
  const seen = new Map();
  const Native = globalThis.RegExp;
  globalThis.RegExp = new Proxy(Native, {
    construct(target, args) {
      const made = Reflect.construct(target, args);
      const caller = ours.exec((new Error().stack ?? '').split('\n')[2] ?? '');
      if (caller) {
        const [, name, place] = caller;
        const { source, flags } = made;
        seen.set(`${name} ${flags} ${source}`, { file: `${name}.ts`, place, source, flags });
      }
      return made;
    },
  });
  try {
    await use();
  } finally {
    globalThis.RegExp = Native;
  }
  return [...seen.values()];
}

/** Loads everything, and does what builds expressions only when it is done: restoring tokens. */
async function use() {
  const { Restorer } = await import('../dist/redact/restore.js');
  const { classify, loadTaxonomy, slowPatterns } = await import('../dist/index.js');
  new Restorer(new Map([['<<PERSON_7f3a2c>>', 'Ada Lovelace']])).restore('for <<PERSON_7f3a2c>>', (value) => value);
  const taxonomy = loadTaxonomy({ version: 'built', terms: [], patterns: [], thresholds: {} }).value;
  const text = 'call +1 415 555 2671, reversed: 12';
  const options = { digestKey: new Uint8Array(32), attachments: [], expired: () => false };
  classify([{ path: '', role: 'tool', text, start: 0, end: text.length }], taxonomy, options);
  slowPatterns([], () => 0);
}
