import { type Check, complement, isDayMonthYear, luhn, remainder, weightedSum } from '../checks.js';
import type { Rule } from '../rule.js';

const nhs = complement([10, 9, 8, 7, 6, 5, 4, 3, 2], 11, { 11: '0', 10: 'x' });
const utr: Check = (value) =>
  '21987654321'[weightedSum(value.slice(1), [6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11] === value[0];
const chi: Check = (value) => isDayMonthYear(value) && nhs(value);

/** HMRC: weights 8 to 2, plus the check pair, is a multiple of 97, with or without 55. */
const britishVat: Check = (value) => {
  const digits = value.slice(2);
  const sum = weightedSum(digits, [8, 7, 6, 5, 4, 3, 2]) + Number(digits.slice(7, 9));
  return sum % 97 === 0 || (sum + 55) % 97 === 0;
};

/** Revenue: weights 8 to 2, a second letter counts nine times, mod 23 is the first letter. */
const pps: Check = (value) => {
  const second = value.length === 9 && value[8] !== 'W' ? (value.charCodeAt(8) - 64) * 9 : 0;
  return 'WABCDEFGHIJKLMNOPQRSTUV'[(weightedSum(value, [8, 7, 6, 5, 4, 3, 2]) + second) % 23] === value[7];
};

const tfn: Check = (value) =>
  weightedSum(value, value.length === 9 ? [1, 4, 3, 7, 5, 8, 6, 9, 10] : [10, 7, 8, 4, 6, 3, 5, 1]) % 11 === 0;
const abn: Check = (value) =>
  value[0] !== '0' && (weightedSum(value, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0;
const acn = complement([8, 7, 6, 5, 4, 3, 2, 1], 10);
const medicare: Check = (value) => remainder([1, 3, 7, 9, 1, 3, 7, 9], 10)(value.slice(0, 9));

/** Inland Revenue: two rounds of weights. */
const ird: Check = (value) => {
  const padded = value.padStart(9, '0');
  const number = Number(value);
  if (number < 10_000_000 || number > 150_000_000) return false;
  const first = complement([3, 2, 7, 6, 5, 4, 3, 2], 11, { 11: '0', 10: 'x' });
  return first(padded) || complement([7, 4, 3, 2, 5, 2, 7, 6], 11, { 11: '0', 10: 'x' })(padded);
};

const nhiLetters = 'ABCDEFGHJKLMNPQRSTUVWXYZ';
const nhi: Check = (value) => {
  let sum = 0;
  for (let at = 0; at < 6; at += 1) {
    const place = nhiLetters.indexOf(value[at]!);
    sum += (at < 3 || place >= 0 ? place + 1 : Number(value[at])) * (7 - at);
  }
  if (/^[A-Z]{3}\d{4}$/.test(value)) {
    const check = 11 - (sum % 11);
    return sum % 11 !== 0 && String(check % 10) === value[6];
  }
  return nhiLetters[23 - (sum % 24)] === value[6];
};

const area =
  'AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE';

export const britainAndCommonwealth: readonly Rule[] = [
  {
    type: 'UK_NHS',
    shapes: { '999 999 9999': 720, '999-999-9999': 0, '9999999999': 0 },
    check: nhs,
    validator: 'mod-11',
    cued: 940,
    cues: 'nhs, nhs number, nhs no, national health, health service, nhsnumber',
    rank: 1,
  },
  {
    type: 'UK_CHI',
    shapes: { '9999999999': 0, '999999 9999': 0 },
    check: chi,
    validator: 'mod-11',
    cued: 900,
    cues: 'chi, chi number, community health index',
  },
  {
    type: 'UK_NINO',
    shapes: { AA999999A: 850, 'AA 99 99 99 A': 930, 'AA 999999 A': 880, 'AA-99-99-99-A': 900, 'AA 999 999 A': 850 },
    match: /^(?!BG|GB|KN|NK|NT|TN|ZZ)[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z]\d{6}[A-D]$/,
    validator: 'hmrc-prefixes',
    cued: 960,
    cues: 'nino, ni, national insurance, ni number, ni no, insurance number, nat ins',
  },
  {
    type: 'UK_UTR',
    shapes: { '9999999999': 0, '99999 99999': 0 },
    check: utr,
    validator: 'mod-11',
    cued: 900,
    cues: 'utr, unique taxpayer reference, tax reference, self assessment',
  },
  {
    type: 'UK_PASSPORT',
    shapes: { '999999999': 0, AA9999999: 0 },
    match: /^(?:\d{9}|[A-Z]{2}\d{7})$/,
    cued: 780,
    cues: 'british passport, uk passport, hm passport, passport',
    rank: 8,
  },
  {
    type: 'UK_DRIVING_LICENCE',
    shapes: {
      AAAAA999999AA9AA: 850,
      AAAA9999999AA9AA: 850,
      AAA99999999AA9AA: 850,
      AAAAA999999A99AA: 850,
      AAAA9999999A99AA: 850,
      'AAAAA 999999 AA9AA': 880,
      'AAAAA-999999-AA9AA': 880,
    },
    match: /^[A-Z9]{5}\d(?:[05][1-9]|[16][0-2])(?:0[1-9]|[12]\d|3[01])\d(?:99|[A-Z][A-Z9])[2-9][A-Z]{2}$/,
    validator: 'dvla-layout',
    cued: 950,
    cues: 'driving licence, driving license, driver, licence, dvla',
  },
  { type: 'UK_SORT_CODE', shapes: { '99-99-99': 0, '999999': 0 }, cued: 850, cues: 'sort code, sortcode, sc' },
  {
    type: 'UK_POSTCODE',
    shapes: {
      'A9 9AA': 550,
      'A99 9AA': 600,
      'AA9 9AA': 600,
      'AA99 9AA': 600,
      'A9A 9AA': 600,
      'AA9A 9AA': 620,
      AA99AA: 0,
      AA99AAA: 0,
      AA999AA: 0,
      A99AA: 0,
      A999AA: 0,
    },
    match: new RegExp(`^(?:${area})(?:\\d[\\dA-Z]?)\\d[ABD-HJLNP-UW-Z]{2}$`),
    cued: 850,
    cues: 'postcode, post code, postal code, address, addr, street, road, london, uk, england, lives',
  },
  {
    type: 'UK_VAT',
    shapes: { AA999999999: 850, 'AA 999 9999 99': 900, 'AA999 9999 99': 900 },
    match: /^GB/,
    check: britishVat,
    validator: 'mod-97',
    cued: 930,
    cues: 'vat, vat number, vat no, vat reg',
  },
  {
    type: 'UK_VEHICLE_REGISTRATION',
    shapes: { 'AA99 AAA': 0, AA99AAA: 0 },
    match: /^[A-HJ-PR-Y][A-HJ-PR-Y](?:0[1-9]|[1-7]\d)[A-HJ-PR-Z]{3}$/,
    cued: 850,
    cues: 'vehicle, registration, number plate, reg, car, plate, dvla, vrm',
  },
  {
    type: 'CA_SIN',
    shapes: { '999-999-999': 620, '999 999 999': 0, '999999999': 0 },
    match: /^[0-79]/,
    check: luhn,
    validator: 'luhn',
    cued: 930,
    cues: 'sin, social insurance, social insurance number, sin number, nas, assurance sociale',
    rank: 2,
  },
  {
    type: 'CA_HEALTH_CARD',
    shapes: { '9999-999-999-AA': 850, '9999 999 999 AA': 850, '9999999999AA': 0, '9999-999-999': 0, '9999 999 999': 0 },
    check: (value) => luhn(value.slice(0, 10)),
    validator: 'luhn',
    cued: 920,
    cues: 'ohip, health card, health number, ontario health, carte santé',
  },
  {
    type: 'CA_POSTAL_CODE',
    shapes: { 'A9A 9A9': 650, A9A9A9: 0, 'A9A-9A9': 0 },
    match: /^[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]\d[ABCEGHJ-NPRSTV-Z]\d$/,
    cued: 850,
    cues: 'postal code, code postal, address, canada, ontario, quebec, toronto, street',
  },
  {
    type: 'CA_PASSPORT',
    shapes: { AA999999: 0, A999999AA: 0 },
    cued: 820,
    cues: 'passport, passeport, passport number',
  },
  {
    type: 'AU_TFN',
    shapes: { '999 999 999': 0, '999999999': 0, '999-999-999': 0, '99999999': 0 },
    check: tfn,
    validator: 'mod-11',
    cued: 930,
    cues: 'tfn, tax file, tax file number',
    rank: 3,
  },
  {
    type: 'AU_ABN',
    shapes: { '99 999 999 999': 850, '99999999999': 0, '99-999-999-999': 800 },
    check: abn,
    validator: 'mod-89',
    cued: 930,
    cues: 'abn, australian business, australian business number',
  },
  {
    type: 'AU_ACN',
    shapes: { '999 999 999': 0, '999999999': 0 },
    check: acn,
    validator: 'mod-10',
    cued: 930,
    cues: 'acn, australian company, company number, australian company number',
  },
  {
    type: 'AU_MEDICARE',
    shapes: {
      '9999 99999 9': 800,
      '9999-99999-9': 750,
      '9999999999': 0,
      '9999 99999 9/9': 850,
      '9999 99999 9 9': 800,
      '99999999999': 0,
    },
    match: /^[2-6]/,
    check: medicare,
    validator: 'mod-10',
    cued: 930,
    cues: 'medicare, medicare number, medicare card, medicare no',
  },
  { type: 'AU_PASSPORT', shapes: { A9999999: 0, AA9999999: 0 }, cued: 820, cues: 'passport, australian passport' },
  {
    type: 'AU_DRIVER_LICENSE',
    shapes: { '9{8,9}': 0 },
    cued: 780,
    cues: 'driver licence, drivers licence, licence number, licence no',
    rank: 8,
  },
  {
    type: 'NZ_IRD',
    shapes: { '99-999-999': 0, '999-999-999': 0, '99 999 999': 0, '999 999 999': 0, '9{8,9}': 0 },
    check: ird,
    validator: 'mod-11',
    cued: 930,
    cues: 'ird, ird number, inland revenue, tax number',
  },
  {
    type: 'NZ_NHI',
    shapes: { AAA9999: 0, AAA99AA: 0 },
    match: /^[A-HJ-NP-Z]{3}/,
    check: nhi,
    validator: 'mod-11',
    cued: 930,
    cues: 'nhi, national health index, nhi number',
  },
  {
    type: 'IE_PPS',
    shapes: { '9999999A': 650, '9999999AA': 700, '9999999 A': 0 },
    match: /^\d{7}[A-W][A-IW]?$/,
    check: pps,
    validator: 'mod-23',
    cued: 940,
    cues: 'pps, ppsn, personal public service, pps number',
  },
  {
    type: 'ZA_ID',
    shapes: { '9999999999999': 760, '999999 9999 99 9': 800, '999999 9999 999': 800 },
    match: /^\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{4}[012][89]\d$/,
    check: luhn,
    validator: 'luhn and birth date',
    cued: 950,
    cues: 'id number, south african id, identity number, rsa id, sa id, id no',
  },
  {
    type: 'NG_NIN',
    shapes: { '99999999999': 0, '9999 999 9999': 0 },
    cued: 850,
    cues: 'nin, national identification number, nimc',
  },
  {
    type: 'NG_BVN',
    shapes: { '99999999999': 0 },
    match: /^22/,
    cued: 880,
    cues: 'bvn, bank verification number, bank verification',
  },
  {
    type: 'KE_KRA_PIN',
    shapes: { A999999999A: 650 },
    match: /^[AP]\d{9}[A-Z]$/,
    cued: 900,
    cues: 'kra, kra pin, pin, tax',
  },
  { type: 'GH_CARD', shapes: { 'AAA-999999999-9': 850 }, match: /^GHA/, cued: 950, cues: 'ghana card, nia' },
];
