import { type Check, isDay, luhn, weightedSum } from '../checks.js';
import type { Rule } from '../rule.js';

function mod11Digit(value: string, weights: readonly number[]): number {
  const rest = weightedSum(value, weights) % 11;
  return rest < 2 ? 0 : 11 - rest;
}
const cpf: Check = (value) =>
  mod11Digit(value, [10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(value[9]) &&
  mod11Digit(value, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(value[10]);
const cnpj: Check = (value) =>
  mod11Digit(value, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(value[12]) &&
  mod11Digit(value, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(value[13]);
const pis: Check = (value) => mod11Digit(value, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(value[10]);
const cns: Check = (value) =>
  weightedSum(value, [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 && /^[12789]/.test(value);

const curpSigns = '0123456789ABCDEFGHIJKLMN_OPQRSTUVWXYZ';
/** RENAPO: weights 18 to 2 in base 37 with Ñ between N and O. */
const curp: Check = (value) => {
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += curpSigns.indexOf(value[at]!) * (18 - at);
  return (10 - (sum % 10)) % 10 === Number(value[17]);
};
const rfcDay: Check = (value) => {
  const digits = value.slice(-9, -3);
  return isDay(Number(digits.slice(0, 2)), Number(digits.slice(2, 4)), Number(digits.slice(4, 6)));
};
const cuit: Check = (value) => {
  const rest = 11 - (weightedSum(value, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11);
  return (rest === 11 ? 0 : rest === 10 ? 9 : rest) === Number(value[10]);
};
const rut: Check = (value) => {
  let sum = 0;
  const body = value.slice(0, -1);
  for (let at = 0; at < body.length; at += 1) sum += Number(body[body.length - 1 - at]) * (2 + (at % 6));
  const rest = 11 - (sum % 11);
  return (rest === 11 ? '0' : rest === 10 ? 'K' : String(rest)) === value.at(-1);
};
const nit: Check = (value) => {
  const body = value.slice(0, -1);
  const weights = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43];
  let sum = 0;
  for (let at = 0; at < body.length; at += 1) sum += Number(body[body.length - 1 - at]) * weights[at]!;
  const rest = sum % 11;
  return (rest < 2 ? rest : 11 - rest) === Number(value.at(-1));
};
const ruc: Check = (value) => {
  const rest = 11 - (weightedSum(value, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11);
  return rest % 10 === Number(value[10]);
};
const uruguayan: Check = (value) =>
  (10 - (weightedSum(value.padStart(8, '0'), [2, 9, 8, 7, 6, 3, 4]) % 10)) % 10 === Number(value.at(-1));
const ecuadorian: Check = (value) => luhn(value) && (Number(value.slice(0, 2)) <= 24 || value.startsWith('30'));
const dominican: Check = luhn;
/** Banxico: weights 3, 7, 1, of which only the units count. */
const clabe: Check = (value) => {
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += (Number(value[at]) * [3, 7, 1][at % 3]!) % 10;
  return (10 - (sum % 10)) % 10 === Number(value[17]);
};

export const americas: readonly Rule[] = [
  {
    type: 'BR_CPF',
    shapes: { '999.999.999-99': 970, '99999999999': 600, '999999999-99': 850, '999 999 999 99': 0 },
    check: cpf,
    validator: 'two mod-11',
    cued: 970,
    cues: 'cpf, cadastro de pessoas, cpf/mf, c.p.f',
    rank: 1,
  },
  {
    type: 'BR_CNPJ',
    shapes: { '99.999.999/9999-99': 980, '99999999999999': 650, '99999999/9999-99': 950 },
    check: cnpj,
    validator: 'two mod-11',
    cued: 970,
    cues: 'cnpj, cadastro nacional, c.n.p.j',
  },
  {
    type: 'BR_RG',
    shapes: { '99.999.999-9': 0, '99.999.999-A': 0, '9{8,9}': 0 },
    cued: 880,
    cues: 'rg, registro geral, identidade, carteira de identidade',
    rank: 7,
  },
  {
    type: 'BR_PIS',
    shapes: { '999.99999.99-9': 930, '99999999999': 0 },
    check: pis,
    validator: 'mod-11',
    cued: 950,
    cues: 'pis, pasep, nis, nit, pis/pasep',
  },
  {
    type: 'BR_CNS',
    shapes: { '999999999999999': 0, '999 9999 9999 9999': 750 },
    check: cns,
    validator: 'mod-11',
    cued: 950,
    cues: 'cns, cartão nacional de saúde, sus, cartão sus',
  },
  {
    type: 'BR_CNH',
    shapes: { '99999999999': 0 },
    cued: 880,
    cues: 'cnh, carteira de motorista, habilitação, carteira nacional de habilitação',
    rank: 7,
  },
  { type: 'BR_CEP', shapes: { '99999-999': 0, '99999999': 0 }, cued: 850, cues: 'cep, endereço, rua, avenida' },
  {
    type: 'MX_CURP',
    shapes: { AAAA999999AAAAAA99: 960, AAAA999999AAAAAAA9: 960 },
    match:
      /^[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX](?:AS|BC|BS|CC|CS|CH|CL|CM|DF|CX|DG|GT|GR|HG|JC|MC|MN|MS|NT|NL|OC|PL|QT|QR|SP|SL|SR|TC|TS|TL|VZ|YN|ZS|NE)[B-DF-HJ-NP-TV-Z]{3}/,
    check: curp,
    validator: 'mod-10',
    cued: 970,
    cues: 'curp, clave única, clave unica',
  },
  {
    type: 'MX_RFC',
    shapes: { 'AAAA999999###': 780, 'AAA999999###': 700, 'AAAA-999999-###': 850, 'AAA-999999-###': 800 },
    check: rfcDay,
    match: /^[A-Z]{3,4}\d{6}[A-Z0-9]{2}[0-9A]$/,
    validator: 'date',
    cued: 940,
    cues: 'rfc, registro federal, registro federal de contribuyentes',
  },
  {
    type: 'MX_NSS',
    shapes: { '99999999999': 0, '99-99-99-9999-9': 800 },
    check: luhn,
    validator: 'luhn',
    cued: 950,
    cues: 'nss, imss, seguro social, número de seguridad social',
  },
  {
    type: 'MX_CLABE',
    shapes: { '999999999999999999': 0, '999 999 99999999999 9': 0 },
    check: clabe,
    validator: 'mod-10',
    cued: 960,
    cues: 'clabe, cuenta clabe, interbancaria',
  },
  {
    type: 'AR_CUIT',
    shapes: { '99-99999999-9': 920, '99999999999': 0, '99.99999999.9': 850 },
    match: /^(?:2[03-7]|3[034])/,
    check: cuit,
    validator: 'mod-11',
    cued: 960,
    cues: 'cuit, cuil, c.u.i.t, clave única',
  },
  {
    type: 'AR_DNI',
    shapes: { '99.999.999': 0, '9{7,8}': 0 },
    cued: 900,
    cues: 'dni, documento, documento nacional',
    rank: 7,
  },
  {
    type: 'CL_RUT',
    shapes: {
      '99.999.999-9': 930,
      '99.999.999-A': 950,
      '9.999.999-9': 900,
      '9.999.999-A': 930,
      '99999999-9': 720,
      '99999999-A': 800,
      '9999999-9': 0,
      '9999999-A': 0,
    },
    match: /^\d{7,8}[\dK]$/,
    check: rut,
    validator: 'mod-11',
    cued: 960,
    cues: 'rut, run, r.u.t, rol único',
  },
  {
    type: 'CO_NIT',
    shapes: { '999.999.999-9': 900, '999999999-9': 650, '9999999999': 0 },
    check: nit,
    validator: 'mod-11',
    cued: 950,
    cues: 'nit, n.i.t, dian, identificación tributaria',
  },
  {
    type: 'CO_CEDULA',
    shapes: { '9.999.999.999': 0, '99.999.999': 0, '9{6,10}': 0 },
    cued: 880,
    cues: 'cédula, cedula, cc, c.c, cédula de ciudadanía',
    rank: 7,
  },
  {
    type: 'PE_RUC',
    shapes: { '99999999999': 0 },
    match: /^(?:10|15|16|17|20)/,
    check: ruc,
    validator: 'mod-11',
    cued: 950,
    cues: 'ruc, sunat, r.u.c',
  },
  { type: 'PE_DNI', shapes: { '99999999': 0 }, cued: 880, cues: 'dni, documento nacional de identidad', rank: 8 },
  {
    type: 'EC_CEDULA',
    shapes: { '9999999999': 0, '999999999-9': 700 },
    check: ecuadorian,
    validator: 'luhn and province',
    cued: 950,
    cues: 'cédula, cedula, ci, identidad',
  },
  {
    type: 'UY_CI',
    shapes: { '9.999.999-9': 850, '9999999-9': 0, '99999999': 0 },
    check: uruguayan,
    validator: 'mod-10',
    cued: 950,
    cues: 'ci, cédula, cedula de identidad, cédula de identidad',
  },
  {
    type: 'VE_RIF',
    shapes: { 'A-99999999-9': 850, A999999999: 0, 'A-999999999': 0 },
    match: /^[VEJPG]/,
    cued: 940,
    cues: 'rif, seniat, cédula',
  },
  {
    type: 'DO_CEDULA',
    shapes: { '999-9999999-9': 900, '99999999999': 0 },
    check: dominican,
    validator: 'luhn',
    cued: 950,
    cues: 'cédula, cedula, identidad',
  },
  {
    type: 'CR_CEDULA',
    shapes: { '9-9999-9999': 0, '999999999': 0 },
    match: /^[1-9]/,
    cued: 880,
    cues: 'cédula, cedula, identificación',
    rank: 8,
  },
];
