import type { JsonObject, JsonValue, Subject } from '@writ/domain';
import { createHmac } from 'node:crypto';
import { sha256Hex, toBase64Url } from './bytes.js';
import { type CanonicalMembers, canonicalJson, namesInOrder } from './canonical-json.js';

/** What one kind of record says: clear members, and values that are committed to and perhaps sealed. */
export interface RecordFields {
  readonly clear: CanonicalMembers;
  readonly committed: readonly CommittedField[];
  readonly subjectRef?: string;
}

export interface CommittedField {
  readonly name: string;
  readonly value: string;
  /** Identities, addresses and free text are; content as far as the content policy goes. */
  readonly seal: boolean;
}

const clearTextLimit = 256;
const printable = /^[\x20-\x7e]*$/;
const clearListBytes = 4_096;

/**
 * What must not stand in a text that people read: controls, separators of lines, and the marks that turn the direction of the text
 * around or hide in it, so that it reads as something else.
 */
const unreadable = /[\p{Cc}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** Text that a caller may have chosen, made safe to read in any terminal, table or browser: short, and free of controls. */
export function clearText(text: string): string {
  if (text.length <= clearTextLimit && printable.test(text)) return text;
  const safe = text.toWellFormed().replaceAll(unreadable, '\ufffd');
  return safe.length <= clearTextLimit ? safe : `${safe.slice(0, clearTextLimit - 1).toWellFormed()}…`;
}

/** `clearText` as canonical JSON. */
export function clearJson(text: string): string {
  return canonicalJson(clearText(text));
}

/** A set: sorted, once each. A long one is named by its digest; its members are then committed to. */
export function clearSet(values: readonly string[]): JsonValue {
  if (values.length === 0) return [];
  const sorted = [...new Set(values.map(clearText))].toSorted();
  // UTF-8 takes at most three bytes for what UTF-16 counts as one, and quotes and commas or an escape are counted generously.
  if (sorted.reduce((sum, text) => sum + text.length * 6 + 3, 2) <= clearListBytes) return sorted;
  const json = canonicalJson(sorted);
  return Buffer.byteLength(json) <= clearListBytes ? sorted : { count: sorted.length, sha256: sha256Hex(json) };
}

/** `clearSet` as canonical JSON. */
export function clearSetJson(values: readonly string[]): string {
  return values.length === 0 ? '[]' : canonicalJson(clearSet(values));
}

/** Rounded numbers by names made clear, as canonical JSON. */
export function clearNumbersJson(numbers: Readonly<Record<string, number>>): string {
  let json = '';
  for (const name of namesInOrder(numbers)) {
    // A name that has to change may change its place, or become another's.
    if (clearText(name) !== name) return canonicalJson(clearNumbers(numbers));
    json += `${json === '' ? '' : ','}${canonicalJson(name)}:${canonicalJson(Math.round(numbers[name] ?? Number.NaN))}`;
  }
  return `{${json}}`;
}

function clearNumbers(numbers: Readonly<Record<string, number>>): JsonObject {
  return Object.fromEntries(Object.entries(numbers).map(([name, number]) => [clearText(name), Math.round(number)]));
}

/** Text that canonical JSON admits, unchanged where it already is. */
export function canonicalText(text: string): string {
  return text.isWellFormed() && !text.includes('\0') ? text : text.toWellFormed().replaceAll('\0', '\ufffd');
}

export function digestOf(value: JsonValue): string {
  return `sha256:${sha256Hex(canonicalJson(value))}`;
}

/** A handle for one subject within one tenant: the same subject gives the same handle, and without the tenant's key it says nothing. */
export function subjectRef(hmacKey: Uint8Array, subject: Pick<Subject, 'issuer' | 'id'>): string {
  const mac = createHmac('sha256', hmacKey).update(`writ/subject/v1\0${subject.issuer}\0${subject.id}`).digest();
  return toBase64Url(mac.subarray(0, 16));
}

/** What a decision says of who asked. */
export interface SubjectFields {
  /** Canonical JSON. */
  readonly subject: string;
  /** The chain of delegation, canonical JSON. */
  readonly act: string;
  readonly committed: readonly CommittedField[];
  readonly subjectRef: string;
}

const known = new WeakMap<Subject, { readonly hmacKey: Uint8Array; readonly fields: SubjectFields }>();

/**
 * Who, in clear as far as it is not personal. The chain of delegation (RFC 8693 `act`) runs outward. Made once for a subject
 * of a tenant: identity gives the same object as long as the same token comes.
 */
export function subjectFields(subject: Subject, hmacKey: Uint8Array): SubjectFields {
  const made = known.get(subject);
  if (made?.hmacKey === hmacKey) return made.fields;
  const fields = fieldsOfSubject(subject, hmacKey);
  known.set(subject, { hmacKey, fields });
  return fields;
}

function fieldsOfSubject(subject: Subject, hmacKey: Uint8Array): SubjectFields {
  const chain = delegationChain(subject);
  return {
    subject: canonicalJson(identityFields(subject)),
    act: canonicalJson(chain.slice(1).map(identityFields)),
    committed: chain.flatMap((link, at) => personalFields(link, at === 0 ? 'sub' : `act.${at}`)),
    subjectRef: subjectRef(hmacKey, subject),
  };
}

function personalFields(link: Subject, name: string): readonly CommittedField[] {
  const fields = [
    { name, value: link.id, seal: true },
    { name: `${name}.credential`, value: link.credentialThumbprint, seal: true },
  ];
  if (Object.keys(link.attributes).length > 0)
    fields.push({ name: `${name}.attributes`, value: canonicalJson(wellFormed(link.attributes)), seal: true });
  if (!Array.isArray(clearSet(link.groups))) {
    const groups = canonicalJson(link.groups.map(canonicalText).toSorted());
    fields.push({ name: `${name}.groups`, value: groups, seal: true });
  }
  return fields;
}

function delegationChain(subject: Subject): readonly Subject[] {
  const chain: Subject[] = [];
  for (let link: Subject | undefined = subject; link && chain.length < 8; link = link.onBehalfOf) chain.push(link);
  return chain;
}

function identityFields(subject: Subject): JsonObject {
  const { groups, roles, scopes } = subject;
  return {
    kind: subject.kind,
    issuer: clearText(subject.issuer),
    method: subject.method,
    connection: clearText(subject.connection),
    roles: clearSet(subject.roles),
    groups: clearSet(subject.groups),
    scopes: clearSet(subject.scopes),
    authorization: digestOf([groups, roles, scopes].map((names) => names.map(canonicalText))),
    clearance: Math.trunc(subject.clearance),
    ...(subject.department === undefined ? {} : { department: clearText(subject.department) }),
    ...(subject.app === undefined ? {} : { app: clearText(subject.app) }),
  };
}

/** A JSON value that canonicalises: broken surrogates and NUL replaced, undefined members gone, fractions as text. */
export function wellFormed(value: unknown): JsonValue {
  switch (typeof value) {
    case 'string':
      return canonicalText(value);
    case 'boolean':
      return value;
    case 'number':
      return wellFormedNumber(value);
    case 'object':
      if (value === null) return null;
      // A hole or an undefined item is null, as JSON.stringify has it.
      if (Array.isArray(value))
        return Array.from(value, (item: unknown) => (item === undefined ? null : wellFormed(item)));
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, member]) => member !== undefined)
          .map(([name, member]) => [name, wellFormed(member)]),
      );
    default:
      throw new TypeError(`a record holds no ${typeof value}`);
  }
}

/** `canonicalJson(wellFormed(value))` in one pass: a long conversation has hundreds of findings, and none is copied. */
export function canonicalWellFormed(value: unknown): string {
  if (typeof value !== 'object' || value === null) return canonicalJson(wellFormed(value));
  let json = '';
  if (Array.isArray(value)) {
    for (const item of value as unknown[])
      json += `${json === '' ? '' : ','}${item === undefined ? 'null' : canonicalWellFormed(item)}`;
    return `[${json}]`;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of namesInOrder(members)) {
    const member = members[name];
    if (member !== undefined) json += `${json === '' ? '' : ','}${canonicalJson(name)}:${canonicalWellFormed(member)}`;
  }
  return `{${json}}`;
}

function wellFormedNumber(value: number): JsonValue {
  if (!Number.isFinite(value)) return null;
  if (value === 0) return 0;
  return Number.isSafeInteger(value) ? value : String(value);
}
