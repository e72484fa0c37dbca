// THE BENCH BUILD. Our own gateway with steps taken out, so that what each step costs shows. It lives here and not in the
// product: no setting of the product turns off identity, classification, limits, policy or the ledger.
import type { AddressInfo } from 'node:net';
import { createServer, surfaces, readGatewaySettings, wire, type GatewaySettings, type Wiring } from '@writ/gateway';
import { isCleared } from '@writ/classification';
import { limits } from '@writ/domain';
import type { ClassifierPort, IdentityPort, LimitsPort, Ports } from '@writ/enforcement';
import type { Ledger } from '@writ/ledger';
import { guardedDispatcher, openText } from '@writ/platform';
import { createProviders } from '@writ/providers';
import { isAuthorizedBy } from '@writ/routing';

function portsWithout(steps: readonly string[], { ports }: Wiring, given: GatewaySettings): Ports {
  return {
    ...ports,
    ...(steps.includes('identity') ? { identity: believing(ports.identity) } : {}),
    ...(steps.includes('classification') ? { classifier: blind } : {}),
    ...(steps.includes('limits') ? { limits: boundless } : {}),
    ...(steps.includes('ledger') ? { ledger: forgetting(), providers: trusting(given) } : {}),
  };
}

/** Verifies a token the first time it is seen, and never looks at it again. */
function believing(identity: IdentityPort): IdentityPort {
  const believed = new Map<string, ReturnType<IdentityPort['identify']>>();
  return {
    identify(credential) {
      let identified = believed.get(credential.token);
      if (!identified) believed.set(credential.token, (identified = identity.identify(credential)));
      return identified;
    },
  };
}

const blind: ClassifierPort = {
  classify: ({ leaves }) =>
    Promise.resolve({
      classes: {},
      findings: [],
      complete: true,
      incompleteBecause: [],
      taxonomyVersion: 'none',
      engineVersion: 'none',
      leavesScanned: leaves.length,
      charactersScanned: 0,
    }),
};

const boundless: LimitsPort = {
  reserve: () =>
    Promise.resolve({
      ok: true,
      value: {
        id: 'none',
        worstCaseMicros: '0',
        mode: 'shared',
        headers: {},
        budget: undefined,
        outputLimits: [],
        leases: [],
        priced: true,
      },
    }),
  settle: () => Promise.resolve(),
};

/** Neither signs nor stores; what it gives out looks like a receipt and is none. */
function forgetting(): Ledger {
  return { commit: forget } as unknown as Ledger;
}

function forget(_log: unknown, record: { readonly id: string }): Promise<unknown> {
  return Promise.resolve({ ok: true, value: { record, leafHash: '0'.repeat(64), level: 'committed' } });
}

/** A provider port that believes such receipts. */
function trusting({ egressAllowHosts }: GatewaySettings): Ports['providers'] {
  const egress = guardedDispatcher({
    allowHosts: egressAllowHosts,
    connectMs: limits.upstreamConnectMs,
    headersMs: limits.upstreamHeadersMs,
    bodyIdleMs: limits.upstreamIdleMs,
  });
  return createProviders({
    proofs: { isReceipt: () => true, isAuthorizedBy, isCleared },
    dispatcherFor: () => egress,
    openKey: async ({ tenant, contentKey }, { id, sealed }) =>
      openText(contentKey, `${tenant.tenant}|provider_credential|${id}`, sealed),
  });
}

const takenOut = (process.argv[2] ?? '').split(',').filter((step) => step !== 'nothing');
const known = ['identity', 'classification', 'limits', 'ledger'];
if (takenOut.some((step) => !known.includes(step))) throw new Error(`steps are ${known.join(', ')}`);
const settings = readGatewaySettings();
if (!settings.ok) throw new Error(settings.error.join('\n'));
const wiring = wire(settings.value);
const app = await createServer({
  ports: portsWithout(takenOut, wiring, settings.value),
  log: wiring.log,
  surfaces,
  observe: () => undefined,
  isDraining: () => false,
});
await app.listen(settings.value.listenPort, settings.value.listenHost);
const { port } = app.getHttpServer().address() as AddressInfo;
process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
process.on('SIGTERM', () => process.exit(0));
