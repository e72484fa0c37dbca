import { createHash } from 'node:crypto';
import { ALL_UPPER, HAS_DIGIT } from '../text/tokens.js';
import type { Candidate } from './rule.js';
import { backing, type Emit, isGluedLeft, isGluedRight, type Scene } from './scene.js';
import { cueTable } from './structured.js';

const vehicleCues = cueTable.group([
  'vin',
  'vehicle identification',
  'chassis',
  'vehicle',
  'fahrgestellnummer',
  'fin',
  'car',
]);
const walletCues = cueTable.group([
  'btc',
  'bitcoin',
  'wallet',
  'crypto',
  'address',
  'pay to',
  'send',
  'donate',
  'deposit',
  'ltc',
  'litecoin',
]);

const values = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ';
const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

/** ISO 3779 with the check digit of 49 CFR 565, which North America demands and others leave out. */
function hasVehicleCheck(value: string): boolean {
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += (values.indexOf(value[at]!) % 10) * weights[at]!;
  return '0123456789X'[sum % 11] === value[8];
}

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Base58Check: the last four bytes are the head of a double SHA-256. */
function hasBase58Check(value: string): boolean {
  let number = 0n;
  for (const sign of value) number = number * 58n + BigInt(base58.indexOf(sign));
  const bytes = Buffer.from(number.toString(16).padStart(50, '0'), 'hex');
  if (bytes.length !== 25) return false;
  const once = createHash('sha256').update(bytes.subarray(0, 21)).digest();
  return createHash('sha256').update(once).digest().subarray(0, 4).equals(bytes.subarray(21));
}

/** Vehicles and wallets: long words of letters and digits. */
export function findLongWords(scene: Scene, emit: Emit): void {
  const { tokens, text } = scene;
  for (let each = 0; each < tokens.codedCount; each += 1) {
    const index = tokens.coded[each]!;
    const length = tokens.end[index]! - tokens.start[index]!;
    if (length < 17 || length > 74 || (tokens.flags[index]! & HAS_DIGIT) === 0) continue;
    const start = tokens.start[index]!;
    const end = tokens.end[index]!;
    if (isGluedLeft(text, start, ':,') || isGluedRight(text, end, ':,')) continue;
    const value = text.slice(start, end);
    if (length === 17 && (tokens.flags[index]! & ALL_UPPER) !== 0) vehicle(scene, value, start, end, emit);
    else wallet(scene, value, start, end, emit);
  }
}

function vehicle(scene: Scene, value: string, start: number, end: number, emit: Emit): void {
  if (!/^[A-HJ-NPR-Z0-9]{17}$/.test(value) || !/[A-Z].*[A-Z]/.test(value)) return;
  const support = backing(scene, vehicleCues, start, end);
  const checked = hasVehicleCheck(value);
  if (!support && (!checked || !/\d{4}$/.test(value))) return;
  emit(made('VIN', start, end, support ? 920 : 700, value, checked, support?.words ?? []));
}

function wallet(scene: Scene, value: string, start: number, end: number, emit: Emit): void {
  const support = backing(scene, walletCues, start, end)?.words;
  if (/^0x[0-9a-fA-F]{40}$/.test(value)) {
    emit(made('CRYPTO_ADDRESS', start, end, 800, value, false, support ?? []));
  } else if (/^(?:bc1|ltc1|tb1)[02-9ac-hj-np-z]{11,71}$/.test(value)) {
    emit(made('CRYPTO_ADDRESS', start, end, support ? 930 : 850, value, false, support ?? []));
  } else if (/^[13][1-9A-HJ-NP-Za-km-z]{24,34}$/.test(value)) {
    const checked = hasBase58Check(value);
    if (checked || support)
      emit(made('CRYPTO_ADDRESS', start, end, checked ? 950 : 650, value, checked, support ?? []));
  }
}

function made(
  type: string,
  start: number,
  end: number,
  score: number,
  value: string,
  checked: boolean,
  cues: readonly string[],
): Candidate {
  return {
    start,
    end,
    class: 'PII',
    type,
    score,
    detector: `word:${type}`,
    strength: checked ? 3 : 2,
    ...(checked ? { validator: 'check digit' } : {}),
    cues,
    alternatives: [],
    via: [],
    steps: [`form${checked ? ' and check' : ''}${cues.length > 0 ? ' with cue' : ''}: ${score}`],
    normal: value,
  };
}
