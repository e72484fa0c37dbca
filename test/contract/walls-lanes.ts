import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { parseTenantId, tenantOfJob } from '@writ/domain';
import { type PlanePool, planePool } from '@writ/postgres';
import { Client } from 'pg';
import { type WallTrials, interruptBy, runWallTrials } from './walls-trials.js';

/** One pool of one connection, whose trials take turns with nobody's. */
interface Lane {
  readonly name: string;
  readonly url: string;
  readonly seed: number;
}

export interface LanesOptions {
  readonly tenants: readonly string[];
  /** How the lanes reach the server, and how those who cancel and kill do. */
  readonly urls: readonly string[];
  readonly adminUrl: string;
  readonly threads: number;
  readonly lanesPerThread: number;
  /** Of all lanes together. */
  readonly trials: number;
  readonly minutes: number;
  readonly seed: number;
  readonly tell: (done: number) => void;
}

interface Work {
  readonly lanes: readonly Lane[];
  readonly tenants: readonly string[];
  readonly adminUrl: string;
  readonly trials: number;
  readonly endsAtMs: number;
  /** Trials begun so far, by all lanes. */
  readonly begun: SharedArrayBuffer;
}

const tellEveryMs = 60_000;

/**
 * The trials on several pools of one connection each, side by side against one server: each lane is the whole of X1 on its
 * own, with its own seed, its own pool and its own session that cancels and kills. While one lane waits, another works.
 */
export async function runWallLanes(options: LanesOptions): Promise<WallTrials> {
  const { threads, lanesPerThread, urls, seed, trials, minutes, tenants, adminUrl } = options;
  const begun = new SharedArrayBuffer(4);
  const lane = (number: number): Lane => ({
    name: `lane ${number}`,
    url: urls[number % urls.length] as string,
    seed: seed + number * 7_919,
  });
  const lanes = Array.from({ length: threads * lanesPerThread }, (_, number) => lane(number));
  const telling = setInterval(() => options.tell(Math.min(trials, new Int32Array(begun)[0] ?? 0)), tellEveryMs);
  const endsAtMs = Date.now() + minutes * 60_000;
  const results = await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      const own = lanes.filter((_lane, number) => number % threads === thread);
      return resultOf({ lanes: own, tenants, adminUrl, trials, endsAtMs, begun });
    }),
  );
  clearInterval(telling);
  return summed(results.flat());
}

function resultOf(work: Work): Promise<readonly WallTrials[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: work });
    worker.once('message', resolve).once('error', reject);
  });
}

function summed(results: readonly WallTrials[]): WallTrials {
  return {
    trials: results.reduce((sum, result) => sum + result.trials, 0),
    thrown: results.reduce((sum, result) => sum + result.thrown, 0),
    violations: results.flatMap(({ violations }) => violations),
  };
}

async function inThread({ lanes, tenants, adminUrl, trials, endsAtMs, begun }: Work): Promise<readonly WallTrials[]> {
  const count = new Int32Array(begun);
  const contexts = tenants.map((text) => {
    const id = parseTenantId(text);
    if (!id.ok) throw new Error(id.error);
    return tenantOfJob(id.value);
  });
  return Promise.all(
    lanes.map(async ({ name, url, seed }) => {
      const admin = new Client({ connectionString: adminUrl });
      await admin.connect();
      const plane: PlanePool = planePool('writ_worker', { url, max: 1, connectMs: 10_000 });
      const goesOn = (): boolean => Date.now() < endsAtMs && Atomics.add(count, 0, 1) < trials;
      const result = await runWallTrials(plane, contexts, trials, seed, { interrupt: interruptBy(admin), goesOn });
      await Promise.all([plane.close(), admin.end()]);
      return { ...result, violations: result.violations.map((what) => `${name}, seed ${seed}, ${what}`) };
    }),
  );
}

if (!isMainThread) {
  const results = await inThread(workerData as Work);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
  parentPort?.postMessage(results);
}
