import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { health } from './health.js';

describe('health', () => {
  it('is ready until this instance gives a reason, and says the reason', async () => {
    const because: string[] = [];
    const app = fastify();
    health(app, { notReady: () => because });
    expect((await app.inject('/readyz')).json()).toEqual({ ready: true, because: [] });
    because.push('no signing key');
    const refused = await app.inject('/readyz');
    expect([refused.statusCode, refused.json()]).toEqual([503, { ready: false, because: ['no signing key'] }]);
    expect((await app.inject('/livez')).statusCode).toBe(200);
  });
});
