import type { Listed, ObjectVersion } from './object-store.js';
import { elementsOf, textOf } from './xml.js';

export function readListed(xml: string): readonly Listed[] {
  return elementsOf(xml, 'Contents').map(({ inside }) => ({
    key: keyIn(inside, 'Key'),
    bytes: Number(textOf(inside, 'Size')),
    modifiedAt: Date.parse(textOf(inside, 'LastModified') ?? ''),
  }));
}

export function readVersions(xml: string): {
  readonly versions: readonly ObjectVersion[];
  readonly next: Readonly<Record<string, string>> | undefined;
} {
  const versions = elementsOf(xml, 'Version', 'DeleteMarker').map(({ name, inside }) => ({
    key: keyIn(inside, 'Key'),
    version: textOf(inside, 'VersionId') ?? '',
    isMarker: name === 'DeleteMarker',
    modifiedAt: Date.parse(textOf(inside, 'LastModified') ?? ''),
  }));
  const isWhole = textOf(xml, 'IsTruncated') !== 'true';
  const next = {
    'key-marker': keyIn(xml, 'NextKeyMarker'),
    'version-id-marker': textOf(xml, 'NextVersionIdMarker') ?? '',
  };
  return { versions, next: isWhole ? undefined : next };
}

/** Keys are asked for percent-encoded, so that no character of a key can spoil the document. */
function keyIn(xml: string, name: string): string {
  return decodeURIComponent((textOf(xml, name) ?? '').replaceAll('+', ' '));
}
