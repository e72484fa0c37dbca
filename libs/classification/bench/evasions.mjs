/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type. */
// The ways of hiding a value that the design names. Each gives the hidden value, or undefined where it would change nothing.

const each = (value, change) => [...value].map(change).join('');
const between = (sign) => (value) => [...value].join(sign);
const bytes = (value) => [...Buffer.from(value)];
const hex2 = (byte) => byte.toString(16).padStart(2, '0');
const entityNames = { '@': 'commat', '.': 'period', '-': 'hyphen', ':': 'colon', '/': 'sol', _: 'lowbar' };
const lookalikes = Object.fromEntries(
  Array.from('aceopxyABCEHKMOPTX', (sign, at) => [sign, 'асеорхуАВСЕНКМОРТХ'.charAt(at)]),
);
const numberWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** Digits and letters of a mathematical alphabet. */
function bold(sign) {
  const code = sign.codePointAt(0);
  if (code >= 48 && code <= 57) return String.fromCodePoint(0x1d7ce + code - 48);
  if (code >= 65 && code <= 90) return String.fromCodePoint(0x1d400 + code - 65);
  if (code >= 97 && code <= 122) return String.fromCodePoint(0x1d41a + code - 97);
  return sign;
}

const wide = (sign) => (sign > ' ' && sign < '\u007f' ? String.fromCodePoint(sign.codePointAt(0) + 0xfee0) : sign);
const digitsOf = (zero) => (value) =>
  each(value, (sign) => (sign >= '0' && sign <= '9' ? String.fromCodePoint(zero + Number(sign)) : sign));
/** One look-alike is enough to break a plain reading; every second is what people send. */
function confused(value) {
  let count = 0;
  return each(value, (sign) => {
    if (lookalikes[sign] === undefined) return sign;
    count += 1;
    return count % 2 === 1 ? lookalikes[sign] : sign;
  });
}

export const evasions = {
  'zero-width space': between('\u200b'),
  'zero-width joiner': between('\u200d'),
  'soft hyphen': between('\u00ad'),
  'word joiner, one': (value) => `${value.slice(0, value.length >> 1)}\u2060${value.slice(value.length >> 1)}`,
  'byte order mark, one': (value) => `${value.slice(0, value.length >> 1)}\ufeff${value.slice(value.length >> 1)}`,
  'variation selectors': between('\ufe0f'),
  'combining overlay': (value) => each(value, (sign) => `${sign}\u0336`),
  fullwidth: (value) => each(value, wide),
  'fullwidth digits': digitsOf(0xff10),
  'arabic-indic digits': digitsOf(0x660),
  'devanagari digits': digitsOf(0x966),
  'mathematical bold': (value) => each(value, bold),
  'cyrillic look-alikes': confused,
  'tag characters': (value) =>
    each(value, (sign) => (sign < '\u007f' ? String.fromCodePoint(0xe0000 + sign.codePointAt(0)) : sign)),
  'percent, all': (value) =>
    bytes(value)
      .map((byte) => `%${hex2(byte)}`)
      .join(''),
  'percent, signs': (value) =>
    each(value, (sign) =>
      /[\w ]/.test(sign)
        ? sign
        : bytes(sign)
            .map((byte) => `%${hex2(byte).toUpperCase()}`)
            .join(''),
    ),
  'entities, decimal': (value) => each(value, (sign) => `&#${sign.codePointAt(0)};`),
  'entities, hex': (value) => each(value, (sign) => `&#x${sign.codePointAt(0).toString(16)};`),
  'entities, named': (value) => each(value, (sign) => (entityNames[sign] ? `&${entityNames[sign]};` : sign)),
  '\\u escapes': (value) => each(value, (sign) => `\\u${sign.codePointAt(0).toString(16).padStart(4, '0')}`),
  '\\x escapes': (value) =>
    bytes(value)
      .map((byte) => `\\x${hex2(byte)}`)
      .join(''),
  base64: (value) => Buffer.from(value).toString('base64'),
  base64url: (value) => Buffer.from(value).toString('base64url'),
  'base64, twice': (value) => Buffer.from(Buffer.from(value).toString('base64')).toString('base64'),
  hex: (value) => Buffer.from(value).toString('hex'),
  'quoted-printable': (value) =>
    bytes(value)
      .map((byte) => `=${hex2(byte).toUpperCase()}`)
      .join(''),
  'spaces between': between(' '),
  'dashes between': between('-'),
  'points between': between('.'),
  'underscores between': between('_'),
  'line end in digits': (value) => value.replace(/(\d{3,})(?=\d{3})/, '$1\n'),
  'at and dot': (value) =>
    /^[^\s@]+@[^\s@]+$/.test(value) ? value.replace('@', ' at ').replaceAll('.', ' dot ') : value,
  '[at] and [dot]': (value) =>
    /^[^\s@]+@[^\s@]+$/.test(value) ? value.replace('@', ' [at] ').replaceAll('.', ' [dot] ') : value,
  'bold of Markdown': (value) => `**${value.slice(0, value.length >> 1)}**${value.slice(value.length >> 1)}`,
  'a tag inside': (value) => `${value.slice(0, value.length >> 1)}<b></b>${value.slice(value.length >> 1)}`,
  'a comment inside': (value) => `${value.slice(0, value.length >> 1)}<!-- -->${value.slice(value.length >> 1)}`,
  'digits as words': (value) =>
    /^[\d\s-]+$/.test(value)
      ? [...value]
          .filter((sign) => sign >= '0' && sign <= '9')
          .map((sign) => numberWords[Number(sign)])
          .join(' ')
      : value,
  'reversed, said so': (value) => [...value].toReversed().join(''),
};

/** What is said in front of a value that is hidden so. */
export const leads = { 'reversed, said so': '(backwards) ' };
