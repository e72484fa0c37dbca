/** A moment as the policy's time zone sees it; integers only. */
export interface LocalTime {
  /** 0 to 1439. */
  readonly minute: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** yyyymmdd. */
  readonly date: number;
}

export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

const quarterHourMs = 900_000;
const dayMs = 86_400_000;
/** Offsets change only at quarter hours of UTC, so one answer serves the quarter. Bounded; a pure memo. */
const offsets = new Map<string, Map<number, number>>();
const formats = new Map<string, Intl.DateTimeFormat>();
const rememberedQuarters = 4_096;

/** One request asks for minute, weekday and date of the same moment. */
let last: { readonly zone: string; readonly atMs: number; readonly time: LocalTime | undefined } | undefined;

/** `undefined` for a moment or zone that no calendar has. */
export function localTime(zone: string, atMs: number): LocalTime | undefined {
  if (last?.zone === zone && last.atMs === atMs) return last.time;
  last = { zone, atMs, time: timeAt(zone, atMs) };
  return last.time;
}

function timeAt(zone: string, atMs: number): LocalTime | undefined {
  if (!isMoment(atMs)) return undefined;
  const local = atMs + offsetMs(zone, atMs);
  const day = Math.floor(local / dayMs);
  const date = dateOfDay(day);
  return { minute: Math.floor((local - day * dayMs) / 60_000), weekday: (((day + 4) % 7) + 7) % 7, date };
}

/** The minute alone, as `localTime` tells it: what most rules about time ask for. */
export function localMinute(zone: string, atMs: number): number | undefined {
  if (!isMoment(atMs)) return undefined;
  const local = atMs + offsetMs(zone, atMs);
  return Math.floor((local - Math.floor(local / dayMs) * dayMs) / 60_000);
}

function isMoment(atMs: number): boolean {
  return Number.isFinite(atMs) && Math.abs(atMs) <= 8.64e15 - dayMs;
}

export function isTimeZone(zone: string): boolean {
  try {
    return Number.isFinite(offsetMs(zone, 0));
  } catch {
    return false;
  }
}

/** One request, and the next, ask for the same zone. */
let lastZone = '';
let lastOffsets: Map<number, number> | undefined;

export function offsetMs(zone: string, atMs: number): number {
  if (zone === 'UTC') return 0;
  const quarter = Math.floor(atMs / quarterHourMs);
  let known = zone === lastZone ? lastOffsets : offsets.get(zone);
  if (known === undefined) {
    if (offsets.size >= 1_024) offsets.clear();
    known = new Map<number, number>();
    offsets.set(zone, known);
  }
  lastZone = zone;
  lastOffsets = known;
  let offset = known.get(quarter);
  if (offset === undefined) {
    if (known.size >= rememberedQuarters) known.clear();
    known.set(quarter, (offset = askCalendar(zone, quarter * quarterHourMs)));
  }
  return offset;
}

function askCalendar(zone: string, atMs: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    if (formats.size >= 1_024) formats.clear();
    const numeric = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', second: 'numeric', ...numeric });
    formats.set(zone, format);
  }
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wall - Math.floor(atMs / 1000) * 1000;
}

/** Days since 1970-01-01 to yyyymmdd in the proleptic Gregorian calendar, without a Date object. */
function dateOfDay(days: number): number {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return year * 10_000 + month * 100 + day;
}
