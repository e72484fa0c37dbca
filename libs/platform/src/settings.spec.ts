import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readSettings } from './settings.js';

const schema = z.object({ databaseUrl: z.string(), port: z.coerce.number() });

describe('settings', () => {
  it('lists every missing and every unknown key at once', () => {
    const read = readSettings(schema, { WRIT_PROT: '1' });
    expect(read.ok).toBe(false);
    if (!read.ok)
      expect(new Set(read.error.map((line) => line.split(':')[0]))).toEqual(
        new Set(['WRIT_DATABASE_URL', 'WRIT_PORT', 'WRIT_PROT']),
      );
  });

  it('leaves keys of others alone and freezes the value', () => {
    const read = readSettings(schema, { WRIT_DATABASE_URL: 'x', WRIT_PORT: '5', HOME: '/' });
    expect(read).toEqual({ ok: true, value: { databaseUrl: 'x', port: 5 } });
    if (read.ok) expect(Object.isFrozen(read.value)).toBe(true);
  });
});
