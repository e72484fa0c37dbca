import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  parseRecordId,
  parseRequestId,
  tenantOfJob,
  type Ask,
  type Credential,
  type Leaf,
  type Snapshot,
  type Subject,
} from '@writ/domain';
import { classify, loadTaxonomy } from '@writ/classification';
import {
  enforceOrRefuse,
  Neighbours,
  Undecided,
  undecidedBounds,
  type Enforced,
  type Held,
  type Ports,
  type Reservation,
  type UndecidedBounds,
} from '@writ/enforcement';
import { createLedger, rawPublicKey, writerSigner, type LogContext } from '@writ/ledger';
import { compile, link } from '@writ/policy';
import { systemClock } from '@writ/platform';
import { localHealth } from '@writ/routing';
import { aSnapshot, aSubject, must, tenantA } from './builders.js';
import { ClockTwin } from './clock-twin.js';
import { KillSwitch } from './kill-switch.js';
import { LedgerStoreTwin } from './ledger-store-twin.js';
import { ProviderTwin, dialectTwin, type Script } from './provider-twin.js';
import { seeded } from './random.js';
import { ReviewTwin } from './review-twin.js';

export interface HouseOptions {
  readonly seed?: number;
  /** The await at which the process is killed; 0 never. */
  readonly killAt?: number;
  readonly snapshot?: Snapshot;
  readonly subject?: Subject;
  readonly script?: (endpoint: string, call: number) => Script;
  readonly store?: LedgerStoreTwin;
  /** Real time, for tests that speak HTTP to the house. */
  readonly realTime?: boolean;
  /** How many undecided requests a tenant may have; the product's unless set. */
  readonly bounds?: Partial<UndecidedBounds>;
}

/** The whole gateway in memory: real enforcement, policy, classification, ledger and routing; twins of everything outside. */
export class House {
  readonly clock = new ClockTwin();
  readonly store: LedgerStoreTwin;
  readonly kill: KillSwitch;
  readonly providers: ProviderTwin;
  readonly writerKey: KeyObject;
  readonly held: Held;
  readonly ports: Ports;
  readonly undecided: Undecided;
  readonly turnedAway: string[] = [];
  /** The addresses that those came from. */
  readonly refusedFrom: string[] = [];
  readonly settled: string[] = [];
  readonly reviews = new ReviewTwin();
  readonly bugs: unknown[] = [];
  readonly #random: () => number;
  #ids = 0;

  constructor(readonly options: HouseOptions = {}) {
    this.#random = seeded(options.seed ?? 1);
    this.store = options.store ?? new LedgerStoreTwin();
    const delays = seeded((options.seed ?? 1) + 7_777);
    this.kill = new KillSwitch(options.killAt ?? 0, () =>
      options.realTime ? Promise.resolve() : this.clock.after(Math.floor(delays() * 12)).elapsed,
    );
    const { privateKey } = generateKeyPairSync('ed25519');
    this.writerKey = privateKey;
    this.held = holdSnapshot(options.snapshot ?? aSnapshot(), this.clock.nowMs());
    this.providers = new ProviderTwin(options.script ?? (() => ({ pieces: ['Hello', ' there'] })), (permit) =>
      (this.store.leaves.get(tenantA) ?? []).some((leaf) => leaf.record === permit.record.id),
    );
    const clock = options.realTime ? systemClock : this.clock;
    this.undecided = new Undecided({
      bounds: { ...undecidedBounds, ...options.bounds },
      clock,
      neighbours: new Neighbours(() => clock.monotonicMs()),
      later: (then) => void setImmediate(then),
      random: this.#random,
    });
    this.ports = this.#ports();
  }

  get publicKey(): Uint8Array {
    return rawPublicKey(this.writerKey);
  }

