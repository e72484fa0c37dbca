import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type LocalPostgres,
  type OnboardedTenant,
  type RunningApp,
  type Stack,
  accessToken,
  control,
  exportLedger,
  onboard,
  startApp,
  startPostgres,
  startStack,
  verifyExport,
} from '@writ/local';
import { Client } from 'pg';
import { type Arrival, type Got, violations } from './join.js';

/**
 * Who dies: at a moment of its own, or at a named point of a gateway process or of the sequencer. Twice a round the whole
 * gateway dies, its primary too: a primary that sees its processes die young waits longer and longer before it starts others.
 */
export const victims = [
  'gateway',
  'worker',
  'before-append',
  'before-put',
  'after-append',
  'after-put',
  'whole-gateway',
  'before-upstream',
  'after-commit',
  'after-upstream',
  'postgres',
  'before-socket',
  'worker',
  'after-socket',
  'whole-gateway',
] as const;
export type Victim = (typeof victims)[number];

export interface KillReport {
  /** Processes that were killed. */
  readonly kills: number;
  readonly killed: Readonly<Partial<Record<Victim, number>>>;
  readonly answered: number;
  readonly refused: number;
  readonly broken: number;
  readonly arrivals: number;
  readonly violations: readonly string[];
  /** Exit code of `writ verify` on an export of everything. */
  readonly verified: number;
  readonly longestRecoveryMs: number;
}

export interface KillOptions {
  readonly folder: string;
  /** Goes on until so many processes were killed. */
  readonly kills: number;
  readonly order?: readonly Victim[];
  /** Below 1; drawn for the moments of the kills. */
  readonly random: () => number;
  /** Waits until the sweeper has closed what the dead left open. */
  readonly awaitSweeper: boolean;
  readonly say: (line: string) => void;
}

const failpointModule = fileURLToPath(new URL('./failpoint.js', import.meta.url));
const callers = 4;
/** One process dies, the others serve. */
const gatewayProcesses = 4;
const recoveryMs = 180_000;
const tokenMs = 120_000;
/** A writer is lost after 30 s of silence; the sweeper looks every 5 s, and closes within a minute. */
const sweptMs = 60_000;

/** Runs the whole stack under load, kills parts of it one after the other, and joins the three ledgers. */
export async function killTrials(options: KillOptions): Promise<KillReport> {
  const failpoint = join(options.folder, 'failpoint');
  const hooked = { NODE_OPTIONS: `--import=${failpointModule}`, FAILPOINT_FILE: failpoint };
  const settings = { gateway: hooked, worker: hooked };
  const stack = await startStack({ folder: options.folder, log: () => undefined, settings, gatewayProcesses });
  const ground = new KillGround(stack, options, failpoint);
  try {
    const tenant = await onboard(stack, 'mercy', () => undefined);
    await ground.run();
    return await ground.report(tenant);
  } finally {
    await ground.close();
  }
}

class KillGround {
  readonly #got: Got[] = [];
  readonly #killed: Partial<Record<Victim, number>> = {};
  #postgres: LocalPostgres;
  #worker: RunningApp;
  #workerStarts: Promise<void> = Promise.resolve();
  #gateway: RunningApp;
  #token = '';
  #isRestarted = false;
  #longestRecoveryMs = 0;
  #answeredAt = 0;

  constructor(
    private readonly stack: Stack,
    private readonly options: KillOptions,
    private readonly failpoint: string,
  ) {
    this.#postgres = stack.postgres;
    this.#worker = stack.worker;
    this.#gateway = stack.gateway;
  }

  async run(): Promise<void> {
    const { kills, order = victims, random, say } = this.options;
    const stopping = new AbortController();
    await this.#renewToken();
    const load = Array.from({ length: callers }, (_, n) => this.#call(n, stopping.signal));
    await this.#answered();
    const first = performance.now();
    let renewed = first;
    for (let trial = 0; this.#kills < kills; trial += 1) {
      const victim = order[trial % order.length] ?? 'gateway';
      await pause(50 + random() * 250);
      const dead = await this.#kill(victim);
      this.#killed[victim] = (this.#killed[victim] ?? 0) + dead;
      const begun = performance.now();
      await this.#answered();
      const tookMs = performance.now() - begun;
      this.#longestRecoveryMs = Math.max(this.#longestRecoveryMs, tookMs);
      const seconds = ((performance.now() - first) / 1_000).toFixed(0);
      say(`${victim}: ${dead} killed, ${this.#kills} after ${seconds} s; answered again after ${tookMs.toFixed(0)} ms`);
      if (performance.now() - renewed < tokenMs) continue;
      await this.#renewToken();
      renewed = performance.now();
    }
    stopping.abort();
    await Promise.all(load);
    await this.#workerStarts;
  }

  get #kills(): number {
    return Object.values(this.#killed).reduce((sum, each) => sum + each, 0);
  }

  async #renewToken(): Promise<void> {
    this.#token = await accessToken(this.stack, 'nora', this.stack.audiences.gateway);
  }

