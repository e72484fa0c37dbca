import type { JsonObject, JsonValue } from '@writ/domain';

/** A record as a sink gets it: its place in the tree, its leaf hash, and the clear fields of its leaf. */
export interface ClearRecord {
  readonly index: number;
  /** Hex. */
  readonly leafHash: string;
  readonly fields: JsonObject;
}

const apiActivity = 6003;
const other = 99;

/**
 * One record as an OCSF 1.9 event of class API Activity (6003). It holds the clear fields alone: identities and texts are
 * commitments in the log, and stay there. `metadata.sequence` is the record's index, so a receiver proves that none is missing.
 */
export function ocsfEvent({ index, leafHash, fields }: ClearRecord, tenant: string, origin: string): JsonObject {
  const kind = text(fields['kind']) ?? 'event';
  const { operation, status, disposition } = readingOf(kind, fields);
  const subject = members(fields['subject']);
  return {
    category_uid: 6,
    category_name: 'Application Activity',
    class_uid: apiActivity,
    class_name: 'API Activity',
    activity_id: other,
    activity_name: kind,
    type_uid: apiActivity * 100 + other,
    type_name: 'API Activity: Other',
    time: number(fields['time']) ?? number(fields['received']) ?? 0,
    severity_id: disposition === 2 ? 3 : 1,
    status_id: status,
    ...(disposition === undefined ? {} : { disposition_id: disposition, action_id: disposition }),
    metadata: {
      version: '1.9.0',
      uid: text(fields['id']) ?? leafHash,
      sequence: index,
      log_name: origin,
      tenant_uid: tenant,
      profiles: ['security_control', 'ai_operation'],
      product: { name: 'Writ', vendor_name: 'Writ' },
    },
    actor: actorOf(subject),
    api: {
      operation,
      service: { name: 'writ-gateway' },
      ...(text(fields['req']) === undefined ? {} : { request: { uid: text(fields['req']) ?? '' } }),
    },
    src_endpoint: { name: 'gateway' },
    ...(text(fields['model']) === undefined
      ? {}
      : { ai_model: { name: text(fields['model']) ?? '', ai_provider: text(fields['endpoint']) ?? 'not chosen yet' } }),
    raw_data_hash: { algorithm: 'SHA-256', algorithm_id: 3, value: leafHash },
    unmapped: fields,
  };
}

/** Of the enumeration `user.type_id`: what has no number of its own is 99, and says what it is. */
const userTypes: Readonly<Record<string, { readonly type_id: number; readonly type: string }>> = {
  human: { type_id: 1, type: 'User' },
  workload: { type_id: 4, type: 'Service' },
};

/** Who asked is sealed in the log; the event says so, and what is in clear: the kind, the roles, and through which app. */
function actorOf(subject: JsonObject): JsonObject {
  const kind = text(subject['kind']);
  if (kind === undefined) return { app_name: 'Writ' };
  return {
    app_name: text(subject['app']) ?? text(subject['connection']) ?? 'unknown',
    user: {
      name: 'sealed',
      ...(userTypes[kind] ?? { type_id: other, type: kind }),
      groups: texts(subject['roles']).map((name) => ({ name })),
    },
  };
}

/**
 * JSON on one line, in which whatever could steer a terminal, break a line or turn a text around stands as an escape. Any reader of
 * JSON gets the same values.
 */
export function plainJson(value: JsonValue): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function readingOf(
  kind: string,
  fields: JsonObject,
): { readonly operation: string; readonly status: number; readonly disposition: number | undefined } {
  if (kind === 'decision') {
    const isDenied = fields['effect'] === 'deny';
    return { operation: text(fields['action']) ?? 'decide', status: isDenied ? 2 : 1, disposition: isDenied ? 2 : 1 };
  }
  const failed = kind === 'outcome' && fields['result'] !== 'completed';
  return { operation: text(fields['name']) ?? kind, status: failed ? 2 : 1, disposition: undefined };
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

function number(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function members(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
