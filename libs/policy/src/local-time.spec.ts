import { describe, expect, it } from '@jest/globals';
import { seeded } from './fuzz.js';
import { localMinute, localTime, weekdays } from './local-time.js';

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia'];

describe('localTime', () => {
  it.each(zones)('agrees with the calendar of the platform in %s, over changes of the clock too', (zone) => {
    const random = seeded(5);
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    const start = Date.UTC(2020, 0, 1);
    for (let round = 0; round < 1_000; round += 1) {
      const atMs = start + Math.floor(random() * 10 * 365 * 86_400_000);
      const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
      const part = (name: string) => Number(parts[name]);
      expect(localTime(zone, atMs)).toEqual({
        minute: part('hour') * 60 + part('minute'),
        weekday: weekdays.findIndex((day) => day === parts['weekday']?.toLowerCase()),
        date: part('year') * 10_000 + part('month') * 100 + part('day'),
      });
      expect(localMinute(zone, atMs)).toBe(part('hour') * 60 + part('minute'));
    }
  });

  it('has no answer for a moment that no calendar has', () => {
    expect(localTime('UTC', Number.NaN)).toBeUndefined();
    expect(localTime('UTC', Infinity)).toBeUndefined();
    expect(localMinute('UTC', Number.NaN)).toBeUndefined();
  });
});
