const names = 'Alex Berg|Robin Hale|Sam Lindt|Jo Marsh|Kim Arden|Chris Vale|Pat Moreau|Lou Keller'.split('|');

/** A made-up value of the same type that belongs to nobody: reserved domains, numbers and ranges. */
export function surrogateFor(type: string, _value: string, digest: string, length: number): string {
  const number = Number.parseInt(digest.slice(0, 8), 16);
  const suffix = digest.slice(0, length);
  switch (type) {
    case 'EMAIL':
      return `person.${suffix}@example.com`;
    case 'PERSON':
      return `${names[number % names.length]!} ${suffix.toUpperCase()}`;
    case 'PHONE':
      return `+1 202-555-01${String(number % 100).padStart(2, '0')} x${suffix.replaceAll(/\D/g, '1')}`;
    case 'URL':
      return `https://example.com/${suffix}`;
    case 'IP_ADDRESS':
      return `2001:db8::${suffix.slice(0, 4)}:${suffix.slice(4, 8)}`.replace(/:$/, '');
    case 'CREDIT_CARD':
      return withLuhn(`99${String(number).padStart(10, '0').slice(-10)}${suffix.replaceAll(/\D/g, '7').slice(0, 3)}`);
    default:
      return `${type}-${suffix}`;
  }
}

/** 99 is no issuer's range, so the number validates and can never be charged. */
function withLuhn(digits: string): string {
  let sum = 0;
  for (let at = digits.length - 1, double = true; at >= 0; at -= 1, double = !double) {
    const digit = Number(digits[at]) * (double ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return `${digits}${(10 - (sum % 10)) % 10}`;
}
