import { type Check, complement, isDay, luhn, weightedSum } from '../checks.js';
import { icao } from './german-french-benelux.js';
import type { Rule } from '../rule.js';

/** PESEL: the month carries the century in steps of twenty. */
const pesel: Check = (value) =>
  isDay(Number(value.slice(0, 2)), Number(value.slice(2, 4)) % 20, Number(value.slice(4, 6))) &&
  complement([1, 3, 7, 9, 1, 3, 7, 9, 1, 3], 10)(value);
const nip: Check = (value) => weightedSum(value, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === Number(value[9]);
const regon: Check = (value) =>
  (weightedSum(value, value.length === 9 ? [8, 9, 2, 3, 4, 5, 6, 7] : [2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11) %
    10 ===
  Number(value.at(-1));
/** Dowód osobisty: the check digit stands fourth. */
const polishCard: Check = (value) => icao(value.slice(0, 3) + value.slice(4) + value[3]!) || icaoFourth(value);
function icaoFourth(value: string): boolean {
  let sum = 0;
  const weights = [7, 3, 1, 9, 7, 3, 1, 7, 3];
  for (let at = 0; at < 9; at += 1) {
    const code = value.charCodeAt(at);
    sum += (code <= 57 ? code - 48 : code - 55) * weights[at]!;
  }
  return sum % 10 === 0;
}
const czech: Check = (value) => {
  const month = (Number(value.slice(2, 4)) % 50) % 20;
  if (!isDay(Number(value.slice(0, 2)), month, Number(value.slice(4, 6)))) return false;
  return value.length === 9 || Number(value) % 11 === 0 || (Number(value.slice(0, 9)) % 11 === 10 && value[9] === '0');
};
const czechCompany: Check = (value) => {
  const rest = weightedSum(value, [8, 7, 6, 5, 4, 3, 2]) % 11;
  return (11 - rest) % 10 === Number(value[7]);
};
const romanian: Check = (value) => {
  const rest = weightedSum(value, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
  const dated = isDay(Number(value.slice(1, 3)), Number(value.slice(3, 5)), Number(value.slice(5, 7)));
  return dated && (rest === 10 ? 1 : rest) === Number(value[12]) && Number(value.slice(7, 9)) <= 52;
};
const bulgarian: Check = (value) =>
  isDay(Number(value.slice(0, 2)), Number(value.slice(2, 4)) % 20, Number(value.slice(4, 6))) &&
  (weightedSum(value, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === Number(value[9]);
const jmbg: Check = (value) => {
  const rest = 11 - (weightedSum(value, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11);
  return (
    isDay(Number(value.slice(5, 7)), Number(value.slice(2, 4)), Number(value.slice(0, 2))) &&
    /^\d{4}[09]/.test(value) &&
    (rest > 9 ? 0 : rest) === Number(value[12])
  );
};
const hungarianHealth: Check = (value) => weightedSum(value, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === Number(value[8]);
const hungarianTax: Check = (value) => weightedSum(value, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === Number(value[9]);
const snils: Check = (value) => {
  const rest = weightedSum(value, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101;
  return (rest === 100 ? 0 : rest) === Number(value.slice(9));
};
const inn: Check = (value) => {
  if (value.length === 10) return (weightedSum(value, [2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === Number(value[9]);
  const first = (weightedSum(value, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10;
  const second = (weightedSum(value, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10;
  return first === Number(value[10]) && second === Number(value[11]);
};
const ogrn: Check = (value) =>
  Number((BigInt(value.slice(0, -1)) % BigInt(value.length - 2)) % 10n) === Number(value.at(-1));
const ukrainian: Check = (value) => (weightedSum(value, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11) % 10 === Number(value[9]);
const israeli: Check = (value) => luhn(value.padStart(9, '0'));

export const easternEurope: readonly Rule[] = [
  {
    type: 'PL_PESEL',
    shapes: { '99999999999': 0 },
    check: pesel,
    validator: 'mod-10 and birth date',
    cued: 960,
    cues: 'pesel, numer pesel, nr pesel',
  },
  {
    type: 'PL_NIP',
    shapes: { '999-999-99-99': 850, '999-99-99-999': 850, '9999999999': 0, AA9999999999: 850, '999 999 99 99': 0 },
    match: /^(?:PL)?\d{10}$/,
    check: (value) => nip(value.slice(-10)),
    validator: 'mod-11',
    cued: 950,
    cues: 'nip, numer identyfikacji podatkowej, vat',
  },
  {
    type: 'PL_REGON',
    shapes: { '999999999': 0, '99999999999999': 0 },
    check: regon,
    validator: 'mod-11',
    cued: 930,
    cues: 'regon, nr regon',
  },
  {
    type: 'PL_ID_CARD',
    shapes: { AAA999999: 0, 'AAA 999999': 0 },
    check: polishCard,
    validator: 'icao',
    cued: 930,
    cues: 'dowód, dowodu, dowód osobisty, dowodu osobistego, seria i numer, dowod',
  },
  {
    type: 'PL_PASSPORT',
    shapes: { AA9999999: 0, 'AA 9999999': 0 },
    cued: 880,
    cues: 'paszport, paszportu, nr paszportu',
  },
  {
    type: 'CZ_BIRTH_NUMBER',
    shapes: { '999999/9999': 900, '9999999999': 0, '999999/999': 0 },
    check: czech,
    validator: 'mod-11 and birth date',
    cued: 960,
    cues: 'rodné číslo, rodne cislo, rč, r.č, rodného čísla, birth number',
  },
  {
    type: 'CZ_COMPANY_ID',
    shapes: { '99999999': 0, '999 99 999': 0 },
    check: czechCompany,
    validator: 'mod-11',
    cued: 930,
    cues: 'ičo, ico, ič, identifikační číslo',
  },
  {
    type: 'RO_CNP',
    shapes: { '9999999999999': 620 },
    match: /^[1-9]/,
    check: romanian,
    validator: 'mod-11 and birth date',
    cued: 960,
    cues: 'cnp, cod numeric personal, cod numeric',
  },
  {
    type: 'BG_EGN',
    shapes: { '9999999999': 0 },
    check: bulgarian,
    validator: 'mod-11 and birth date',
    cued: 960,
    cues: 'егн, egn, единен граждански номер',
  },
  {
    type: 'JMBG',
    shapes: { '9999999999999': 600 },
    check: jmbg,
    validator: 'mod-11 and birth date',
    cued: 960,
    cues: 'jmbg, emšo, emso, јмбг, matični broj, матични број',
  },
  {
    type: 'HU_TAJ',
    shapes: { '999 999 999': 0, '999-999-999': 0, '999999999': 0 },
    check: hungarianHealth,
    validator: 'mod-10',
    cued: 950,
    cues: 'taj, taj szám, taj-szám, társadalombiztosítási, tajszám',
  },
  {
    type: 'HU_TAX_ID',
    shapes: { '9999999999': 0 },
    match: /^8/,
    check: hungarianTax,
    validator: 'mod-11',
    cued: 950,
    cues: 'adóazonosító, adóazonosító jel, adószám, adóazonosítójel',
  },
  {
    type: 'HU_PERSONAL_ID',
    shapes: { '9-999999-9999': 800, '9 999999 9999': 750 },
    match: /^[1-8]/,
    check: (value) => isDay(Number(value.slice(1, 3)), Number(value.slice(3, 5)), Number(value.slice(5, 7))),
    validator: 'birth date',
    cued: 940,
    cues: 'személyi szám, személyi azonosító, személyi',
  },
  {
    type: 'RU_SNILS',
    shapes: { '999-999-999 99': 950, '999-999-999-99': 930, '99999999999': 0, '999 999 999 99': 850 },
    check: snils,
    validator: 'mod-101',
    cued: 970,
    cues: 'снилс, snils, страховой номер',
  },
  {
    type: 'RU_INN',
    shapes: { '9999999999': 0, '999999999999': 0 },
    check: inn,
    validator: 'mod-11',
    cued: 950,
    cues: 'инн, inn',
  },
  {
    type: 'RU_OGRN',
    shapes: { '9999999999999': 0, '999999999999999': 0 },
    check: ogrn,
    validator: 'mod',
    cued: 940,
    cues: 'огрн, ogrn, огрнип',
  },
  {
    type: 'RU_PASSPORT',
    shapes: { '9999 999999': 0, '99 99 999999': 0, '9999999999': 0 },
    cued: 900,
    cues: 'паспорт, passport, паспорта, серия, серия и номер',
  },
  {
    type: 'UA_TAX_NUMBER',
    shapes: { '9999999999': 0 },
    check: ukrainian,
    validator: 'mod-11',
    cued: 950,
    cues: 'ідентифікаційний номер, рнокпп, іпн, ідентифікаційний код, rnokpp',
  },
  {
    type: 'IL_ID',
    shapes: { '999999999': 0, '99999999-9': 0, '99999999': 0 },
    check: israeli,
    validator: 'luhn',
    cued: 940,
    cues: 'תעודת זהות, ת.ז, teudat zehut, israeli id, מספר זהות, ז',
  },
  {
    type: 'KZ_IIN',
    shapes: { '999999999999': 0 },
    check: (value) => isDay(Number(value.slice(0, 2)), Number(value.slice(2, 4)), Number(value.slice(4, 6))),
    validator: 'birth date',
    cued: 940,
    cues: 'иин, жсн, iin',
  },
  { type: 'RS_TAX_ID', shapes: { '999999999': 0 }, match: /^[1-9]/, cued: 850, cues: 'пиб, pib', rank: 7 },
];
