import { type KeyObject, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { type LedgerAlarm, type WritingLedger, createLedger, rawPublicKey, writerSigner } from '@writ/ledger';
import { type PlanePool, postgresLedgerStore, writerRegister } from '@writ/postgres';
import { systemClock } from '@writ/platform';

export interface OwnLedger {
  readonly ledger: WritingLedger;
  /** False once the register refused this process's writer: then no record of it is accepted any more. */
  readonly isEnrolled: () => boolean;
  close(): Promise<void>;
}

const heartbeatMs = 5_000;

/** This process's own writer: a key in memory, enrolled under the deployment's authority, alive while it heartbeats. */
export async function openLedger(options: {
  readonly plane: PlanePool;
  readonly authority: KeyObject;
  readonly newId: () => string;
  readonly onAlarm: (alarm: LedgerAlarm) => void;
  readonly onProblem: (cause: unknown) => void;
}): Promise<OwnLedger> {
  const register = writerRegister(options.plane);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const id = `tenant-api-${options.newId()}`;
  const rawKey = Buffer.from(rawPublicKey(publicKey)).toString('base64');
  await register.enrol({
    id,
    kind: 'tenant-api',
    publicKey: rawKey,
    statement: statementOf(options.authority, id, rawKey),
  });
  const ledger = createLedger({
    store: postgresLedgerStore(options.plane),
    writer: writerSigner(id, privateKey),
    clock: systemClock,
    random: (count) => randomBytes(count),
    settings: { build: { version: '0.1.0' }, environment: 'production', clock: { source: 'system', errorMs: 1_000 } },
    logKeys: () => [],
    onAlarm: options.onAlarm,
  });
  let enrolled = true;
  const beat = async (): Promise<void> => {
    try {
      const standing = await register.heartbeat(id);
      enrolled = standing === 'active';
    } catch (cause) {
      options.onProblem(cause);
    }
  };
  const timer = setInterval(() => void beat(), heartbeatMs);
  timer.unref();
  return {
    ledger,
    isEnrolled: () => enrolled,
    async close() {
      clearInterval(timer);
      await ledger.drained();
      await register.close(id).catch(options.onProblem);
    },
  };
}

/** JWS (RFC 7515) by which the deployment admits a writer's key. */
function statementOf(authority: KeyObject, id: string, publicKey: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'Ed25519', typ: 'writ-writer+jws' })}.${part({ writer: id, kind: 'tenant-api', publicKey })}`;
  return `${signed}.${sign(null, Buffer.from(signed), authority).toString('base64url')}`;
}
