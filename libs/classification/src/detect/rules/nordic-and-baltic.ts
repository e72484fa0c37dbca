import { all, type Check, isDay, isDayMonthYear, isYearMonthDay, luhn, weightedSum } from '../checks.js';
import type { Rule } from '../rule.js';

const swedish: Check = (value) => {
  const short = value.slice(-10);
  const day = Number(short.slice(4, 6));
  const dated = isDay(Number(short.slice(0, 2)), Number(short.slice(2, 4)), day > 60 ? day - 60 : day);
  return dated && luhn(short) && (value.length === 10 || /^(?:19|20)/.test(value));
};
const norwegian: Check = (value) => {
  const day = Number(value.slice(0, 2)) % 40;
  const month = Number(value.slice(2, 4)) % 40;
  if (!isDay(Number(value.slice(4, 6)), month, day)) return false;
  const first = (11 - (weightedSum(value, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11;
  const second = (11 - (weightedSum(value, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return first === Number(value[9]) && second === Number(value[10]);
};
const norwegianCompany: Check = (value) =>
  (11 - (weightedSum(value, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(value[8]);
const finnish: Check = (value) => {
  const digits = value.length === 11 ? value.slice(0, 6) + value.slice(7, 10) : value.slice(0, 9);
  return isDayMonthYear(digits) && '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(digits) % 31] === value.at(-1);
};
const finnishCompany: Check = (value) => {
  const rest = weightedSum(value, [7, 9, 10, 5, 8, 4, 2]) % 11;
  return rest !== 1 && (rest === 0 ? 0 : 11 - rest) === Number(value[7]);
};
const icelandic: Check = (value) =>
  isDay(Number(value.slice(4, 6)), Number(value.slice(2, 4)), Number(value.slice(0, 2)) % 40) &&
  (11 - (weightedSum(value, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(value[8]) &&
  /[890]$/.test(value);
const danishCompany: Check = (value) => weightedSum(value, [2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
/** Estonia and Lithuania: two rounds of weights mod 11. */
const baltic: Check = (value) => {
  if (!isDay(Number(value.slice(1, 3)), Number(value.slice(3, 5)), Number(value.slice(5, 7)))) return false;
  let check = weightedSum(value, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
  if (check === 10) check = weightedSum(value, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
  return check % 10 === Number(value[10]);
};
const latvian: Check = (value) =>
  value.startsWith('32') ||
  (isDayMonthYear(value) && (1101 - weightedSum(value, [1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) % 11 === Number(value[10]));

export const nordicAndBaltic: readonly Rule[] = [
  {
    type: 'SE_PERSONAL_NUMBER',
    shapes: { '999999-9999': 820, '99999999-9999': 930, '9999999999': 0, '999999999999': 600, '999999+9999': 800 },
    check: swedish,
    validator: 'luhn and birth date',
    cued: 960,
    cues: 'personnummer, pnr, personnr, samordningsnummer, personal number, pers nr',
    rank: 1,
  },
  {
    type: 'SE_COMPANY_NUMBER',
    shapes: { '999999-9999': 560, '9999999999': 0 },
    match: /^\d\d[2-9]/,
    check: luhn,
    validator: 'luhn',
    cued: 930,
    cues: 'organisationsnummer, org.nr, orgnr, org nr, organisationsnr',
  },
  {
    type: 'SE_VAT',
    shapes: { AA999999999999: 850 },
    match: /^SE\d{10}01$/,
    check: (value) => luhn(value.slice(2, 12)),
    validator: 'luhn',
    cued: 950,
    cues: 'moms, momsnummer, vat, momsregistreringsnummer',
  },
  {
    type: 'NO_BIRTH_NUMBER',
    shapes: { '99999999999': 700, '999999 99999': 880, '999999-99999': 850 },
    check: norwegian,
    validator: 'two mod-11',
    cued: 970,
    cues: 'fødselsnummer, personnummer, fnr, d-nummer, fodselsnummer, fødselsnr',
  },
  {
    type: 'NO_COMPANY_NUMBER',
    shapes: { '999999999': 0, '999 999 999': 0 },
    match: /^[89]/,
    check: norwegianCompany,
    validator: 'mod-11',
    cued: 930,
    cues: 'organisasjonsnummer, org.nr, orgnr, foretaksregisteret, mva',
  },
  {
    type: 'DK_CPR',
    shapes: { '999999-9999': 620, '9999999999': 0, '999999 9999': 0 },
    check: isDayMonthYear,
    validator: 'birth date',
    cued: 950,
    cues: 'cpr, cpr-nummer, cpr nr, personnummer, cpr-nr, cprnr, cpr number',
    rank: 3,
  },
  {
    type: 'DK_CVR',
    shapes: { '99999999': 0, '99 99 99 99': 0, AA99999999: 0 },
    check: (value) => danishCompany(value.slice(-8)),
    validator: 'mod-11',
    cued: 930,
    cues: 'cvr, cvr-nummer, cvr nr, cvr-nr, se-nummer, moms',
  },
  {
    type: 'FI_PERSONAL_ID',
    shapes: { '999999-999A': 950, '999999-9999': 720, '999999A999A': 930, '999999A9999': 900, '999999+999A': 930 },
    match: /^\d{6}[A-FU-Y]?\d{3}[0-9A-Y]$/,
    check: finnish,
    validator: 'mod-31',
    cued: 970,
    cues: 'hetu, henkilötunnus, henkilotunnus, sotu, sosiaaliturvatunnus, personal identity code, personbeteckning',
  },
  {
    type: 'FI_BUSINESS_ID',
    shapes: { '9999999-9': 650, AA99999999: 750 },
    match: /^(?:FI)?\d{8}$/,
    check: (value) => finnishCompany(value.slice(-8)),
    validator: 'mod-11',
    cued: 940,
    cues: 'y-tunnus, business id, fo-nummer, alv, ytunnus, vat',
  },
  {
    type: 'IS_KENNITALA',
    shapes: { '999999-9999': 850, '9999999999': 0 },
    check: icelandic,
    validator: 'mod-11 and birth date',
    cued: 960,
    cues: 'kennitala, kt',
  },
  {
    type: 'EE_PERSONAL_CODE',
    shapes: { '99999999999': 0 },
    match: /^[1-8]/,
    check: baltic,
    validator: 'mod-11 and birth date',
    cued: 960,
    cues: 'isikukood, personal code, isikukoodi, id-kood',
  },
  {
    type: 'LT_PERSONAL_CODE',
    shapes: { '99999999999': 0 },
    match: /^[1-6]/,
    check: baltic,
    validator: 'mod-11 and birth date',
    cued: 960,
    cues: 'asmens kodas, asmens, a.k',
  },
  {
    type: 'LV_PERSONAL_CODE',
    shapes: { '999999-99999': 800, '99999999999': 0 },
    check: all(latvian),
    validator: 'mod-11 and birth date',
    cued: 960,
    cues: 'personas kods, pk, personas',
  },
  {
    type: 'NORDIC_PASSPORT',
    shapes: { '99999999': 0, AA9999999: 0, A9999999: 0 },
    cued: 820,
    cues: 'passnummer, pasnummer, passi, passinumero, vegabréf',
    rank: 7,
  },
  {
    type: 'NORDIC_BIRTH_DATE_ID',
    shapes: { '99999999': 0 },
    check: (value) => isYearMonthDay(value.slice(2)),
    cued: 700,
    cues: 'födelsedatum, fødselsdato, syntymäaika',
    rank: 8,
  },
];
