import { luhn, type Check, weightedSum } from '../checks.js';
import type { Rule } from '../rule.js';

/** SSA: area never 000, 666 or 9xx, group never 00, serial never 0000; numbers printed in advertisements are void. */
const ssn: Check = (value) =>
  /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(value) && value !== '078051120' && value !== '219099999';

/** ABA: weights 3, 7, 1 and a Federal Reserve district in front. */
const routing: Check = (value) =>
  /^(0\d|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(value) &&
  weightedSum(value, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;

/** DEA: odd digits plus twice the even ones end in the seventh. */
const dea: Check = (value) => {
  const digits = value.slice(2);
  const sum = weightedSum(digits, [1, 2, 1, 2, 1, 2]);
  return String(sum % 10) === digits[6];
};

export const unitedStates: readonly Rule[] = [
  {
    type: 'US_SSN',
    shapes: { '999-99-9999': 900, '999 99 9999': 650, '999.99.9999': 500, '999999999': 0 },
    check: ssn,
    validator: 'ssa-areas',
    cued: 950,
    cues: 'ssn, ssns, social security, social security number, soc sec, socialsecurity, ss#, social',
    rank: 1,
  },
  {
    type: 'US_ITIN',
    shapes: { '999-99-9999': 800, '999 99 9999': 550, '999999999': 0 },
    match: /^9\d\d(5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\d{4}$/,
    validator: 'irs-ranges',
    cued: 900,
    cues: 'itin, taxpayer, individual taxpayer, tax id, tax identification, tin',
    rank: 2,
  },
  {
    type: 'US_EIN',
    shapes: { '99-9999999': 0, '999999999': 0 },
    match: /^(0[1-6]|1[0-6]|2[0-7]|3\d|4[0-8]|5\d|6[0-8]|7[1-7]|8[0-8]|9[0-589])/,
    cued: 850,
    cues: 'ein, fein, employer identification, federal tax id, employer id, tax id',
  },
  {
    type: 'US_BANK_ROUTING',
    shapes: { '999999999': 0, '9999-9999-9': 500 },
    check: routing,
    validator: 'aba',
    cued: 900,
    cues: 'routing, aba, rtn, routing number, routing no, transit number, routing transit',
  },
  {
    type: 'BANK_ACCOUNT',
    shapes: { '9{8,17}': 0 },
    cued: 650,
    cues: 'account number, account no, account #, acct, acct no, bank account, checking account, savings account, checking, account num, acct number, a/c, a/c no, account, konto, kontonummer, numéro de compte, cuenta, conto corrente',
    rank: 9,
  },
  {
    type: 'US_PASSPORT',
    shapes: { '999999999': 0, A99999999: 0 },
    match: /^[A-Z]?\d{8,9}$/,
    cued: 800,
    cues: 'passport, passport number, passport no, passport#, travel document',
    rank: 7,
  },
  {
    type: 'US_DRIVER_LICENSE',
    shapes: {
      'A9{5,14}': 0,
      'AA9{5,7}': 0,
      'AAA9{6,6}': 0,
      '9{7,12}': 0,
      'A999-9999-9999': 0,
      'A999-999-99-999-9': 0,
      'A999 9999 9999': 0,
      '99-999-9999': 0,
      '999-99-9999': 0,
      '99AAA9999': 0,
    },
    cued: 800,
    cues: "driver license, drivers license, driver's license, driver licence, driver's licence, driving license, driving licence, license number, license no, dl number, dl no, dl#, dln, dl, driver lic",
    rank: 8,
  },
  {
    type: 'US_NPI',
    class: 'PII',
    shapes: { '9999999999': 0 },
    match: /^[12]/,
    check: (value) => luhn(`80840${value}`),
    validator: 'luhn-80840',
    cued: 900,
    cues: 'npi, national provider, provider identifier, provider id, provider number',
  },
  {
    type: 'US_DEA',
    shapes: { AA9999999: 600 },
    match: /^[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}$/,
    check: dea,
    validator: 'dea',
    cued: 930,
    cues: 'dea, dea number, prescriber, registration, medical license, license, certificate',
  },
  {
    type: 'US_MBI',
    shapes: { '9A#9A#9AA99': 600, '9A#9-A#9-AA99': 900 },
    match: /^[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d{2}$/,
    validator: 'cms-alphabet',
    cued: 930,
    cues: 'mbi, medicare, beneficiary, medicare number, medicare id, cms',
  },
  {
    type: 'MEDICAL_RECORD_NUMBER',
    shapes: {
      '9{5,10}': 0,
      'A9{5,9}': 0,
      'AA9{4,8}': 0,
      'AAA9{4,8}': 0,
      'A-9{5,9}': 0,
      'AA-9{4,9}': 0,
      'AAA-9{4,9}': 0,
      '99-99-99': 0,
      '999-999-999': 0,
      '999-99-9999': 0,
      '999-9999': 0,
      '9999-9999': 0,
      '99999-9': 0,
    },
    cued: 900,
    cues: 'mrn, mr no, mr number, medical record, medical record number, medical record no, med rec, patient id, patient number, patient no, patient identifier, chart number, chart no, hospital number, hospital no, unit number, health record, medical rec, medrec, record number, accession, accession number, encounter, encounter number, visit number, csn, specimen',
    rank: 3,
  },
  {
    type: 'HEALTH_PLAN_NUMBER',
    shapes: {
      'AAA9{6,12}': 0,
      'A9{7,10}': 0,
      'AA9{6,12}': 0,
      '9{8,12}': 0,
      'AAA-9{6,12}': 0,
      'AA-9{6,12}': 0,
      'A-9{6,12}': 0,
      '999-99-9999': 0,
      AAA999A99999: 0,
    },
    cued: 850,
    cues: 'member id, member number, subscriber id, subscriber number, policy number, insurance id, insurance number, health plan, health insurance, beneficiary number, policy id, medicaid, medicaid id, medicaid number, plan id, group number',
    rank: 6,
  },
];
