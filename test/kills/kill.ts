import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type OnboardedTenant,
  type Stack,
  TenantClient,
  accessToken,
  control,
  exportLedger,
  onboard,
  startStack,
  verifyExport,
} from '@writ/local';
import { Client } from 'pg';
import { type Arrival, type Got, violations } from './join.js';
import { Mortals, type Victim, pause, recoveryMs, victims } from './mortals.js';

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
const tokenMs = 120_000;
/** A writer is lost after 30 s of silence; the sweeper looks every 5 s, and closes within a minute. */
const sweptMs = 60_000;

/** Runs the whole stack under load, kills parts of it one after the other, and joins the three ledgers. */
export async function killTrials(options: KillOptions): Promise<KillReport> {
  const failpoint = join(options.folder, 'failpoint');
  const hooked = { NODE_OPTIONS: `--import=${failpointModule}`, FAILPOINT_FILE: failpoint };
  const settings = { gateway: hooked, worker: hooked };
  const stack = await startStack({
    folder: options.folder,
    log: () => undefined,
    settings,
    gatewayProcesses,
    readyMs: recoveryMs,
  });
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
  readonly #mortals: Mortals;
  #token = '';
  #longestRecoveryMs = 0;
  #answeredAt = 0;

  constructor(
    private readonly stack: Stack,
    private readonly options: KillOptions,
    failpoint: string,
  ) {
    this.#mortals = new Mortals(stack, options, failpoint);
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
      const dead = await this.#mortals.kill(victim);
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
    await this.#mortals.settled();
  }

  get #kills(): number {
    return Object.values(this.#killed).reduce((sum, each) => sum + each, 0);
  }

  async #renewToken(): Promise<void> {
    this.#token = await accessToken(this.stack, 'nora', this.stack.audiences.gateway);
  }

  async report(tenant: OnboardedTenant): Promise<KillReport> {
    if (this.options.awaitSweeper) await pause(sweptMs + 5_000);
    const admin = new Client({ connectionString: this.#mortals.postgres.url('postgres') });
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
      // The token that the tenant was made with has run out long ago.
      const token = await accessToken(this.stack, 'ada', this.stack.audiences.admin);
      await exportLedger(this.stack, { ...tenant, client: new TenantClient(this.stack.urls.tenantApi, token) }, bundle);
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
    await this.#mortals.stop();
    await this.stack.stop();
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
