import { Client } from 'pg';
import { Backoff } from './backoff.js';
import type { PlanePool } from './plane.js';

export interface ListenerEvents {
  readonly notified: (payload: string) => void;
  /** Also after every reconnect: what was said meanwhile is lost, so look again. */
  readonly connected: () => void;
  readonly lost: (cause: Error) => void;
}

const pingMs = 5_000;

/** One connection that listens on one channel for as long as the process lives, and comes back by itself. */
export class Listener {
  readonly #plane: PlanePool;
  readonly #channel: string;
  readonly #events: ListenerEvents;
  readonly #backoff = new Backoff({ firstMs: 100, maximumMs: 2_000 });
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ping: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(plane: PlanePool, channel: string, events: ListenerEvents) {
    this.#plane = plane;
    this.#channel = channel;
    this.#events = events;
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#ping);
    await this.#client?.end();
  }

  async #connect(): Promise<void> {
    const client = new Client({
      connectionString: this.#plane.url,
      application_name: `${this.#plane.login} listener`,
      connectionTimeoutMillis: 2_000,
      query_timeout: 2_000,
      keepAlive: true,
    });
    let over = false;
    const lose = (cause: Error): void => {
      if (over) return;
      over = true;
      this.#client = undefined;
      clearInterval(this.#ping);
      if (this.#closed) return;
      this.#events.lost(cause);
      this.#timer = setTimeout(() => void this.#connect(), this.#backoff.failed());
      client.end().catch(() => undefined);
    };
    client.on('error', lose);
    client.on('end', () => lose(new Error('the connection ended')));
    client.on('notification', ({ payload }) => this.#events.notified(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${client.escapeIdentifier(this.#channel)}`);
    } catch (cause) {
      lose(cause instanceof Error ? cause : new Error(String(cause)));
      return;
    }
    if (this.#closed) {
      await client.end();
      return;
    }
    this.#client = client;
    // A connection that died in silence looks like one on which nothing happens.
    this.#ping = setInterval(() => void client.query('SELECT').catch(lose), pingMs);
    this.#backoff.succeeded();
    this.#events.connected();
  }
}
