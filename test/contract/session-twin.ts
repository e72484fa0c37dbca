import type { TenantContext } from '@writ/domain';
import { type Login, type PlanePool, schemaOf } from '@writ/postgres';
import type { Pool, PoolClient } from 'pg';
import { type Interrupt, statements } from './walls-trials.js';

/** What befalls one message on its way: a cancel from elsewhere, or the connection lost before or after it was carried out. */
export type Hazard = 'none' | 'cancelled' | 'lost-before' | 'lost-after';

class ServerError extends Error {
  constructor(
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

type Settings = Record<string, string | undefined>;
interface Answer {
  readonly command: string;
  readonly rows: readonly object[];
}

const setting = /set_config\('([a-z._]+)', (?:\$(\d)|'([^']*)'), (true|false)\)/g;
const ended = (): ServerError => new ServerError('Connection terminated unexpectedly');

/**
 * One session of Postgres in memory, as far as the walls rest on it: role, search path and tenant that hold for a transaction
 * or for the session, the state of the transaction, the right to a schema. It runs the statements of `withTenant` and of the
 * wall trials; any other is a bug of the test and throws. The contract beside it compares each answer with the real one's.
 */
class SessionTwin {
  status: 'I' | 'T' | 'E' = 'I';
  isAlive = true;
  /** What somebody asked of the statement that runs next. */
  interrupt: 'cancel' | 'kill' | undefined;
  #ofSession: Settings = { search_path: 'pg_catalog', role: 'none' };
  #beforeTransaction: Settings = {};
  #local: Settings = {};

  constructor(
    private readonly login: string,
    private readonly rows: ReadonlyMap<string, readonly string[]>,
  ) {}

  run(text: string, values: readonly unknown[], hazard: Hazard): Answer {
    if (!this.isAlive) throw ended();
    if (hazard === 'lost-before') this.#die();
    if (hazard === 'lost-before') throw ended();
    const answer = this.#carriedOut(text, values, hazard === 'cancelled');
    if (hazard !== 'lost-after') return answer;
    this.#die();
    throw ended();
  }

  #carriedOut(text: string, values: readonly unknown[], isCancelled: boolean): Answer {
    try {
      if (text.startsWith('BEGIN')) return this.#begin(isCancelled);
      if (text === 'COMMIT' || text === 'ROLLBACK') return this.#end(text, isCancelled);
      if (this.status === 'E') throw new ServerError('current transaction is aborted', '25P02');
      if (isCancelled) throw new ServerError('canceling statement due to user request', '57014');
      return { command: 'SELECT', rows: [this.#select(text, values)] };
    } catch (cause) {
      if (this.status === 'T') this.status = 'E';
      throw cause;
    } finally {
      // Outside a transaction, each statement is one: what was set for it ends with it.
      if (this.status === 'I') this.#local = {};
    }
  }

  #begin(isCancelled: boolean): Answer {
    if (isCancelled) throw new ServerError('canceling statement due to user request', '57014');
    if (this.status === 'E') throw new ServerError('current transaction is aborted', '25P02');
    if (this.status === 'I') this.#beforeTransaction = { ...this.#ofSession };
    this.status = 'T';
    return { command: 'BEGIN', rows: [] };
  }

  #end(text: 'COMMIT' | 'ROLLBACK', isCancelled: boolean): Answer {
    const isKept = text === 'COMMIT' && this.status === 'T' && !isCancelled;
    if (this.status !== 'I' && !isKept) this.#ofSession = this.#beforeTransaction;
    this.status = 'I';
    this.#local = {};
    if (isCancelled && text === 'COMMIT') throw new ServerError('canceling statement due to user request', '57014');
    return { command: isKept ? 'COMMIT' : 'ROLLBACK', rows: [] };
  }

  #select(text: string, values: readonly unknown[]): object {
    if (text === statements.looks) return this.#looks(String(values[0]));
    if (text === statements.left) return this.#whereabouts();
    if (text === statements.fails) throw new ServerError('division by zero', '22012');
    if (text === statements.names) return { pid: 1 };
    if (text === statements.lasts) return this.#wait();
    if (text === statements.sleeps && this.#now('statement_timeout') === '1')
      throw new ServerError('canceling statement due to statement timeout', '57014');
    if (text === statements.sleeps || text === statements.dozes) return { pg_sleep: '' };
    if (text === 'SELECT pg_is_in_recovery() AS standby') return { standby: false };
    const settings = [...text.matchAll(setting)];
    if (settings.length === 0) throw new Error(`the twin does not know this statement: ${text}`);
    for (const [, name = '', place, literal, scope] of settings)
      this.#set(name, place === undefined ? (literal ?? '') : String(values[Number(place) - 1]), scope === 'true');
    return {};
  }

  /** Nothing lasts here: what would is interrupted at once, or the test has a bug. */
  #wait(): never {
    const kind = this.interrupt;
    this.interrupt = undefined;
    if (kind === 'cancel') throw new ServerError('canceling statement due to user request', '57014');
    if (kind === undefined) throw new Error('nobody interrupts a statement that lasts');
    this.#die();
    throw new ServerError('terminating connection due to administrator command', '57P01');
  }

