import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/min';
import { isPlaceholderDigits } from './checks.js';
import { backing, type Emit, isGluedLeft, isGluedRight, type Scene } from './scene.js';
import { cueTable, negativeCues } from './structured.js';

export const phoneCues = cueTable.group([
  'phone',
  'telephone',
  'tel',
  'cell',
  'mobile',
  'call',
  'fax',
  'contact',
  'number is',
  'reach',
  'text me',
  'dial',
  'sms',
  'whatsapp',
  'hotline',
  'ring',
  'telefon',
  'handy',
  'rufnummer',
  'mobil',
  'téléphone',
  'telefono',
  'teléfono',
  'cellulare',
  'móvil',
  'celular',
  'telefone',
  'telefoon',
  'puhelin',
  'telefonnummer',
  'ph',
  'phone number',
  'phonenumber',
  'callback',
  'pager',
  'voicemail',
  'portable',
]);

/** Those that speak of nothing but telephones. */
const tellingCues = cueTable.group('phone, telephone, tel, cell, mobile, fax, call, dial, sms, whatsapp'.split(', '));

/** In front of a bare number: it is an identifier that some rule refused, and no telephone. */
const otherCues = cueTable.group(
  'nhs, ssn, sin, ein, tin, itin, nino, nif, nir, insee, siren, siret, account, acct, account number, policy number, member id, claim, case, case number, reference, ref, id, id number, record, mrn, npi, vat, bsn, pesel, abn, acn, tfn, order, passport, passport number, driving licence, driving license, licence, license, driver license, closes, serial, serial number, policy'.split(
    ', ',
  ),
);

