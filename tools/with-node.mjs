// Runs a command with a Node that is new enough, after installing what the lock file names. Any Node >= 18 runs this file.
//   node tools/with-node.mjs <command> [argument…]
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const minimum = [24, 11];

function stop(sentence) {
  console.error(`writ: ${sentence}`);
  process.exit(1);
}

/** npm writes node_modules/.package-lock.json last, so an interrupted install counts as absent. */
function installIfNeeded() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.error('writ: installing the packages that package-lock.json names (npm ci; about a minute)');
  const npm = process.env.npm_execpath;
  const done = npm
    ? spawnSync(process.execPath, [npm, 'ci'], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', ['ci'], { cwd: root, stdio: 'inherit' });
  if (done.error) stop('npm was not found; install Node with npm, then run the same command again.');
  if (done.status !== 0) stop('npm ci failed; its message above says why. Then run the same command again.');
}

function newEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > minimum[0] || (major === minimum[0] && minor >= minimum[1]);
}

/** The packaged Node (an optional dependency), unless the Node that runs this file is new enough. */
function nodeFolder() {
  if (newEnough(process.versions.node)) return dirname(process.execPath);
  const names = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`];
  for (const name of names) {
    const bin = join(root, 'node_modules', name, 'bin');
    if (existsSync(join(bin, 'node'))) return bin;
  }
  return stop(
    `Node ${minimum.join('.')} or newer is needed and no packaged Node fits ${process.platform}-${process.arch}; install it from nodejs.org.`,
  );
}

installIfNeeded();
const [command, ...args] = process.argv.slice(2);
if (!command) stop('name the command to run: node tools/with-node.mjs <command> [argument…]');
const path = [nodeFolder(), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
const child = spawn(command, args, {
  cwd: process.env.INIT_CWD ?? root,
  stdio: 'inherit',
  env: { ...process.env, PATH: path },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => stop(`${command} could not be started: ${error.message}`));
child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)));
