import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { freePort, repository, startApp } from '@writ/local';
import { family, pin } from './cpu.js';
import type { Caller } from './driver.js';
import { end, here, startScript, type Room } from './room.js';
import type { BenchTenant } from './tenants.js';
import type { Workload } from './workloads.js';

/** One gateway under measurement, ours or another's. */
export interface Gateway {
  readonly name: string;
  readonly port: number;
  /** Its processes as they are now. */
  pids(): readonly number[];
  /** What a caller sends it; tenants take turns, and their subjects. */
  caller(workload: Workload, tenants: readonly BenchTenant[]): Caller;
  stop(): Promise<void>;
}

function callerOf(port: number, workload: Workload, more: () => string): Caller {
  const lines = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n`;
  return {
    head: () => lines + more(),
    body: () => workload.body(),
    expects: workload.stream ? 'data: [DONE]' : '"finish_reason":"stop"',
  };
}

/** A token for each request: one tenant after the other, and their subjects in turn. */
function bearer(tenants: readonly BenchTenant[]): () => string {
  let count = 0;
  return () => {
    const tenant = tenants[count % tenants.length];
    const token = tenant?.tokens[Math.floor(count / tenants.length) % tenant.tokens.length] ?? '';
    count += 1;
    return `authorization: Bearer ${token}\r\n`;
  };
}

/** The product as it is delivered: its own primary and `processes` workers. */
export async function startWrit(
  room: Room,
  processes: number,
  cores: readonly number[],
  profileFolder?: string,
  /** Another checkout of this repository, built: for two states of the product beside one another. */
  checkout = repository,
): Promise<Gateway> {
  const port = await freePort();
  const profile = profileFolder === undefined ? '' : `--cpu-prof --cpu-prof-dir=${profileFolder}`;
  const app = await startApp({
    name: `gateway-${processes}${profile === '' ? '' : '-profiled'}`,
    entry: join(relative(repository, checkout), 'apps/gateway/dist/main.js'),
    settings: { ...room.settings(processes, port), ...(profile === '' ? {} : { NODE_OPTIONS: profile }) },
    logFolder: join(room.folder, 'log'),
  });
  pin(family(app.pid), cores);
  return {
    name: processes === 1 ? 'writ' : `writ, ${processes} processes`,
    port,
    pids: () => family(app.pid),
    caller: (workload, tenants) => callerOf(port, workload, bearer(tenants)),
    stop: () => app.stop(30_000),
  };
}

/** The bench build, with the named steps taken out. */
export async function startVariant(room: Room, without: readonly string[], core: readonly number[]): Promise<Gateway> {
  const steps = without.length === 0 ? 'nothing' : without.join(',');
  const script = await startScript(join(here, 'variants.js'), [steps], room.settings(1, await freePort()), [
    // As the product's primary starts its processes.
    '--max-semi-space-size=64',
  ]);
  pin([script.pid], core);
  return {
    name: `writ without ${without.length === 4 ? 'identity, classification, limits, ledger' : steps}`,
    port: script.port,
    pids: () => [script.pid],
    caller: (workload, tenants) => callerOf(script.port, workload, bearer(tenants)),
    stop: () => script.stop(),
  };
}

export async function startPlainNode(room: Room, core: readonly number[]): Promise<Gateway> {
  const script = await startScript(join(here, 'plain.js'), [`http://127.0.0.1:${room.upstreamPort}`], {});
  pin([script.pid], core);
  return passThrough('node:http and undici', script.port, script.pid, () => script.stop());
}

/** No gateway at all: what driver and upstream do alone. */
export function direct(room: Room): Gateway {
  return passThrough('upstream alone', room.upstreamPort, room.upstreamPid, () => Promise.resolve());
}

function passThrough(name: string, port: number, pid: number, stop: () => Promise<void>): Gateway {
  return {
    name,
    port,
    pids: () => family(pid),
    caller: (workload) => callerOf(port, workload, () => 'authorization: Bearer sk-bench-0123456789\r\n'),
    stop,
  };
}

/** Portkey's gateway as npm delivers it, on our Node, in production mode: a plain pass-through. */
export async function startPortkey(room: Room, core: readonly number[]): Promise<Gateway> {
  const folder = join(repository, 'bench/peers');
  const entry = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (!existsSync(entry)) {
    const done = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      stdio: 'inherit',
    });
    if (done.status !== 0) throw new Error('npm ci in bench/peers failed; its message above says why');
  }
  const port = await freePort();
  const child = spawn(process.execPath, [entry, `--port=${port}`, '--headless'], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    stdio: 'ignore',
  });
  await listening(child, port, 'Portkey');
  pin(family(child.pid ?? 0), core);
  const provider = `x-portkey-provider: openai\r\nx-portkey-custom-host: http://127.0.0.1:${room.upstreamPort}/v1\r\n`;
  return {
    name: 'portkey',
    port,
    pids: () => family(child.pid ?? 0),
    caller: (workload) => callerOf(port, workload, () => `${provider}authorization: Bearer sk-bench-0123456789\r\n`),
    stop: () => end(child),
  };
}

/** Undefined where nginx is not installed; the bench then says what to install. */
export async function startNginx(room: Room, core: readonly number[]): Promise<Gateway | undefined> {
  if (spawnSync('nginx', ['-v']).error) return undefined;
  const port = await freePort();
  const folder = join(room.folder, 'nginx');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, nginxConfiguration(folder, port, room.upstreamPort));
  const child = spawn('nginx', ['-c', file, '-p', folder, '-e', join(folder, 'error.log')], { stdio: 'ignore' });
  await listening(child, port, 'nginx');
  pin(family(child.pid ?? 0), core);
  return passThrough('nginx', port, child.pid ?? 0, () => end(child));
}

function nginxConfiguration(folder: string, port: number, upstream: number): string {
  const root = process.getuid?.() === 0 ? 'user root;' : '';
  return `${root}
daemon off; worker_processes 1; pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_max_body_size 4m; client_body_buffer_size 512k;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  keepalive_requests 10000000; keepalive_timeout 600s;
  upstream provider { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 10000000; }
  server {
    listen 127.0.0.1:${port};
    location /refused { return 429; }
    location / { proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
`;
}

async function listening(child: ChildProcess, port: number, name: string): Promise<void> {
  const until = performance.now() + 20_000;
  while (performance.now() < until) {
    if (child.exitCode !== null) break;
    // One look after the other.
    // oxlint-disable-next-line no-await-in-loop
    if (await reaches(port)) return;
  }
  throw new Error(`${name} did not listen on its port`);
}

function reaches(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  const settle = (reached: boolean): void => {
    socket.destroy();
    setTimeout(() => resolve(reached), reached ? 0 : 50);
  };
  socket.once('connect', () => settle(true));
  socket.once('error', () => settle(false));
  return promise;
}
