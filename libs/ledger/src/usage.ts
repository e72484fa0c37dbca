import { parsePriceVersion, type JsonObject, type JsonValue, type Rates } from '@writ/domain';
import { parseRecord } from './signed-record.js';

/** What a line counts. `unsplit` is money whose record does not name the rates; `request` counts requests and costs nothing. */
export type Charge = 'request' | 'input' | 'output' | 'cache-read' | 'cache-write' | 'reasoning' | 'unsplit';

/** One line of usage: a part of one request, ready to be added to others of the same names. */
export interface UsageLine {
  readonly group: string;
  readonly app: string;
  /** The model that answered, or that was asked for when none did; the endpoint that was tried last, or empty. */
  readonly model: string;
  readonly endpoint: string;
  readonly charge: Charge;
  readonly priceVersion: string;
  /** Requests of a `request` line, tokens of the others. */
  readonly quantity: number;
  /** Millionths of a micro-unit, so that no part of a sum is rounded. */
  readonly costPicos: bigint;
  /** The part of `quantity` that was estimated because the provider did not count it. */
  readonly estimated: number;
  /** Of a `request` line: how it ended. */
  readonly ended: 'answered' | 'denied' | 'failed' | undefined;
}

/** Leaves of one request, as stored. `earlier` are outcomes of the same request that were recorded before this one. */
export interface ClosedRequest {
  readonly decision: Uint8Array | undefined;
  readonly outcome: Uint8Array | undefined;
  readonly earlier: readonly Uint8Array[];
}

const picosPerMicro = 1_000_000n;

/**
 * What one closed request used, from its records and from nothing else. A request is counted once however many outcomes it
 * has (a late one may follow the sweeper's), and its tokens once, with the first outcome that names any. The parts sum up
 * to the cost that the outcome records; what rounding added belongs to the largest part.
 */
export function usageLines({ decision, outcome, earlier }: ClosedRequest): readonly UsageLine[] {
  const asked = payloadOf(decision);
  if (!asked) return [];
  const names = { group: groupOf(asked), app: appOf(asked) };
  const denied = text(asked, 'effect') === 'deny';
  const closing = payloadOf(outcome);
  if (!closing && !denied) return [];
  const last = list(closing, 'attempts').at(-1);
  const place = {
    ...names,
    model: text(last, 'model') || text(asked, 'model'),
    endpoint: text(last, 'endpoint'),
  };
  const before = earlier.map(payloadOf);
  const ended = denied ? 'denied' : text(closing, 'result') === 'completed' ? 'answered' : 'failed';
  const counted = before.length > 0 ? [] : [requestLine(place, ended)];
  const used = closing && before.every((one) => one?.['usage'] === undefined) ? tokenLines(place, closing) : [];
  return [...counted, ...used];
}

/** What one record changes of a lease: how much of it the ledger cannot rule out to be spent. */
export interface LeaseUse {
  readonly lease: string;
  readonly micros: bigint;
}

/**
 * A permit holds what it reserved, of every lease that it names. Its outcome says what was spent instead: the cost of the first
 * one that names any usage, and nothing where it says that nothing was sent. Whose end nobody knows keeps what was reserved. The
 * sum over all records of a lease is never less than what was spent of it.
 */
export function leaseUses({ decision, outcome, earlier }: ClosedRequest): readonly LeaseUse[] {
  const asked = payloadOf(decision);
  if (!asked || text(asked, 'effect') !== 'permit') return [];
  const reserved = microsIn(asked, 'reserved');
  const closing = payloadOf(outcome);
  const before = earlier.map(payloadOf).filter((one) => one !== undefined);
  const held = closing === undefined ? 0n : spent(reserved, before);
  const micros = spent(reserved, closing === undefined ? [] : [...before, closing]) - held;
  return micros === 0n ? [] : strings(asked['leases']).map((lease) => ({ lease, micros }));
}

function spent(reserved: bigint, outcomes: readonly JsonObject[]): bigint {
  const counted = outcomes.find((one) => one['usage'] !== undefined);
  if (counted) return microsIn(counted, 'cost');
  return outcomes.every((one) => text(one, 'result') === 'indeterminate') ? reserved : 0n;
}

/** What a permit asks to be told to whom, by its `notify` obligation. */
export interface Notice {
  readonly target: string;
  readonly decision: string;
  readonly rules: readonly string[];
}

export function noticesOf(decision: Uint8Array): readonly Notice[] {
  const record = payloadOf(decision);
  const obligations = record && object(record, 'obligations');
  if (!record || !obligations) return [];
  const rules = strings(record['rules']);
  return strings(obligations['notify']).map((target) => ({ target, decision: text(record, 'rid'), rules }));
}

