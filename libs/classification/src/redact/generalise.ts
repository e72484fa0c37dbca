/** Coarser values that still serve statistics: 45 CFR 164.514(b)(2), the Safe Harbor list. */
export function generalise(type: string, value: string): string {
  switch (type) {
    case 'DATE':
    case 'DATE_OF_BIRTH':
      return /(?:19|20)\d{2}/.exec(value)?.[0] ?? '[DATE]';
    case 'AGE': {
      const years = Number(/\d{1,3}/.exec(value)?.[0]);
      return years > 89 ? '90+' : value;
    }
    case 'LOCATION': {
      const zip = /\b(\d{3})\d{2}(?:-\d{4})?$/.exec(value);
      return zip ? `${sparse.has(zip[1]!) ? '000' : zip[1]!}**` : '[LOCATION]';
    }
    case 'IP_ADDRESS':
      return value.includes('.') ? value.replace(/\.\d+$/, '.0') : '[IP_ADDRESS]';
    default:
      return `[${type}]`;
  }
}

/** ZIP areas of fewer than 20,000 people (census of 2000, as the rule's guidance lists them). */
const sparse = new Set('036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893'.split(' '));
