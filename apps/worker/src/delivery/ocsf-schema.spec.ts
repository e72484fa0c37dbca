import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '@writ/domain';
import { type ClearRecord, ocsfEvent } from './ocsf.js';

interface Attribute {
  readonly type: string;
  readonly requirement: 'required' | 'recommended' | 'optional';
  readonly is_array?: boolean;
  /** Only where the event names this profile. */
  readonly profile?: string;
  readonly sibling?: string;
  readonly enum?: Readonly<Record<string, string>>;
}

interface Definition {
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly constraints?: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] };
}

interface Schema {
  readonly version: string;
  readonly class: Definition & { readonly class_uid: number; readonly category_uid: number };
  readonly objects: Readonly<Record<string, Definition>>;
  readonly types: Readonly<Record<string, { readonly base?: string }>>;
}

const file = new URL('../../ocsf/api-activity.json', import.meta.url);
const schema = JSON.parse(readFileSync(file, 'utf8')) as Schema;

/** Everything in which the event is not what the schema says. */
function faultsOf(event: JsonObject): readonly string[] {
  const { class_uid, category_uid, activity_id, type_uid, metadata } = event;
  const profiles = (metadata as JsonObject | undefined)?.['profiles'];
  const applied = Array.isArray(profiles) ? profiles.map(String) : [];
  const faults = faultsIn(event, schema.class, '', applied, new Set(['class_uid', 'category_uid']));
  if (class_uid !== schema.class.class_uid) faults.push('class_uid');
  if (category_uid !== schema.class.category_uid) faults.push('category_uid');
  if (type_uid !== Number(class_uid) * 100 + Number(activity_id)) faults.push('type_uid is not class and activity');
  return faults;
}

function faultsIn(
  value: JsonObject,
  definition: Definition,
  path: string,
  profiles: readonly string[],
  own: ReadonlySet<string> = new Set(),
): string[] {
  const faults: string[] = [];
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const [name, each] of Object.entries(value)) {
    const attribute = definition.attributes[name];
    if (attribute === undefined) faults.push(`${at(name)} is unknown`);
    else if (attribute.profile !== undefined && !profiles.includes(attribute.profile))
      faults.push(`${at(name)} needs the profile ${attribute.profile}`);
    else
      faults.push(
        ...faultsOfValue(each, attribute, at(name), profiles, own.has(name)),
        ...(own.has(name) ? [] : siblingFaults(value, name, attribute, at(name))),
      );
  }
  for (const [name, { requirement, profile }] of Object.entries(definition.attributes))
    if (
      requirement === 'required' &&
      (profile === undefined || profiles.includes(profile)) &&
      value[name] === undefined
    )
      faults.push(`${at(name)} is missing`);
  const { at_least_one: some, just_one: one } = definition.constraints ?? {};
  if (some !== undefined && !some.some((name) => value[name] !== undefined))
    faults.push(`${path} needs one of ${some.join()}`);
  if (one !== undefined && one.filter((name) => value[name] !== undefined).length !== 1)
    faults.push(`${path} needs just one of ${one.join()}`);
  return faults;
}

/** The caption beside an enumeration is the enumeration's own, unless its value is 99 (Other). */
function siblingFaults(
  value: JsonObject,
  name: string,
  { sibling, enum: captions }: Attribute,
  path: string,
): string[] {
  const caption = sibling === undefined ? undefined : value[sibling];
  if (caption === undefined || captions === undefined || value[name] === 99) return [];
  const expected = captions[shown(value[name])];
  return expected === undefined || expected === caption ? [] : [`${path} is ${expected}, and not ${shown(caption)}`];
}

