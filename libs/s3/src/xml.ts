/** The text of the first element of this name; S3 nests no element in another of its own name where we look. */
export function textOf(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml);
  return found ? unescapeXml(found[1] ?? '') : undefined;
}

/** The insides of every element of these names, in the order of the document. */
export function elementsOf(
  xml: string,
  ...names: readonly string[]
): readonly { readonly name: string; readonly inside: string }[] {
  const pattern = new RegExp(`<(${names.join('|')})>([\\s\\S]*?)</\\1>`, 'g');
  return Array.from(xml.matchAll(pattern), ([, name = '', inside = '']) => ({ name, inside }));
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-z]{2,4}));/g, (whole, hex, decimal, name) => {
    if (typeof name === 'string') return entities[name] ?? whole;
    const code = typeof hex === 'string' ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
  });
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
