import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { breakOneByte, exportLedger, verifyExport } from './evidence.js';
import { accessToken, onboard, type OnboardedTenant } from './onboard.js';
import { repository } from './processes.js';
import {
  addedMilliseconds,
  demoRequests,
  identityOf,
  recordedDecision,
  send,
  type DemoRequest,
  type DemoResult,
} from './requests.js';
import { reviewStates, reviewedRequests } from './reviews.js';
import { startStack, type Stack } from './stack.js';

const say = (line = ''): void => console.log(line);
const startedAt = performance.now();
const clockText = (): string => `${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s`;
const row = (name: string, value: string): void => say(`         ${name.padEnd(11)}${value}`);
const step = (title: string): void => say(`\n${clockText()}  ${title}`);

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

/** A folder of its own for each run, so that the demo starts from nothing every time. */
function dataFolder(): string {
  const home = join(repository, '.writ');
  mkdirSync(home, { recursive: true });
  return mkdtempSync(join(home, 'demo-'));
}

async function main(): Promise<void> {
  const folder = dataFolder();
  step('starting Postgres, Redis, identity provider, model providers, tenant API, worker and gateway');
  const stack = await startStack({ folder, log: (line) => void line });
  say(`         gateway ${stack.urls.gateway}   tenant API ${stack.urls.tenantApi}   logs ${stack.logFolder}`);
  let failed = false;
  try {
    failed = !(await show(stack));
  } catch (error) {
    failed = true;
    console.error(
      `\nwrit demo: ${error instanceof Error ? error.message : String(error)}\nThe logs are in ${stack.logFolder}.`,
    );
  }
  if (values.once || failed) {
    await stack.stop();
    // The logs stay; a data folder for every run would not be missed.
    rmSync(stack.postgres.folder, { recursive: true, force: true });
    step(failed ? 'the demo FAILED and stopped' : 'the demo is done and stopped everything it started');
    process.exit(failed ? 1 : 0);
  }
  await leaveRunning(stack);
}

/** The whole show; false when something was not as it must be. */
async function show(stack: Stack): Promise<boolean> {
  step('a new tenant onboards itself over GraphQL');
  const tenant = await onboard(stack, 'mercy', (line) => say(`         ${line}`));
  const outcomes: boolean[] = [];
  for (const request of demoRequests) {
    step(`${request.title}: ${request.person} asks`);
    const result = await send(stack, request);
    outcomes.push(await tell(tenant, request, result));
  }
  outcomes.push(await showReview(stack, tenant));
  step("the tenant's ledger is exported and verified offline");
  const bundle = join(mkdtempSync(join(tmpdir(), 'writ-export-')), 'ledger.tar');
  await exportLedger(stack, tenant, bundle);
  const clean = await verifyExport(stack, bundle, say);
  step('one byte of one record is edited in the database, by a superuser who turned every trigger off');
  const edited = await breakOneByte(stack, tenant);
  say(`         edited: record #${edited.index} (${edited.record})`);
  const tampered = bundle.replace('.tar', '-tampered.tar');
  await exportLedger(stack, tenant, tampered);
  const dirty = await verifyExport(stack, tampered, say);
  const named = dirty.output.includes(`record #${edited.index}:`);
  say(`         ${named ? 'verification names the record' : 'verification did NOT name the record'}`);
  writeFileSync(join(stack.logFolder, 'README.txt'), 'One file for each process of the stack.\n');
  return outcomes.every(Boolean) && clean.code === 0 && dirty.code !== 0 && named;
}

/** A review that follows: admitted, pending, confirmed by a model, and the next request of the conversation is denied. */
async function showReview(stack: Stack, tenant: OnboardedTenant): Promise<boolean> {
  const outcomes: boolean[] = [];
  for (const request of reviewedRequests) {
    step(`${request.title}: ${request.person} asks`);
    outcomes.push(await tell(tenant, request, await send(stack, request)));
    if (request.expect.status !== 200) continue;
    const states = await reviewStates(tenant.client, 'CONFIRMED');
    row('review', states.join(', then ') || 'none');
    outcomes.push(states.at(-1) === 'CONFIRMED');
  }
  return outcomes.every(Boolean);
}

/** Prints what one request showed; true when it was as its title says. */
async function tell(
  tenant: OnboardedTenant,
  request: DemoRequest,
  { status, text, headers }: DemoResult,
): Promise<boolean> {
  row('answer', `${status}  ${text.replaceAll('\n', ' ').slice(0, 110)}`);
  const id = headers.get('x-writ-decision');
  if (id === null) {
    row('decision', 'none: without a verified identity no tenant is known; the refusal is counted in the platform log');
    return status === request.expect.status;
  }
  const decision = await recordedDecision(tenant.client, id);
  if (!decision) throw new Error(`the records of decision ${id} were not sequenced in time`);
  const effect = headers.get('x-writ-effect') ?? decision.effect;
  row('identity', identityOf(decision.records[0]?.leaf ?? ''));
  row('classes', decision.classes.join(', ') || 'none');
  row('decision', `${effect}, by ${decision.matched.join(', ') || 'default'}`);
  row(
    'endpoint',
    `${headers.get('x-writ-endpoint') ?? 'none'}, of the authorized ${decision.authorizedEndpoints.join(', ') || 'none'}`,
  );
  row('records', decision.records.map((record) => `${record.kind} #${record.index}`).join(', '));
  row('added', `${addedMilliseconds(headers)} ms`);
  const { expect } = request;
  return (
    status === expect.status &&
    effect === expect.effect &&
    (expect.endpoint === undefined || headers.get('x-writ-endpoint') === expect.endpoint)
  );
}

async function leaveRunning(stack: Stack): Promise<void> {
  const token = await accessToken(stack, 'nora', stack.audiences.gateway);
  step('the stack keeps running; Ctrl-C stops it. Try (the token is good for ten minutes):');
  say(`
curl -sS ${stack.urls.gateway}/v1/chat/completions \\
  -H 'authorization: Bearer ${token}' \\
  -H 'content-type: application/json' \\
  -d '{"model":"fast","messages":[{"role":"user","content":"Hello"}]}'

logs: ${stack.logFolder}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say('\nstopping');
      stack.stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

await main();