  async report(tenant: OnboardedTenant): Promise<KillReport> {
    if (this.options.awaitSweeper) await pause(sweptMs + 5_000);
    const admin = new Client({ connectionString: this.#postgres.url('postgres') });
    await admin.connect();
    try {
      const { rows } = await admin.query<{ schema: string }>(
        `SELECT 't_' || replace(tenant_id::text, '-', '') AS schema FROM ledger.log`,
      );
      await this.#sequenced(admin);
      const { requests } = await control<{ readonly requests: readonly Arrival[] }>(this.stack, 'requests');
      const arrivals = requests.filter(({ headers }) => headers['x-writ-decision'] !== undefined);
      const found = await violations(admin, rows[0]?.schema ?? '', this.#got, arrivals, sweptMs);
      const bundle = join(this.options.folder, 'export.tar');
      await exportLedger(this.stack, tenant, bundle);
      const verified = await verifyExport(this.stack, bundle, () => undefined);
      if (verified.code !== 0) this.options.say(verified.output);
      return {
        kills: this.#kills,
        killed: this.#killed,
        answered: this.#got.filter(({ status, isWhole }) => status === 200 && isWhole).length,
        refused: this.#got.filter(({ status }) => status > 200).length,
        broken: this.#got.filter(({ isWhole }) => !isWhole).length,
        arrivals: arrivals.length,
        violations: found,
        verified: verified.code,
        longestRecoveryMs: this.#longestRecoveryMs,
      };
    } finally {
      await admin.end();
    }
  }

  async close(): Promise<void> {
    await this.#workerStarts.catch(() => undefined);
    await this.#worker.stop();
    await this.#gateway.stop();
    await this.stack.stop();
    if (this.#isRestarted) await this.#postgres.stop();
  }

  /** How many processes died. */
  async #kill(victim: Victim): Promise<number> {
    switch (victim) {
      case 'gateway':
        return this.#killGateway();
      case 'whole-gateway':
        return this.#killWholeGateway();
      case 'worker':
        await this.#workerStarts;
        this.#worker.kill('SIGKILL');
        this.#startWorker();
        return 1;
      case 'postgres':
        await this.#postgres.kill('SIGKILL');
        this.#postgres = await startPostgres({
          dataDir: join(this.options.folder, 'postgres'),
          log: () => undefined,
          port: this.#postgres.port,
        });
        this.#isRestarted = true;
        return 1;
      default:
        return this.#killAt(victim);
    }
  }

  /** One of its processes; the primary starts another. */
  #killGateway(): number {
    const pids = childrenOf(this.#gateway.pid);
    const pid = pids[Math.floor(this.options.random() * pids.length)];
    if (pid === undefined) return 0;
    process.kill(pid, 'SIGKILL');
    return 1;
  }

  async #killWholeGateway(): Promise<number> {
    const { pid } = this.#gateway;
    const pids = [pid, ...childrenOf(pid)];
    for (const each of pids) process.kill(each, 'SIGKILL');
    this.#gateway = await startApp({
      name: 'gateway',
      entry: 'apps/gateway/dist/main.js',
      settings: this.stack.gatewaySettings,
      logFolder: this.stack.logFolder,
      readyMs: recoveryMs,
    });
    return pids.length;
  }

  /** The first process that reaches the point takes the file away and dies. */
  async #killAt(point: Victim): Promise<number> {
    await this.#workerStarts;
    writeFileSync(this.failpoint, point);
    const end = performance.now() + 3_000;
    while (performance.now() < end && isThere(this.failpoint)) await pause(5);
    const isHit = !isThere(this.failpoint);
    rmSync(this.failpoint, { force: true });
    // The file goes a moment before the process does.
    if (isHit) await this.#workerGone(1_000);
    if (!isAlive(this.#worker.pid)) this.#startWorker();
    return isHit ? 1 : 0;
  }

  async #workerGone(withinMs: number): Promise<void> {
    for (const end = performance.now() + withinMs; performance.now() < end && isAlive(this.#worker.pid);)
      // oxlint-disable-next-line no-await-in-loop -- each look follows the pause before it
      await pause(20);
  }

  /** It comes back while others die. */
  #startWorker(): void {
    this.#workerStarts = startApp({
      name: 'worker',
      entry: 'apps/worker/dist/main.js',
      args: ['--roles', 'sequencer,sweeper'],
      settings: this.stack.workerSettings,
      logFolder: this.stack.logFolder,
      readyMs: recoveryMs,
    }).then((worker) => {
      this.#worker = worker;
    });
  }

  /** One caller: request after request, buffered and streamed in turn. */
  async #call(caller: number, signal: AbortSignal): Promise<void> {
    for (let turn = caller; !signal.aborted; turn += 1) {
      const got = await this.#ask(turn % 2 === 0);
      this.#got.push(got);
      if (got.status === 200 && got.isWhole) this.#answeredAt = performance.now();
      else await pause(50);
    }
  }

  async #ask(isStream: boolean): Promise<Got> {
    let [status, decision, bytes] = [0, '', 0];
    try {
      const answer = await fetch(`${this.stack.urls.gateway}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'fast',
          stream: isStream,
          messages: [{ role: 'user', content: 'What does a vaccine do?' }],
        }),
        signal: AbortSignal.timeout(20_000),
      });
      [status, decision] = [answer.status, answer.headers.get('x-writ-decision') ?? ''];
      for await (const chunk of answer.body ?? []) bytes += (chunk as Uint8Array).length;
      return { status, decision, isStream, isWhole: true, bytes };
    } catch {
      return { status, decision, isStream, isWhole: false, bytes };
    }
  }

  async #answered(): Promise<void> {
    const begun = performance.now();
    while (this.#answeredAt < begun) {
      if (performance.now() - begun > recoveryMs) throw new Error('the gateway did not answer again in time');
      await pause(5);
    }
  }

  async #sequenced(admin: Client): Promise<void> {
    for (const end = performance.now() + recoveryMs; performance.now() < end;) {
      const { rows } = await admin.query<{ n: number }>('SELECT count(*)::int AS n FROM ledger.pending');
      if (rows[0]?.n === 0) return;
      await pause(50);
    }
    throw new Error('records wait for the sequencer');
  }
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}

function isThere(path: string): boolean {
  return readdirSync(join(path, '..')).includes('failpoint');
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The moment of a kill, and the pace of looking at other processes. */
function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