type Place = Pick<UsageLine, 'group' | 'app' | 'model' | 'endpoint'>;

function requestLine(place: Place, ended: UsageLine['ended']): UsageLine {
  const nothing = { priceVersion: '', costPicos: 0n, estimated: 0 };
  return { ...place, ...nothing, charge: 'request', quantity: 1, ended };
}

function tokenLines(place: Place, closing: JsonObject): readonly UsageLine[] {
  const usage = object(closing, 'usage');
  if (!usage) return [];
  const total = microsIn(closing, 'cost') * picosPerMicro;
  const stated = text(closing, 'prices');
  const parsed = parsePriceVersion(stated);
  const isEstimated = usage['estimated'] === true;
  const parts = partsOf(usage, parsed?.rates);
  const sum = parts.reduce((all, { costPicos }) => all + costPicos, 0n);
  const line = (charge: Charge, quantity: number, costPicos: bigint): UsageLine => ({
    ...place,
    charge,
    priceVersion: stated,
    quantity,
    costPicos,
    estimated: isEstimated ? quantity : 0,
    ended: undefined,
  });
  // Rounding up adds less than a micro-unit. Any other difference means that other rates were used than are named.
  const rest = total - sum;
  if (!parsed || rest < 0n || rest >= picosPerMicro) {
    const tokens = parts.map(({ charge, quantity }) => line(charge, quantity, 0n));
    return total === 0n ? tokens : [...tokens, line('unsplit', 0, total)];
  }
  const largest = parts.toSorted((a, b) => (a.costPicos < b.costPicos ? 1 : -1))[0];
  return parts.map((one) => line(one.charge, one.quantity, one.costPicos + (one === largest ? rest : 0n)));
}

interface Part {
  readonly charge: Charge;
  readonly quantity: number;
  readonly costPicos: bigint;
}

/** Cached and thinking tokens are parts of input and output; each token is in one part only. */
function partsOf(usage: JsonObject, rates: Rates | undefined): readonly Part[] {
  const [read, write, thought] = [
    count(usage, 'cacheReadTokens'),
    count(usage, 'cacheWriteTokens'),
    count(usage, 'reasoningTokens'),
  ];
  return [
    part('input', Math.max(0, count(usage, 'inputTokens') - read - write), rates?.input),
    part('cache-read', read, rates?.cacheRead),
    part('cache-write', write, rates?.cacheWrite),
    part('output', Math.max(0, count(usage, 'outputTokens') - thought), rates?.output),
    part('reasoning', thought, rates?.reasoning),
  ].filter(({ quantity }) => quantity > 0);
}

function part(charge: Charge, quantity: number, rate: bigint | undefined): Part {
  return { charge, quantity, costPicos: BigInt(quantity) * (rate ?? 0n) };
}

const namesAtMost = 256;

/** The department where the tenant maps one; otherwise the groups together, so that each request is in one place only. */
function groupOf(decision: JsonObject): string {
  const subject = object(decision, 'subject');
  const department = text(subject, 'department');
  if (department !== '') return department;
  const groups = subject?.['groups'];
  if (Array.isArray(groups)) return strings(groups).join(',').slice(0, namesAtMost).toWellFormed();
  return text(object(subject, 'groups'), 'sha256').slice(0, 16);
}

function appOf(decision: JsonObject): string {
  const subject = object(decision, 'subject');
  return text(subject, 'app') || text(subject, 'connection');
}

/** The payload of a leaf as it is stored; whether it is genuine, the tree and the verifier say. */
function payloadOf(leaf: Uint8Array | undefined): JsonObject | undefined {
  const record = leaf && parseRecord(leaf);
  if (!record) return undefined;
  const value = JSON.parse(Buffer.from(record.payload).toString('utf8')) as JsonValue;
  return isObject(value) ? value : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(of: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = of?.[name];
  return isObject(value) ? value : undefined;
}

function list(of: JsonObject | undefined, name: string): readonly JsonObject[] {
  const value = of?.[name];
  return Array.isArray(value) ? value.filter((one): one is JsonObject => isObject(one as JsonValue)) : [];
}

function text(of: JsonObject | undefined, name: string): string {
  const value = of?.[name];
  return typeof value === 'string' ? value : '';
}

function microsIn(of: JsonObject, name: string): bigint {
  const value = text(of, name);
  return /^\d{1,18}$/.test(value) ? BigInt(value) : 0n;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function count(of: JsonObject, name: string): number {
  const value = of[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
