import { type Check, complement, isDay, isDayMonthYear, luhn, mod11x10, verhoeff, weightedSum } from '../checks.js';
import type { Rule } from '../rule.js';

/** Federal tax office: in the first ten digits one digit stands twice or three times, at least one is missing. */
const steuerId: Check = (value) => {
  const counts = new Map<string, number>();
  for (const digit of value.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const repeated = [...counts.values()].filter((count) => count > 1);
  return value[0] !== '0' && repeated.length === 1 && repeated[0]! <= 3 && mod11x10(value);
};

function digitSum(value: number): number {
  return Math.floor(value / 10) + (value % 10);
}

/** Pension insurance: the letter counts as two digits. */
const pension: Check = (value) => {
  const letter = String(value.charCodeAt(8) - 64).padStart(2, '0');
  const digits = value.slice(0, 8) + letter + value.slice(9, 11);
  const weights = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
  let sum = 0;
  for (const [at, weight] of weights.entries()) sum += digitSum(Number(digits[at]) * weight);
  return String(sum % 10) === value[11];
};

const healthInsured: Check = (value) => {
  const digits = String(value.charCodeAt(0) - 64).padStart(2, '0') + value.slice(1, 9);
  let sum = 0;
  for (let at = 0; at < 10; at += 1) sum += digitSum(Number(digits[at]) * (1 + (at % 2)));
  return String(sum % 10) === value[9];
};

/** ICAO 9303: weights 7, 3, 1, letters from 10. */
export const icao: Check = (value) => {
  let sum = 0;
  for (let at = 0; at < value.length - 1; at += 1) {
    const code = value.charCodeAt(at);
    sum += (code <= 57 ? code - 48 : code - 55) * [7, 3, 1][at % 3]!;
  }
  return String(sum % 10) === value.at(-1);
};

/** INSEE: 97 minus the number mod 97; Corsica's letters stand for 19 and 18. */
const nir: Check = (value) => {
  const digits = value.slice(0, 13).replace('2A', '19').replace('2B', '18');
  const month = Number(value.slice(3, 5));
  const isMonth = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
  return /^\d{13}$/.test(digits) && isMonth && 97n - (BigInt(digits) % 97n) === BigInt(value.slice(13));
};

const frenchVat: Check = (value) => {
  const siren = value.slice(4);
  return luhn(siren) && (12 + 3 * (Number(siren) % 97)) % 97 === Number(value.slice(2, 4));
};

const bsn: Check = (value) => {
  const padded = value.padStart(9, '0');
  return weightedSum(padded, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0 && Number(padded) > 9_999_999;
};

const belgian: Check = (value) => {
  const key = Number(value.slice(9));
  const dated = isDay(Number(value.slice(0, 2)), Number(value.slice(2, 4)) % 20, Number(value.slice(4, 6)));
  const head = value.slice(0, 9);
  return dated && (97 - (Number(head) % 97) === key || 97 - (Number(`2${head}`) % 97) === key);
};

const belgianVat: Check = (value) => 97 - (Number(value.slice(2, 10)) % 97) === Number(value.slice(10));
const ean13 = complement([1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3], 10);
const swissUid: Check = (value) => complement([5, 4, 3, 2, 7, 6, 5, 4], 11, { 11: '0', 10: 'x' })(value.slice(3));
const austrian: Check = (value) =>
  weightedSum(value, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === Number(value[3]) && isDayMonthYear(value.slice(4));
const austrianVat: Check = (value) => {
  let sum = 4;
  for (let at = 0; at < 7; at += 1) sum += digitSum(Number(value[3 + at]) * (1 + (at % 2)));
  return String((10 - (sum % 10)) % 10) === value[10];
};
const luxembourg: Check = (value) =>
  isDay(Number(value.slice(0, 4)), Number(value.slice(4, 6)), Number(value.slice(6, 8))) &&
  luhn(value.slice(0, 12)) &&
  verhoeff(value.slice(0, 11) + value[12]!);

export const germanFrenchBenelux: readonly Rule[] = [
  {
    type: 'DE_TAX_ID',
    shapes: { '99999999999': 0, '99 999 999 999': 780, '99 999 999999': 0 },
    check: steuerId,
    validator: 'mod-11-10',
    cued: 950,
    cues: 'steuer-id, steueridentifikationsnummer, steuer-identifikationsnummer, steuerid, idnr, tin, tax id, identifikationsnummer, steuerliche identifikationsnummer, steuer id',
  },
  {
    type: 'DE_TAX_NUMBER',
    shapes: { '99/999/99999': 0, '999/999/99999': 0, '999/9999/9999': 0, '99 999 99999': 0, '9{10,13}': 0 },
    cued: 850,
    cues: 'steuernummer, steuer-nr, st-nr, stnr, steuernr',
    rank: 7,
  },
  {
    type: 'DE_ID_CARD',
    shapes: { 'A########9': 0, 'A########': 0 },
    match: /^[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d?$/,
    cued: 880,
    cues: 'personalausweis, ausweisnummer, ausweis, perso, id card, identity card, ausweisnr, personalausweisnummer, german id',
  },
  {
    type: 'DE_PASSPORT',
    shapes: { 'A########9': 0, 'A########': 0 },
    match: /^[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8}\d?$/,
    cued: 860,
    cues: 'reisepass, passnummer, reisepassnummer, german passport, pass, passport',
  },
  {
    type: 'DE_SOCIAL_SECURITY',
    shapes: { '99999999A999': 720, '99 999999 A 999': 900, '99 999999 A99 9': 880 },
    check: pension,
    validator: 'digit-sum',
    cued: 950,
    cues: 'rentenversicherungsnummer, sozialversicherungsnummer, versicherungsnummer, sv-nummer, rvnr, svnr, social security',
  },
  {
    type: 'DE_HEALTH_INSURANCE',
    shapes: { A999999999: 0 },
    check: healthInsured,
    validator: 'digit-sum',
    cued: 940,
    cues: 'kvnr, krankenversichertennummer, versichertennummer, krankenkasse, krankenversicherung, gesundheitskarte, versicherten-nr',
  },
  {
    type: 'DE_VAT',
    shapes: { AA999999999: 850, 'AA 999999999': 850, 'AA 999 999 999': 880 },
    match: /^DE[1-9]/,
    check: (value) => mod11x10(value.slice(2)),
    validator: 'mod-11-10',
    cued: 940,
    cues: 'ust-idnr, ust-id, umsatzsteuer, vat, ustid, umsatzsteuer-identifikationsnummer',
  },
  {
    type: 'DE_DRIVER_LICENSE',
    shapes: { 'A##999999A9#': 0, 'A##99999999': 0 },
    cued: 860,
    cues: 'führerschein, führerscheinnummer, fahrerlaubnis, driver license, driving licence',
  },
  {
    type: 'AT_SOCIAL_SECURITY',
    shapes: { '9999 999999': 700, '9999999999': 0, '9999-999999': 700, '9999/999999': 700 },
    match: /^[1-9]/,
    check: austrian,
    validator: 'mod-11 and birth date',
    cued: 940,
    cues: 'svnr, sozialversicherungsnummer, sv-nummer, versicherungsnummer, sv-nr',
  },
  {
    type: 'AT_VAT',
    shapes: { AAA99999999: 850, 'AAA 99999999': 850 },
    match: /^ATU/,
    check: austrianVat,
    validator: 'luhn-like',
    cued: 940,
    cues: 'uid, uid-nummer, ust, vat',
  },
  {
    type: 'CH_AHV',
    shapes: { '999.9999.9999.99': 970, '9999999999999': 820, '999 9999 9999 99': 930 },
    match: /^756/,
    check: ean13,
    validator: 'ean-13',
    cued: 970,
    cues: 'ahv, avs, ahv-nummer, sozialversicherung, numéro avs, ahvn13',
  },
  {
    type: 'CH_UID',
    shapes: { 'AAA-999.999.999': 950, AAA999999999: 850 },
    match: /^CHE/,
    check: swissUid,
    validator: 'mod-11',
    cued: 960,
    cues: 'uid, mwst, tva, iva, handelsregister',
  },
  {
    type: 'FR_NIR',
    shapes: {
      '999999999999999': 750,
      '9 99 99 99 999 999 99': 960,
      '99999A999999999': 850,
      '9 99 99 9A 999 999 99': 960,
      '9999999999999 99': 850,
      '9-99-99-99-999-999-99': 940,
      '9 99 99 99999 999 99': 930,
    },
    match: /^[1-478]/,
    check: nir,
    validator: 'mod-97',
    cued: 970,
    cues: 'sécurité sociale, numéro de sécurité sociale, nir, insee, sécu, social security, carte vitale, securite sociale, n° sécu',
  },
  {
    type: 'FR_SIREN',
    shapes: { '999999999': 0, '999 999 999': 0 },
    check: luhn,
    validator: 'luhn',
    cued: 900,
    cues: 'siren, rcs, numéro siren',
  },
  {
    type: 'FR_SIRET',
    shapes: { '99999999999999': 0, '999 999 999 99999': 750 },
    check: luhn,
    validator: 'luhn',
    cued: 930,
    cues: 'siret, numéro siret, établissement',
  },
  {
    type: 'FR_VAT',
    shapes: { AA99999999999: 880, 'AA 99 999999999': 900, 'AA 99 999 999 999': 920, 'AA99 999999999': 900 },
    match: /^FR/,
    check: frenchVat,
    validator: 'mod-97',
    cued: 950,
    cues: 'tva, tva intracommunautaire, vat, numéro de tva',
  },
  {
    type: 'FR_TAX_ID',
    shapes: { '9999999999999': 0, '99 99 999 999 999': 0 },
    match: /^[0-3]/,
    check: (value) => Number(value.slice(0, 10)) % 511 === Number(value.slice(10)),
    validator: 'mod-511',
    cued: 940,
    cues: 'numéro fiscal, spi, référence fiscale, impôts, tax id, numéro fiscal de référence, tin',
  },
  {
    type: 'FR_ID_CARD',
    shapes: { '999999999999': 0, '9999AA999999': 0, '#########': 0 },
    match: /\d.*\d.*\d/,
    cued: 850,
    cues: "carte d'identité, cni, carte nationale, carte nationale d'identité, identité",
    rank: 7,
  },
  { type: 'FR_PASSPORT', shapes: { '99AA99999': 0 }, cued: 900, cues: 'passeport, passport, numéro de passeport' },
  {
    type: 'NL_BSN',
    shapes: { '999999999': 0, '9999.99.999': 700, '9999 99 999': 0, '99999999': 0 },
    check: bsn,
    validator: 'elfproef',
    cued: 940,
    cues: 'bsn, burgerservicenummer, sofinummer, sofi, burger service nummer, citizen service',
  },
  {
    type: 'NL_VAT',
    shapes: { AA999999999A99: 880 },
    match: /^NL\d{9}B\d\d$/,
    cued: 950,
    cues: 'btw, btw-nummer, vat, btw-id',
  },
  {
    type: 'NL_PASSPORT',
    shapes: { 'AA######9': 0 },
    cued: 850,
    cues: 'paspoort, paspoortnummer, identiteitskaart, documentnummer, passport',
  },
  {
    type: 'BE_NATIONAL_NUMBER',
    shapes: {
      '99.99.99-999.99': 970,
      '99999999999': 600,
      '99.99.99-999-99': 960,
      '999999 999 99': 850,
      '999999-999-99': 900,
    },
    check: belgian,
    validator: 'mod-97',
    cued: 960,
    cues: 'rijksregisternummer, registre national, numéro national, insz, niss, nationaal nummer, rrn, national number, rijksregister',
  },
  {
    type: 'BE_VAT',
    shapes: { AA9999999999: 850, 'AA 9999.999.999': 950, 'AA9999.999.999': 950 },
    match: /^BE[01]/,
    check: belgianVat,
    validator: 'mod-97',
    cued: 950,
    cues: 'btw, tva, ondernemingsnummer, vat',
  },
  {
    type: 'LU_NATIONAL_ID',
    shapes: { '9999999999999': 700 },
    match: /^(?:18|19|20)/,
    check: luxembourg,
    validator: 'luhn and verhoeff',
    cued: 950,
    cues: 'matricule, numéro national, luxembourg, matricule national',
  },
];