/** As a key of an enumeration, and in a sentence. */
function shown(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function faultsOfValue(
  value: JsonValue,
  attribute: Attribute,
  path: string,
  profiles: readonly string[],
  isFree: boolean,
): string[] {
  if (attribute.is_array === true) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((each: JsonValue, n) =>
      faultsOfValue(each, { ...attribute, is_array: false }, `${path}[${n}]`, profiles, isFree),
    );
  }
  const { type, enum: captions } = attribute;
  if (captions !== undefined && !isFree && captions[shown(value)] === undefined)
    return [`${path} is none of its enumeration`];
  const base = schema.types[type]?.base ?? type;
  if (base === 'integer_t' || base === 'long_t') return Number.isSafeInteger(value) ? [] : [`${path} is no integer`];
  if (base === 'boolean_t') return typeof value === 'boolean' ? [] : [`${path} is no boolean`];
  if (schema.types[type] !== undefined) return typeof value === 'string' ? [] : [`${path} is no text`];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path} is no object`];
  if (type === 'object') return [];
  const definition = schema.objects[type];
  return definition === undefined
    ? [`${path}: the object ${type} is not in the test's copy of the schema`]
    : faultsIn(value as JsonObject, definition, path, profiles);
}

const subject = { kind: 'agent', issuer: 'https://id.example', connection: 'main', roles: ['clinician'], app: 'chat' };
const request = '0198a000-0000-7000-8000-000000000002';
const leafHash = 'ab'.repeat(32);
const record = (index: number, fields: JsonObject): ClearRecord => ({
  index,
  leafHash,
  fields: { id: request, time: 1_760_000_000_000, ...fields },
});

describe('every kind of record as an event', () => {
  it.each<readonly [string, ClearRecord]>([
    [
      'a permit',
      record(0, { kind: 'decision', req: request, effect: 'permit', action: 'chat', model: 'fast', subject }),
    ],
    [
      'a denial',
      record(1, {
        kind: 'decision',
        req: request,
        effect: 'deny',
        action: 'chat',
        model: 'fast',
        subject: { ...subject, kind: 'human' },
      }),
    ],
    [
      'a workload’s',
      record(2, {
        kind: 'decision',
        req: request,
        effect: 'permit',
        subject: { ...subject, kind: 'workload', roles: 'sha256:ff' },
      }),
    ],
    ['a dispatch', record(3, { kind: 'dispatch', req: request, endpoint: 'azure-eu', model: 'gpt' })],
    ['a segment', record(4, { kind: 'segment', req: request })],
    [
      'an outcome',
      record(5, { kind: 'outcome', req: request, result: 'completed', endpoint: 'azure-eu', model: 'gpt' }),
    ],
    ['a failure', record(6, { kind: 'outcome', req: request, result: 'provider-error' })],
    ['an event of the log', record(7, { kind: 'event', name: 'admin.policy-published' })],
    ['a pruned record', { index: 8, leafHash, fields: { kind: 'pruned' } }],
    ['an unreadable record', { index: 9, leafHash, fields: { kind: 'unreadable' } }],
  ])('%s is valid by the schema of OCSF 1.9', (_name, given) => {
    expect(schema.version).toMatch(/^1\.9\./);
    expect(faultsOf(ocsfEvent(given, 't1', 'log/1'))).toEqual([]);
  });

  it('would be found out if it were not', () => {
    const event = ocsfEvent(record(0, { kind: 'decision', effect: 'deny', model: 'fast', subject }), 't1', 'log/1');
    const { api, ...rest } = event;
    expect(faultsOf(rest)).toEqual(['api is missing']);
    expect(faultsOf({ ...event, extra: 1 })).toEqual(['extra is unknown']);
    expect(faultsOf({ ...event, severity_id: 42 })).toEqual(['severity_id is none of its enumeration']);
    expect(faultsOf({ ...event, status: 'Success' })).toEqual(['status_id is Failure, and not Success']);
    expect(faultsOf({ ...event, time: '2026-11-26' })).toEqual(['time is no integer']);
    expect(faultsOf({ ...event, actor: { user: { type: 'User' } } })).toEqual([
      'actor.user needs one of account,name,uid',
    ]);
    const metadata = { ...(event['metadata'] as JsonObject), profiles: ['security_control'] };
    expect(faultsOf({ ...event, metadata })).toEqual(['ai_model needs the profile ai_operation']);
    expect(faultsOf({ ...event, api: { ...(api as JsonObject), service: {} } })).toEqual([
      'api.service needs one of name,uid',
    ]);
  });
});
