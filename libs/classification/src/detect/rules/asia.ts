import { type Check, isCenturyDay, isDay, isYearMonthDay, luhn, verhoeff, weightedSum } from '../checks.js';
import type { Rule } from '../rule.js';

const base36 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** GSTN: factors 1 and 2 in base 36. */
const gstin: Check = (value) => {
  let sum = 0;
  for (let at = 0; at < 14; at += 1) {
    const product = base36.indexOf(value[at]!) * (1 + (at % 2));
    sum += Math.floor(product / 36) + (product % 36);
  }
  return base36[(36 - (sum % 36)) % 36] === value[14];
};

/** ICA: weights 2765432; T and G start at 4, M at 3. */
const nric: Check = (value) => {
  const first = value[0]!;
  const sum =
    weightedSum(value.slice(1), [2, 7, 6, 5, 4, 3, 2]) + (first === 'T' || first === 'G' ? 4 : first === 'M' ? 3 : 0);
  const letters = first === 'M' ? 'KLJNPQRTUWX' : first === 'S' || first === 'T' ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK';
  const at = first === 'M' ? 10 - (sum % 11) : sum % 11;
  return letters[at] === value[8];
};

const koreanDay: Check = (value) => isYearMonthDay(value);
const koreanCompany: Check = (value) => {
  const sum = weightedSum(value, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + Math.floor((Number(value[8]) * 5) / 10);
  return (10 - (sum % 10)) % 10 === Number(value[9]);
};
const myNumber: Check = (value) => {
  const rest = weightedSum(value, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest <= 1 ? 0 : 11 - rest) === Number(value[11]);
};
/** GB 11643: ISO 7064 mod 11-2. */
const chinese: Check = (value) =>
  isCenturyDay(value, 6) &&
  '10X98765432'[weightedSum(value, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11] === value[17];
const hongKong: Check = (value) => {
  const letters = /^[A-Z]+/.exec(value)![0];
  const head =
    letters.length === 1 ? [36, letters.charCodeAt(0) - 55] : Array.from(letters, (sign) => sign.charCodeAt(0) - 55);
  const rest = weightedSum(value.slice(letters.length), [7, 6, 5, 4, 3, 2]) + head[0]! * 9 + head[1]! * 8;
  return '0123456789A'[(11 - (rest % 11)) % 11] === value.at(-1);
};
const taiwanOrder = 'ABCDEFGHJKLMNPQRSTUVXYWZIO';
const taiwanese: Check = (value) => {
  const region = taiwanOrder.indexOf(value[0]!) + 10;
  const sum = Math.floor(region / 10) + (region % 10) * 9 + weightedSum(value.slice(1), [8, 7, 6, 5, 4, 3, 2, 1, 1]);
  return sum % 10 === 0;
};
const thai: Check = (value) =>
  (11 - (weightedSum(value, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === Number(value[12]);
const malaysian: Check = (value) =>
  isYearMonthDay(value) && !/^\d{6}(?:00|17|18|19|20|69|70|73|80|81|94|95|96|97)/.test(value);
const indonesian: Check = (value) =>
  isDay(Number(value.slice(10, 12)), Number(value.slice(8, 10)), Number(value.slice(6, 8)) % 40) &&
  /^[1-9]\d/.test(value);

const states =
  'AN|AP|AR|AS|BR|CG|CH|DD|DL|DN|GA|GJ|HP|HR|JH|JK|KA|KL|LA|LD|MH|ML|MN|MP|MZ|NL|OD|OR|PB|PY|RJ|SK|TN|TR|TS|TG|UK|UA|UP|WB';

export const asia: readonly Rule[] = [
  {
    type: 'IN_PAN',
    shapes: { AAAAA9999A: 750 },
    match: /^[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z]$/,
    validator: 'entity letter',
    cued: 950,
    cues: 'pan, permanent account, pan card, pan number, income tax',
  },
  {
    type: 'IN_AADHAAR',
    shapes: { '9999 9999 9999': 820, '9999-9999-9999': 850, '999999999999': 0 },
    match: /^[2-9]/,
    check: verhoeff,
    validator: 'verhoeff',
    cued: 960,
    cues: 'aadhaar, aadhar, uidai, uid, adhaar, आधार, aadhaar number',
  },
  {
    type: 'IN_GSTIN',
    shapes: { '99AAAAA9999A9A9': 930, '99AAAAA9999A9AA': 930, '99AAAAA9999AAA9': 930, '99AAAAA9999AAAA': 930 },
    match: /^(?:0[1-9]|[12]\d|3[0-8]|9[79])/,
    check: gstin,
    validator: 'mod-36',
    cued: 960,
    cues: 'gst, gstin, gst number',
  },
  {
    type: 'IN_VOTER_ID',
    shapes: { AAA9999999: 0 },
    cued: 900,
    cues: 'voter, epic, voter id, election, elector, voter card',
  },
  {
    type: 'IN_PASSPORT',
    shapes: { A9999999: 0, 'A9 99999': 0 },
    match: /^[A-PR-WY][1-9]\d{6}$/,
    cued: 850,
    cues: 'passport, indian passport, passport number, passport no',
    rank: 6,
  },
  {
    type: 'IN_VEHICLE_REGISTRATION',
    shapes: {
      AA99AA9999: 700,
      AA99A9999: 600,
      'AA 99 AA 9999': 750,
      'AA-99-AA-9999': 800,
      'AA 99 A 9999': 650,
      'AA-99-A-9999': 700,
      'AA99 AA 9999': 700,
    },
    match: new RegExp(`^(?:${states})\\d\\d[A-Z]{1,2}\\d{4}$`),
    cued: 920,
    cues: 'vehicle, registration, rc, car, bike, plate, number plate, vehicle number',
  },
  {
    type: 'IN_IFSC',
    shapes: { AAAA9999999: 0, 'AAAA9######': 0 },
    match: /^[A-Z]{4}0/,
    cued: 930,
    cues: 'ifsc, ifsc code, branch code, bank, neft',
  },
  {
    type: 'IN_DRIVING_LICENCE',
    shapes: { AA9999999999999: 0, 'AA99 99999999999': 0, 'AA-9999999999999': 0, 'AA99-99999999999': 0 },
    match: new RegExp(`^(?:${states})`),
    cued: 920,
    cues: 'driving licence, driving license, dl, licence, license',
  },
  {
    type: 'SG_NRIC',
    shapes: { A9999999A: 920 },
    match: /^[STFGM]/,
    check: nric,
    validator: 'mod-11',
    cued: 970,
    cues: 'nric, fin, singapore, identity card, ic',
  },
  {
    type: 'SG_UEN',
    shapes: { '99999999A': 0, '999999999A': 0, A99AA9999A: 650 },
    match: /^(?:\d{8}[A-Z]|(?:18|19|20)\d{7}[A-Z]|[ST]\d\d[A-Z]{2}\d{4}[A-Z])$/,
    cued: 920,
    cues: 'uen, unique entity, acra, business registration, entity number',
  },
  {
    type: 'KR_RRN',
    shapes: { '999999-9999999': 850, '9999999999999': 0 },
    check: koreanDay,
    validator: 'birth date',
    cued: 960,
    cues: 'rrn, resident registration, 주민등록번호, 주민번호, 주민등록, 외국인등록번호',
  },
  {
    type: 'KR_BUSINESS_NUMBER',
    shapes: { '999-99-99999': 750, '9999999999': 0 },
    check: koreanCompany,
    validator: 'mod-10',
    cued: 940,
    cues: '사업자등록번호, 사업자번호, business registration, brn, 사업자',
  },
  {
    type: 'KR_DRIVER_LICENSE',
    shapes: { '99-99-999999-99': 850, '999999999999': 0 },
    match: /^(?:1[1-9]|2[0-8])/,
    cued: 930,
    cues: '운전면허, 운전면허번호, 면허번호, driver license, driver',
  },
  {
    type: 'KR_PASSPORT',
    shapes: { A99999999: 0, A999A9999: 0 },
    match: /^[MSRODG]/,
    cued: 900,
    cues: '여권, 여권번호, passport, korean passport',
  },
  {
    type: 'JP_MY_NUMBER',
    shapes: { '9999 9999 9999': 0, '9999-9999-9999': 0, '999999999999': 0 },
    check: myNumber,
    validator: 'mod-11',
    cued: 950,
    cues: 'マイナンバー, 個人番号, my number, mynumber, individual number',
  },
  { type: 'JP_PASSPORT', shapes: { AA9999999: 0 }, cued: 880, cues: 'パスポート, 旅券, 旅券番号, passport' },
  {
    type: 'CN_RESIDENT_ID',
    shapes: { '999999999999999999': 900, '99999999999999999A': 950 },
    match: /^[1-8]\d{16}[\dX]$/,
    check: chinese,
    validator: 'mod-11-2 and birth date',
    cued: 970,
    cues: '身份证, 身份证号, 身份证号码, 公民身份号码, resident identity, id card, chinese id',
  },
  {
    type: 'CN_PASSPORT',
    shapes: { A99999999: 0, AA9999999: 0 },
    match: /^[EGDSP]/,
    cued: 880,
    cues: '护照, 护照号, 护照号码, passport',
  },
  {
    type: 'HK_ID',
    shapes: { 'A999999(9': 920, 'AA999999(9': 920, A9999999: 0, 'A999999(A': 920, A999999A: 0 },
    check: hongKong,
    validator: 'mod-11',
    cued: 950,
    cues: 'hkid, hong kong id, hong kong identity, 身份證, 身份證號碼, identity card',
  },
  {
    type: 'TW_NATIONAL_ID',
    shapes: { A999999999: 780 },
    match: /^[A-Z][1289]/,
    check: taiwanese,
    validator: 'mod-10',
    cued: 960,
    cues: '身分證, 身分證字號, 身份證字號, taiwan id, national id, 統一編號',
  },
  {
    type: 'TH_NATIONAL_ID',
    shapes: { '9-9999-99999-99-9': 960, '9 9999 99999 99 9': 930, '9999999999999': 0 },
    match: /^[1-8]/,
    check: thai,
    validator: 'mod-11',
    cued: 960,
    cues: 'บัตรประชาชน, เลขประจำตัวประชาชน, thai id, thai national id, national id, tnin, citizen id, id card, เลขบัตรประชาชน',
  },
  {
    type: 'MY_NRIC',
    shapes: { '999999-99-9999': 850, '999999999999': 0 },
    check: malaysian,
    validator: 'birth date and state',
    cued: 950,
    cues: 'mykad, nric, kad pengenalan, ic number, ic no, ic, no. kp, my kad',
  },
  {
    type: 'ID_NIK',
    shapes: { '9999999999999999': 0 },
    check: indonesian,
    validator: 'birth date',
    cued: 950,
    cues: 'nik, ktp, nomor induk kependudukan, e-ktp',
  },
  {
    type: 'PH_TIN',
    shapes: { '999-999-999-999': 0, '999-999-999': 0, '999-999-999-99999': 0 },
    cued: 900,
    cues: 'tin, bir, tax identification, taxpayer identification',
  },
  {
    type: 'PH_SSS',
    shapes: { '99-9999999-9': 650, '9999999999': 0 },
    cued: 920,
    cues: 'sss, social security system, sss number',
  },
  {
    type: 'VN_CITIZEN_ID',
    shapes: { '999999999999': 0, '999999999': 0 },
    match: /^0|^\d{9}$/,
    cued: 900,
    cues: 'cccd, cmnd, căn cước, căn cước công dân, chứng minh nhân dân, số cccd',
  },
  {
    type: 'PK_CNIC',
    shapes: { '99999-9999999-9': 900, '9999999999999': 0 },
    match: /^[1-7]/,
    cued: 950,
    cues: 'cnic, nadra, nicop, national identity card',
  },
  {
    type: 'LK_NIC',
    shapes: { '999999999A': 0, '999999999999': 0 },
    match: /^\d{9}[VX]$|^(?:19|20)\d{10}$/,
    cued: 930,
    cues: 'nic, national identity, nic number',
  },
  {
    type: 'AE_EMIRATES_ID',
    shapes: { '999-9999-9999999-9': 960, '999999999999999': 600 },
    match: /^784(?:19|20)/,
    check: luhn,
    validator: 'luhn',
    cued: 970,
    cues: 'emirates id, eid, uae id, الهوية, رقم الهوية',
  },
  {
    type: 'SA_NATIONAL_ID',
    shapes: { '9999999999': 0 },
    match: /^[12]/,
    check: luhn,
    validator: 'luhn',
    cued: 950,
    cues: 'iqama, saudi id, national id, رقم الهوية, الهوية الوطنية, إقامة, الإقامة',
  },
  {
    type: 'EG_NATIONAL_ID',
    shapes: { '99999999999999': 0 },
    match: /^[23]/,
    check: (value) => isYearMonthDay(value.slice(1)),
    validator: 'birth date',
    cued: 950,
    cues: 'الرقم القومي, national id, egyptian id, رقم قومي',
  },
];
