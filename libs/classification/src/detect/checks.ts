/** Check digits, as the standards and the issuing offices publish them. Every function takes the compact value. */

export type Check = (value: string) => boolean;

function digitAt(value: string, at: number): number {
  return value.charCodeAt(at) - 48;
}

export function weightedSum(value: string, weights: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < weights.length; at += 1) sum += digitAt(value, at) * weights[at]!;
  return sum;
}

/** ISO/IEC 7812-1: cards, IMEI, CA SIN, IL id and others. */
export function luhn(value: string): boolean {
  let sum = 0;
  let double = false;
  for (let at = value.length - 1; at >= 0; at -= 1) {
    let digit = digitAt(value, at);
    if (digit < 0 || digit > 9) return false;
    if (double) {
      digit *= 2;
      if (digit > 9) digit -= 9;
    }
    sum += digit;
    double = !double;
  }
  return sum % 10 === 0;
}

/** ISO 7064 mod 97-10 over letters as 10 to 35; the remainder. */
export function mod97(value: string): number {
  let rest = 0;
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code <= 57) rest = (rest * 10 + code - 48) % 97;
    else rest = (rest * 100 + code - 55) % 97;
  }
  return rest;
}

/** ISO 7064 mod 11,10: German tax id, Croatian OIB. */
export function mod11x10(value: string): boolean {
  let product = 10;
  for (let at = 0; at < value.length - 1; at += 1) {
    let sum = (digitAt(value, at) + product) % 10;
    if (sum === 0) sum = 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digitAt(value, value.length - 1);
}

const verhoeffProduct = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const verhoeffShift = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];

/** Verhoeff's dihedral check: Aadhaar. */
export function verhoeff(value: string): boolean {
  let state = 0;
  for (let at = 0; at < value.length; at += 1) {
    const digit = digitAt(value, value.length - 1 - at);
    const shifted = Number(verhoeffShift[at % 8]![digit]);
    state = Number(verhoeffProduct[state]![shifted]);
  }
  return state === 0;
}

/** A weighted sum over all digits, check digit included, that is a multiple of the modulus. */
export function multiple(weights: readonly number[], modulus: number): Check {
  return (value) => weightedSum(value, weights) % modulus === 0;
}

/** Check digit = (modulus - weighted sum mod modulus), with what stands for 10 and 11. */
export function complement(
  weights: readonly number[],
  modulus: number,
  special: Readonly<Record<number, string>> = {},
): Check {
  return (value) => {
    const rest = modulus - (weightedSum(value, weights) % modulus);
    const expected = special[rest] ?? String(rest % modulus);
    return expected === value[weights.length];
  };
}

/** Check digit = weighted sum mod modulus, with what stands for 10. */
export function remainder(
  weights: readonly number[],
  modulus: number,
  special: Readonly<Record<number, string>> = {},
): Check {
  return (value) => {
    const rest = weightedSum(value, weights) % modulus;
    return (special[rest] ?? String(rest)) === value[weights.length];
  };
}

/** A day that exists; two-digit years are taken as such. */
export function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const long = [31, year % 4 === 0 ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= long[month - 1]!;
}

function number(value: string, from: number, to: number): number {
  return Number(value.slice(from, to));
}

export function isYearMonthDay(value: string): boolean {
  return isDay(number(value, 0, 2), number(value, 2, 4), number(value, 4, 6));
}

export function isDayMonthYear(value: string): boolean {
  return isDay(number(value, 4, 6), number(value, 2, 4), number(value, 0, 2));
}

export function isCenturyDay(value: string, from: number): boolean {
  const year = number(value, from, from + 4);
  return (
    year >= 1880 && year <= 2035 && isDay(year, number(value, from + 4, from + 6), number(value, from + 6, from + 8))
  );
}

/** 111111111, 123456789, 987654321: typed by hand, never issued. */
export function isPlaceholderDigits(value: string): boolean {
  const digits = value.replaceAll(/\D/g, '');
  if (digits.length < 5) return false;
  if (/^(\d)\1+$/.test(digits)) return true;
  return '01234567890123456789'.includes(digits) || '98765432109876543210'.includes(digits);
}

export function all(...checks: readonly Check[]): Check {
  return (value) => checks.every((check) => check(value));
}

export function any(...checks: readonly Check[]): Check {
  return (value) => checks.some((check) => check(value));
}