  #set(name: string, value: string, isLocal: boolean): void {
    if (name === 'role' && value !== 'none' && !this.rows.has(value))
      throw new ServerError(`role "${value}" does not exist`, '22023');
    if (isLocal) this.#local[name] = value;
    else this.#ofSession[name] = value;
  }

  #now(name: string): string | undefined {
    return this.#local[name] ?? this.#ofSession[name];
  }

  #user(): string {
    const role = this.#now('role');
    return role === undefined || role === 'none' ? this.login : role;
  }

  #whereabouts(): { readonly role: string; readonly path: string; readonly tenant: string | null } {
    return { role: this.#user(), path: this.#now('search_path') ?? '', tenant: this.#now('app.tenant') ?? null };
  }

  #looks(tenant: string): object {
    const [schema = ''] = (this.#now('search_path') ?? '').split(', ');
    const rows = this.rows.get(schema);
    if (rows === undefined) throw new ServerError('relation "record" does not exist', '42P01');
    if (schema !== this.#user()) throw new ServerError('permission denied for table record', '42501');
    return { ...this.#whereabouts(), rows: rows.length, foreign: rows.filter((owner) => owner !== tenant).length };
  }

  #die(): void {
    this.isAlive = false;
  }
}

/** A connection to a session: statements are carried out in the order in which they were sent, one after another. */
class ConnectionTwin {
  readonly session: SessionTwin;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    session: SessionTwin,
    private readonly hazard: () => Hazard,
    private readonly giveBack: (client: ConnectionTwin, isBroken: boolean) => void,
  ) {
    this.session = session;
  }

  on(): this {
    return this;
  }

  query(statement: string | { readonly text: string; readonly values?: readonly unknown[] }): Promise<Answer> {
    const { text, values = [] } = typeof statement === 'string' ? { text: statement } : statement;
    const answer = this.#last.then(() => this.session.run(text, values, this.hazard()));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  getTransactionStatus(): 'I' | 'T' | 'E' {
    return this.session.status;
  }

  release(isBroken = false): void {
    this.giveBack(this, isBroken || !this.session.isAlive);
  }
}

/**
 * A pool of one connection in front of a database in memory where each tenant has one record. `hazard` is asked for every
 * message of a borrowed connection; a statement that the pool itself carries out is spared.
 */
export function onePoolTwin(
  login: Login,
  tenants: readonly TenantContext[],
  hazard: () => Hazard = () => 'none',
): { readonly plane: PlanePool; readonly interrupt: Interrupt } {
  const rows = new Map(tenants.map(({ tenant }) => [schemaOf(tenant), [tenant as string]]));
  const waiting: (() => void)[] = [];
  let one: ConnectionTwin | undefined;
  const lent = { is: false };
  let isSpared = false;
  const giveBack = (client: ConnectionTwin, isBroken: boolean): void => {
    lent.is = false;
    one = isBroken ? undefined : client;
    waiting.shift()?.();
  };
  const connect = async (): Promise<ConnectionTwin> => {
    while (lent.is) await new Promise<void>((resolve) => void waiting.push(resolve));
    lent.is = true;
    return (one ??= new ConnectionTwin(new SessionTwin(login, rows), () => (isSpared ? 'none' : hazard()), giveBack));
  };
  const query = async (text: string): Promise<Answer> => {
    const client = await connect();
    isSpared = true;
    try {
      return await client.query(text);
    } finally {
      isSpared = false;
      client.release();
    }
  };
  const pool = { connect: connect as unknown as () => Promise<PoolClient>, query } as unknown as Pool;
  const interrupt: Interrupt = (kind) => {
    if (one !== undefined) one.session.interrupt = kind;
    return Promise.resolve();
  };
  return { plane: { login, url: 'twin:', pool, close: () => Promise.resolve() }, interrupt };
}

/** One message in fifty meets something, when `random` says so. */
export function seededHazard(random: () => number): () => Hazard {
  return () => {
    const fate = random();
    if (fate > 0.02) return 'none';
    return fate < 0.008 ? 'cancelled' : fate < 0.014 ? 'lost-before' : 'lost-after';
  };
}
