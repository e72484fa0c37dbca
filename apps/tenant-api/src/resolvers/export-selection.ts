import { type JsonObject, type Result, err, limits, ok, parseRecordId } from '@writ/domain';
import { subjectRef } from '@writ/ledger';
import type { ExportSelection } from '@writ/postgres';
import { type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import type { RequestExportInput } from '../schema/evidence.types.js';
import { fromId } from '../schema/ids.js';

/** What an export takes and discloses, as it is kept: a subject is its handle. */
export interface AskedSelection {
  readonly selection: ExportSelection | null;
  readonly disclose: readonly string[];
}

const fieldName = /^[a-z][a-z0-9]*(\.[a-z0-9]+){0,3}$/;
const endpointName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const routeName = /^\/[A-Za-z0-9._~:/-]{0,127}$/;
const className = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
const invalid = (field: string, message: string): UserError => userError(field, UserErrorCode.INVALID, message);

/** Reads the selection of an order; `hmacKey` makes the subject's handle, so that no identity is stored. */
export function readSelection(
  { selection: given, disclose: fields }: Pick<RequestExportInput, 'selection' | 'disclose'>,
  hmacKey: Uint8Array,
): Result<AskedSelection, UserError> {
  const disclose = [...new Set(fields)];
  if (disclose.length > limits.exportDisclosed || disclose.some((name) => !fieldName.test(name)))
    return err(invalid('disclose', `Name at most ${limits.exportDisclosed} fields, such as prompt or sub.`));
  if (given === undefined) {
    return disclose.length === 0
      ? ok({ selection: null, disclose })
      : err(invalid('disclose', 'Only a selection can disclose fields; say which records.'));
  }
  const { issuer, subject, endpoint, route, class: name, records } = given;
  const hasCondition = [issuer, endpoint, route, name].some((each) => each !== undefined);
  if ((issuer === undefined) !== (subject === undefined))
    return err(invalid('selection', 'A subject is named by its issuer and its id there; give both or neither.'));
  if (endpoint !== undefined && !endpointName.test(endpoint))
    return err(invalid('selection', 'That is not the name of an endpoint.'));
  if (route !== undefined && !routeName.test(route))
    return err(invalid('selection', 'That is not a route, such as /v1/chat/completions.'));
  if (name !== undefined && !className.test(name))
    return err(invalid('selection', 'That is not the name of a class, such as PHI.'));
  if (records !== undefined) {
    return hasCondition
      ? err(invalid('selection', 'Name records, or conditions, and not both.'))
      : namedRecords(records, disclose);
  }
  if (!hasCondition)
    return err(
      invalid(
        'selection',
        'Select by subject, endpoint, route, class or records; leave the selection out for all of the range.',
      ),
    );
  return ok({
    selection: {
      ...(issuer === undefined || subject === undefined
        ? {}
        : { subjectRef: subjectRef(hmacKey, { issuer, id: subject }) }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(route === undefined ? {} : { route }),
      ...(name === undefined ? {} : { class: name }),
    },
    disclose,
  });
}

function namedRecords(given: readonly string[], disclose: readonly string[]): Result<AskedSelection, UserError> {
  const records = [...new Set(given.map((id) => fromId('Record', id) ?? id))];
  return records.length > 0 && records.length <= limits.exportNamed && records.every((id) => parseRecordId(id).ok)
    ? ok({ selection: { records }, disclose })
    : err(invalid('selection', `Name 1 to ${limits.exportNamed} records by their ids.`));
}

/** For the record of the order. */
export function selectionFields({ selection, disclose }: AskedSelection): JsonObject {
  if (selection === null) return {};
  const { subjectRef: handle, endpoint, route, class: name, records } = selection;
  return {
    selection: {
      ...(handle === undefined ? {} : { subject_ref: handle }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(route === undefined ? {} : { route }),
      ...(name === undefined ? {} : { class: name }),
      ...(records === undefined ? {} : { records: records.slice(0, 20), count: records.length }),
    },
    disclose: [...disclose],
  };
}
