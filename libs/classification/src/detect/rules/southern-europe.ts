import { type Check, complement, isDayMonthYear, luhn, mod11x10, weightedSum } from '../checks.js';
import type { Rule } from '../rule.js';

const nifLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';
const nif: Check = (value) => nifLetters[Number(value.slice(0, 8)) % 23] === value[8];
const nie: Check = (value) => nif('XYZ'.indexOf(value[0]!) + value.slice(1));

/** Agencia Tributaria: odd places doubled with digit sums; the check is a digit or the letter that stands for it. */
const cif: Check = (value) => {
  let sum = 0;
  for (let at = 1; at <= 7; at += 1) {
    const digit = Number(value[at]) * (at % 2 === 1 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  const check = (10 - (sum % 10)) % 10;
  return value[8] === String(check) || value[8] === 'JABCDEFGHI'[check];
};
const spanishSecurity: Check = (value) => Number(BigInt(value.slice(0, 10)) % 97n) === Number(value.slice(10));

const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
/** Decreto 345/1976: values by place, sum mod 26 is the last letter. */
const fiscalCode: Check = (value) => {
  let sum = 0;
  for (let at = 0; at < 15; at += 1) {
    const code = value.charCodeAt(at);
    const place = code <= 57 ? code - 48 : code - 65;
    sum += at % 2 === 0 ? oddValues[place]! : place;
  }
  return String.fromCharCode(65 + (sum % 26)) === value[15];
};

const portugueseTax = complement([9, 8, 7, 6, 5, 4, 3, 2], 11, { 10: '0', 11: '0' });
/** Cartão de cidadão: Luhn with letters from 10. */
const citizenCard: Check = (value) => {
  let sum = 0;
  for (let at = 0; at < 12; at += 1) {
    const code = value.charCodeAt(at);
    const place = code <= 57 ? code - 48 : code - 55;
    if (at % 2 === 1) sum += place;
    else sum += place * 2 > 9 ? place * 2 - 9 : place * 2;
  }
  return sum % 10 === 0;
};
const niss: Check = (value) => {
  const sum = weightedSum(value, [29, 23, 19, 17, 13, 11, 7, 5, 3, 2]);
  return 9 - (sum % 10) === Number(value[10]);
};
const amka: Check = (value) => isDayMonthYear(value) && luhn(value);
const afm: Check = (value) => (weightedSum(value, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === Number(value[8]);
/** Turkish id: the tenth from odd and even places, the eleventh from the sum. */
const turkish: Check = (value) => {
  const odd = weightedSum(value, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const even = weightedSum(value, [0, 1, 0, 1, 0, 1, 0, 1]);
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return tenth === Number(value[9]) && (odd + even + tenth) % 10 === Number(value[10]);
};

export const southernEurope: readonly Rule[] = [
  {
    type: 'ES_NIF',
    shapes: { '99999999A': 880, '99999999-A': 920, '99.999.999-A': 950, '99999999 A': 700, '99.999.999A': 930 },
    check: nif,
    validator: 'mod-23',
    cued: 960,
    cues: 'dni, nif, documento nacional, d.n.i, n.i.f, identidad',
    rank: 1,
  },
  {
    type: 'ES_NIE',
    shapes: { A9999999A: 880, 'A-9999999-A': 950, 'A9999999-A': 930, 'A 9999999 A': 850 },
    match: /^[XYZ]/,
    check: nie,
    validator: 'mod-23',
    cued: 960,
    cues: 'nie, extranjero, extranjería, n.i.e',
  },
  {
    type: 'ES_CIF',
    shapes: { A99999999: 0, A9999999A: 560, 'A-99999999': 650 },
    match: /^[ABCDEFGHJNPQRSUVW]/,
    check: cif,
    validator: 'digit-sum',
    cued: 940,
    cues: 'cif, nif, razón social, empresa, sociedad',
  },
  {
    type: 'ES_SOCIAL_SECURITY',
    shapes: { '999999999999': 0, '99/99999999/99': 900, '99 99999999 99': 800, '99-99999999-99': 850 },
    check: spanishSecurity,
    validator: 'mod-97',
    cued: 950,
    cues: 'seguridad social, nss, afiliación, naf, número de la seguridad social, social security',
  },
  {
    type: 'ES_PASSPORT',
    shapes: { AAA999999: 0, AA999999: 0 },
    cued: 860,
    cues: 'pasaporte, passport, número de pasaporte',
  },
  {
    type: 'IT_FISCAL_CODE',
    shapes: { AAAAAA99A99A999A: 970, 'AAA AAA 99A99 A999A': 970, 'AAAAAA 99A99 A999A': 960 },
    match: /^[A-Z]{6}[\dLMNP-V]{2}[ABCDEHLMPRST]/,
    check: fiscalCode,
    validator: 'mod-26',
    cued: 980,
    cues: 'codice fiscale, c.f, cf, fiscal code',
  },
  {
    type: 'IT_VAT',
    shapes: { '99999999999': 0, AA99999999999: 880, 'AA 99999999999': 880 },
    match: /^(?:IT)?\d{11}$/,
    check: (value) => luhn(value.slice(-11)) && !/0{7}/.test(value),
    validator: 'luhn',
    cued: 940,
    cues: 'partita iva, p. iva, p.iva, piva, iva, vat',
  },
  {
    type: 'IT_ID_CARD',
    shapes: { AA99999AA: 0, AA9999999: 0, '9999999AA': 0, 'AA 9999999': 0 },
    cued: 880,
    cues: "carta d'identità, carta di identità, carta identità, documento, identità, cie, identity card",
  },
  {
    type: 'IT_DRIVER_LICENSE',
    shapes: { AA9999999A: 0, 'A9#######A': 0 },
    match: /^(?:U1[A-Z0-9]{7}[A-Z]|[A-Z]{2}\d{7}[A-Z])$/,
    cued: 900,
    cues: 'patente, patente di guida, licenza, driver license, driving licence',
  },
  { type: 'IT_PASSPORT', shapes: { AA9999999: 0 }, cued: 880, cues: 'passaporto, passport, passaporto numero' },
  {
    type: 'IT_HEALTH_CARD',
    shapes: { '99999999999999999999': 0 },
    match: /^80380/,
    cued: 930,
    cues: 'tessera sanitaria, team, ssn',
  },
  {
    type: 'PT_NIF',
    shapes: { '999999999': 0, '999 999 999': 0 },
    match: /^[1-35689]/,
    check: portugueseTax,
    validator: 'mod-11',
    cued: 940,
    cues: 'nif, contribuinte, número de contribuinte, número de identificação fiscal, nº contribuinte',
  },
  {
    type: 'PT_CITIZEN_CARD',
    shapes: { '99999999 9 AA9': 920, '999999999AA9': 700, '99999999-9-AA9': 900, '99999999 9AA9': 880 },
    check: citizenCard,
    validator: 'luhn',
    cued: 950,
    cues: 'cartão de cidadão, cartao de cidadao, cc, bilhete de identidade',
  },
  {
    type: 'PT_SOCIAL_SECURITY',
    shapes: { '99999999999': 0, '9 999 999 999 9': 0 },
    match: /^[12]/,
    check: niss,
    validator: 'mod-10',
    cued: 940,
    cues: 'niss, segurança social, número de segurança social',
  },
  {
    type: 'GR_AMKA',
    shapes: { '99999999999': 0 },
    check: amka,
    validator: 'luhn and birth date',
    cued: 950,
    cues: 'αμκα, amka',
  },
  {
    type: 'GR_AFM',
    shapes: { '999999999': 0, AA999999999: 0 },
    check: (value) => afm(value.slice(-9)),
    validator: 'mod-11',
    cued: 940,
    cues: 'αφμ, afm, tax, φπα, vat',
  },
  {
    type: 'TR_NATIONAL_ID',
    shapes: { '99999999999': 620 },
    match: /^[1-9]/,
    check: turkish,
    validator: 'two check digits',
    cued: 960,
    cues: 'tc, tckn, tc kimlik, kimlik no, kimlik numarası, t.c, kimlik',
  },
  {
    type: 'HR_OIB',
    shapes: { '99999999999': 0, AA99999999999: 800 },
    match: /^(?:HR)?\d{11}$/,
    check: (value) => mod11x10(value.slice(-11)),
    validator: 'mod-11-10',
    cued: 950,
    cues: 'oib, osobni identifikacijski broj, osobni',
  },
];
