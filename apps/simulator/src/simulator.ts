import { z } from 'zod';
import type { Script } from './faults.js';
import { type Down, type Issuer, type MintRequest, startIssuer } from './issuer/issuer.js';
import { loginAs, loginAsMachine, type Tokens } from './issuer/login.js';
import { type MachineClient, machines, people, type Person } from './issuer/people.js';
import { ModelsServer, type Recorded } from './models-server.js';
import { json, type Reply } from './reply.js';
import { serviceAccount } from './vendors/gemini/tokens.js';

export interface SimulatorOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  readonly issuerPort?: number;
  readonly people?: readonly Person[];
  readonly machines?: readonly MachineClient[];
  /** Lifetime of access tokens. */
  readonly tokenSeconds?: number;
}

export interface SimulatorUrls {
  /** The root of every vendor; `/at/<name>` in front of any path gives the same vendor another address. */
  readonly models: string;
  /** Base URL for OpenAI clients. */
  readonly openai: string;
  readonly control: string;
  readonly issuer: string;
}

export interface Simulator {
  readonly urls: SimulatorUrls;
  /** Every request that reached a vendor, in order of arrival. */
  requests(): readonly Recorded[];
  forget(): void;
  /** Scripts a fault or dictates an answer. */
  script(script: Script): void;
  clearScripts(): void;
  loginAs(person: string, audience: string): Promise<Tokens>;
  loginAsMachine(clientId: string, audience: string): Promise<Tokens>;
  /** The key file of a service account that Vertex AI knows. */
  readonly serviceAccount: string;
  readonly issuer: Issuer;
  stop(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const known = { people: options.people ?? people, machines: options.machines ?? machines };
  const issuer = await startIssuer(options.issuerPort ?? 0, known, options.tokenSeconds ?? 600);
  const models = new ModelsServer((method, path, body) => control(issuer, method, path, body));
  await models.start(options.port ?? 0);
  const asMachine = (clientId: string, audience: string): Promise<Tokens> => {
    const machine = known.machines.find((candidate) => candidate.clientId === clientId);
    if (!machine) throw new Error(`no machine is called ${clientId}`);
    return loginAsMachine(issuer.url, machine, audience);
  };
  return {
    urls: {
      models: models.url,
      openai: `${models.url}/v1`,
      control: `${models.url}/_control`,
      issuer: issuer.url,
    },
    requests: () => models.recorded,
    forget: () => void (models.recorded.length = 0),
    script: (script) => models.scripts.add(script),
    clearScripts: () => models.scripts.clear(),
    loginAs: (person, audience) => loginAs(issuer.url, person, audience),
    loginAsMachine: asMachine,
    serviceAccount: serviceAccount(models.url),
    issuer,
    async stop() {
      await Promise.all([models.stop(), issuer.stop()]);
    },
  };
}

const mintSchema = z.strictObject({
  person: z.string().optional(),
  audience: z.string().optional(),
  lifetimeSeconds: z.number().optional(),
  claims: z.record(z.string(), z.unknown()).optional(),
  header: z.record(z.string(), z.unknown()).optional(),
  alg: z.enum(['RS256', 'ES256']).optional(),
});
const downSchema = z.strictObject({ how: z.enum(['no', 'refuse', 'hang', '503']) });
const rotateSchema = z.strictObject({ dropOld: z.boolean().default(false) });
const loginSchema = z.strictObject({ person: z.string(), audience: z.string() });

/** The issuer's controls stand at the models' address, so that they answer while the issuer is down. */
async function control(issuer: Issuer, method: string, path: string, body: unknown): Promise<Reply | undefined> {
  if (method === 'GET' && path === '/_control/issuer/asked') return json(200, Object.fromEntries(issuer.asked));
  if (method !== 'POST') return undefined;
  switch (path) {
    case '/_control/issuer/mint':
      return json(200, { accessToken: await issuer.mint(mintSchema.parse(body) as MintRequest) });
    case '/_control/issuer/login': {
      const { person, audience } = loginSchema.parse(body);
      return json(200, await loginAs(issuer.url, person, audience));
    }
    case '/_control/issuer/rotate':
      await issuer.rotate(rotateSchema.parse(body ?? {}).dropOld);
      return json(200, {});
    case '/_control/issuer/down':
      issuer.down(downSchema.parse(body).how satisfies Down);
      return json(200, {});
    default:
      return undefined;
  }
}
