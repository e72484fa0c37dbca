import { type RecordId, parseRecordId } from '@writ/domain';
import { uuidv7 } from '@writ/platform';

export function newRecordId(nowMs: number): RecordId {
  const parsed = parseRecordId(uuidv7(nowMs));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