const candidate = /\+?\(?\d[\d\s().\u00a0\u2010-\u2013/-]{5,24}\d(?:\s?(?:x|ext\.?|extension|#)\s?\d{1,6})?/iy;
/** One divider throughout; a bracket or a slash behind the area code goes with any. */
const northAmerican =
  /^(?:(?:\+|00)?1[-. ]?)?(?:\([2-9]\d\d\)[-. ]?[2-9]\d\d[-. ]\d{4}|[2-9]\d\d([-. ])[2-9]\d\d\1\d{4}|[2-9]\d\d[ /][2-9]\d\d-\d{4})$/;
/** Never a telephone number, whatever stands beside: decimals, days, ranges of years, standards, dotted groups of four. */
const never =
  /^\d+\.\d+$|^(?:19|20)\d\d ?[-\u2013] ?(?:19|20)\d\d$|^\d{4}(?:\.\d{4})+$|^\d{4}\.\d-\d{4}$|^(?:0?[1-9]|[12]\d|3[01])([/.])(?:0?[1-9]|[12]\d|3[01])\1(?:19|20)\d\d$/;
const nationalZero = /^\(?0\d{1,4}\)?[ /-]\d{2,4}(?:[ -]?\d{2,4}){1,4}$/;
const notPhone =
  /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)|^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|^\d{1,3}(?:\.\d{1,3}){3}$|^\d+\.\d+$|^\d{1,3}(?: \d{3})+$|^\d{3}-\d\d-\d{4}$|^\d{4}[- ]\d{4}[- ]\d{4}[- ]\d/;
const zeroCountries: readonly CountryCode[] = [
  'GB',
  'DE',
  'FR',
  'AU',
  'IT',
  'NL',
  'BE',
  'CH',
  'AT',
  'SE',
  'IN',
  'NZ',
  'ZA',
  'JP',
  'IE',
];
const plainCountries: readonly CountryCode[] = [
  'US',
  ...zeroCountries,
  'ES',
  'PT',
  'PL',
  'DK',
  'NO',
  'FI',
  'CZ',
  'SG',
  'BR',
  'MX',
  'IL',
  'TR',
  'KR',
  'CN',
  'HU',
  'GR',
  'RO',
];

/** Telephone numbers: our own candidate, then the number plan (ITU-T E.164 through libphonenumber's metadata). */
export function findPhones(scene: Scene, emit: Emit): void {
  const { text, tokens } = scene;
  let known: Known | undefined;
  let from = 0;
  for (let each = 0; each < tokens.codedCount; each += 1) {
    const index = tokens.coded[each]!;
    if ((tokens.flags[index]! & 3) !== 1 || tokens.end[index]! - tokens.start[index]! > 15) continue;
    const start = opened(text, tokens.start[index]!);
    if (start < from || isGluedLeft(text, start, ':,/')) continue;
    candidate.lastIndex = start;
    const match = candidate.exec(text);
    if (!match) continue;
    known ??= { pieces: new Map(), plain: new Map(), cued: new Map(), last: '', ofLast: [] };
    const end = judge(scene, start, match[0], known, emit);
    if (end > 0) from = end;
  }
}

function opened(text: string, start: number): number {
  let at = start;
  if (at > 0 && text[at - 1] === '(') at -= 1;
  if (at > 0 && text[at - 1] === '+') at -= 1;
  return at;
}

/** Tries the run, and its shorter prefixes at line ends and double blanks; returns the accepted end or 0. */
function judge(scene: Scene, start: number, run: string, known: Known, emit: Emit): number {
  const { text } = scene;
  for (const piece of knownPieces(known, run)) {
    const end = start + piece.length;
    if (isGluedRight(text, end, ',:/')) continue;
    const support = backing(scene, phoneCues, start, end);
    const against = scene.cues.nearest(negativeCues, start, end);
    if (against && scene.tokens.end[against.hit.last]! <= start) {
      if (!support || against.distance < support.distance) return 0;
    }
    const score = knownScore(known, piece, support !== undefined);
    if (score === 0) continue;
    if (!piece.startsWith('+') && (support ? isNamedOther(scene, start, end) : isOther(scene, start, end))) return 0;
    emit({
      start,
      end,
      class: 'PII',
      type: 'PHONE',
      score,
      detector: 'phone',
      strength: piece.startsWith('+') ? 2 : 1,
      validator: 'number-plan',
      cues: support?.words ?? [],
      alternatives: [],
      via: [],
      steps: [`number plan${support ? ' with cue' : ''}: ${score}`],
      normal: piece.replaceAll(/[^\d+]/g, ''),
    });
    return end;
  }
  return 0;
}

/** What is known of this text's runs: their pieces, and the pieces' scores without and with a cue. Each is judged once. */
interface Known {
  readonly pieces: Map<string, readonly string[]>;
  readonly plain: Map<string, number>;
  readonly cued: Map<string, number>;
  /** The run before and its pieces: in a row of equal runs nothing is looked up. */
  last: string;
  ofLast: readonly string[];
}
const MOST_KNOWN = 4_096;

function knownPieces(known: Known, run: string): readonly string[] {
  if (run === known.last) return known.ofLast;
  const found = known.pieces.get(run) ?? pieces(run);
  if (known.pieces.size < MOST_KNOWN) known.pieces.set(run, found);
  known.last = run;
  known.ofLast = found;
  return found;
}

function knownScore(known: Known, piece: string, cued: boolean): number {
  const scores = cued ? known.cued : known.plain;
  const score = scores.get(piece) ?? scoreOf(piece, cued);
  if (scores.size < MOST_KNOWN) scores.set(piece, score);
  return score;
}

/** `passport number is 533380006`: the nearer word in front says what it is, though one for telephones stands there too. */
function isNamedOther(scene: Scene, start: number, end: number): boolean {
  const other = scene.cues.nearest(otherCues, start, end);
  if (!other || scene.tokens.end[other.hit.last]! > start || other.distance > 2) return false;
  const own = scene.cues.nearest(tellingCues, start, end);
  return !own || other.distance < own.distance;
}

/** Another kind of number by the word in front of it, or the middle of a longer row of digits. */
function isOther(scene: Scene, start: number, end: number): boolean {
  const other = scene.cues.nearest(otherCues, start, end);
  if (other && other.distance <= 1 && scene.tokens.end[other.hit.last]! <= start) return true;
  const before = scene.text.slice(Math.max(0, start - 3), start);
  // A row of digits, of octets, or the number of an issue.
  return (
    /\d[ \u00a0]$|#$|(?:^|[^\p{L}])[0-9a-f]{2} $/iu.test(before) ||
    /^ [0-9a-f]{2}(?![\p{L}\d])/iu.test(scene.text.slice(end, end + 4))
  );
}

function pieces(run: string): readonly string[] {
  const broken = run.search(/\n|\s{2}|\t/);
  const head = (broken === -1 ? run : run.slice(0, broken)).replace(/[^\d]+$/, '');
  const north = /^(?:(?:\+|00)?1[-. ]?)?\(?\d{3}\)?[-. /]?\d{3}[-. ]\d{4}(?:\s?(?:x|ext\.?)\s?\d{1,6})?/i.exec(
    head,
  )?.[0];
  return north && north !== head ? [head, north] : [head];
}

function scoreOf(piece: string, cued: boolean): number {
  const main = piece.replace(/\s?(?:x|ext\.?|extension|#)\s?\d{1,6}$/i, '');
  const digits = main.replaceAll(/\D/g, '');
  if (digits.length < 7 || digits.length > 15 || isPlaceholderDigits(digits) || !isBalanced(main)) return 0;
  if (never.test(main)) return 0;
  if ((notPhone.test(main) && !cued) || /\d{4}-\d\d-\d\d| \/ /.test(main)) return 0;
  if (/^\d{3}-\d\d-\d{4}$|^\d{4}([- ])\d{4}\1\d{4}\1\d|^\d{4}-\d\d-\d\d/.test(main)) return 0;
  if (!cued && /^\d{5}-\d{4}$|^\d{4}(?:[ .]\d{4})+$/.test(main)) return 0;
  if (main.startsWith('+') || /^00[1-9]/.test(main)) {
    const number = parsePhoneNumberFromString(main.startsWith('+') ? main : `+${main.slice(2)}`);
    if (number?.isValid()) return 920;
    return number?.isPossible() === true && /[\s().-]/.test(main) ? 800 : cued && digits.length >= 9 ? 750 : 0;
  }
  if (northAmerican.test(main)) return cued ? 950 : main.includes('.') || main.includes(' ') ? 720 : 780;
  if (cued)
    return isNational(main, plainCountries)
      ? 850
      : digits.length >= 10 && /^\(?\d{3}\)?[-. ]/.test(main)
        ? 700
        : /^\d{3}[-. ]\d{4}$/.test(main)
          ? 650
          : 0;
  return nationalZero.test(main) && digits.length >= 9 && isNational(main, zeroCountries) ? 600 : 0;
}

function isNational(main: string, countries: readonly CountryCode[]): boolean {
  return countries.some((country) => parsePhoneNumberFromString(main, country)?.isValid() === true);
}

function isBalanced(main: string): boolean {
  return main.includes('(') === main.includes(')') && main.split('(').length <= 2;
}