  newId(): string {
    this.#ids += 1;
    const time = Math.floor(this.clock.nowMs()).toString(16).padStart(12, '0');
    const tail = `${this.options.seed ?? 1}`.padStart(6, '0') + this.#ids.toString(16).padStart(6, '0');
    return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`;
  }

  async enforce(ask: Ask, credential: Credential, hangUp: AbortSignal): Promise<Enforced> {
    return await enforceOrRefuse(ask, credential, this.ports, hangUp, (error) => this.bugs.push(error));
  }

  #ports(): Ports {
    const { kill, clock, held } = this;
    const subject = this.options.subject ?? aSubject();
    const ledger = createLedger({
      store: {
        append: (leaves) => kill.around(() => this.store.append(leaves)),
        find: (tenant, record) => kill.around(() => this.store.find(tenant, record)),
      },
      writer: writerSigner('gateway-1', this.writerKey),
      clock: this.options.realTime ? systemClock : clock,
      random: (size) => Uint8Array.from({ length: size }, () => Math.floor(this.#random() * 256)),
      settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'twin', errorMs: 0 } },
      logKeys: () => [],
    });
    const reservation: Reservation = {
      id: 'r1',
      worstCaseMicros: '100',
      mode: 'shared',
      headers: {},
      budget: { class: 'standard', remainingCents: 1_000 },
      outputLimits: [],
      leases: [],
      priced: true,
    };
    return {
      ledger,
      clock: this.options.realTime ? systemClock : clock,
      dialects: dialectTwin,
      undecided: this.undecided,
      health: localHealth(),
      ids: { recordId: () => must(parseRecordId(this.newId())), random: this.#random },
      security: {
        refused: (refusal, from) => {
          this.turnedAway.push(refusal.code);
          this.refusedFrom.push(from);
        },
      },
      classifier: {
        classify: (ask, { taxonomy, digestKey }) =>
          Promise.resolve(
            classify(ask.leaves, taxonomy, { digestKey, attachments: ask.attachments, expired: () => false }),
          ),
      },
      identity: {
        identify: (credential) =>
          kill.around(() =>
            Promise.resolve(
              credential.token === 'good'
                ? { ok: true as const, value: { subject, tenant: tenantOfJob(tenantA) } }
                : { ok: false as const, error: { code: 'credential-invalid' as const } },
            ),
          ),
      },
      snapshots: { current: () => kill.around(() => Promise.resolve({ ok: true as const, value: held })) },
      limits: {
        reserve: () => kill.around(() => Promise.resolve({ ok: true as const, value: reservation })),
        settle: async (_tenant, { id }, usage) => {
          await Promise.resolve();
          this.settled.push(`${id}:${usage?.outputTokens ?? 'none'}`);
        },
      },
      reviews: this.reviews,
      providers: { call: (...call) => kill.around(() => this.providers.call(...call)) },
    };
  }
}

export function holdSnapshot(snapshot: Snapshot, atMs: number): Held {
  const log: LogContext = {
    tenant: tenantOfJob(snapshot.tenant),
    origin: `writ.test/${snapshot.tenant}`,
    hmacKey: Buffer.alloc(32, 1),
    contentKey: Buffer.alloc(32, 2),
    keep: snapshot.evidence.keep,
  };
  const image = compile(snapshot.policy.source, snapshot.policy.version);
  if (!image.ok) throw new Error(JSON.stringify(image.error));
  return {
    snapshot,
    policy: link(image.value, snapshot.endpoints, atMs),
    taxonomy: must(loadTaxonomy(snapshot.taxonomy)),
    log,
    digestKey: Buffer.alloc(32, 3),
  };
}

/** One user message, as the OpenAI dialect parses it. */
export function anAsk(house: House, text: string, more: Partial<Ask> = {}): Ask {
  const source = JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: text }] });
  const start = source.indexOf(JSON.stringify(text), source.indexOf('"content":'));
  const leaf: Leaf = {
    path: '/messages/0/content',
    role: 'user',
    text,
    start,
    end: start + JSON.stringify(text).length,
    key: 'content',
  };
  return {
    request: must(parseRequestId(house.newId())),
    dialect: 'openai.chat',
    action: 'chat',
    route: '/v1/chat/completions',
    receivedAt: house.clock.nowMs(),
    source,
    body: {},
    model: 'fast',
    stream: false,
    leaves: [leaf],
    attachments: [],
    tools: [],
    choices: 1,
    metadata: {},
    clientAddress: '127.0.0.1',
    userAgent: 'test',
    ...more,
  };
}

export const goodCredential: Credential = {
  scheme: 'bearer',
  token: 'good',
  method: 'POST',
  url: '/v1/chat/completions',
};

/** Replaces one port of a house. */
export function withPort<K extends keyof Ports>(house: House, name: K, port: Ports[K]): House {
  Object.assign(house.ports, { [name]: port });
  return house;
}
