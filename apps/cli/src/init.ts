import { Command } from 'commander';
import { deviceLogin } from './device-login.js';
import { answered, change } from './tenant-api-client.js';

const commandLineClient = 'writ-cli';

interface Options {
  readonly api: string;
  readonly save: string;
  readonly json?: boolean;
}

interface InitOptions extends Options {
  readonly name: string;
  readonly region: string;
}

interface LoginOptions extends Options {
  readonly issuer?: string;
  readonly clientId: string;
  readonly scope?: string;
  readonly resource?: string;
}

/** `writ init`: from nothing to a tenant, without a browser on this machine. */
export function initCommand(): Command {
  return new Command('init')
    .description('sign in on any device and create the tenant, without a browser here')
    .requiredOption('--api <url>', 'where the tenant API stands')
    .requiredOption('--name <name>')
    .requiredOption('--region <region>', 'where records are kept, such as eu-central-1')
    .requiredOption('--save <file>', 'where the setup token goes')
    .option('--json', 'print JSON')
    .action((options: InitOptions) => answered(options.json ?? false, () => init(options)));
}

/** `writ login`: a token by the device flow, of the bootstrap issuer or of the tenant's own. */
export function loginCommand(): Command {
  return new Command('login')
    .description('sign in on any device; the token goes to a file that only you can read')
    .requiredOption('--api <url>', 'where the tenant API stands')
    .requiredOption('--save <file>', 'where the token goes')
    .option('--issuer <url>', "your tenant's own issuer; the bootstrap issuer when absent")
    .option('--client-id <id>', 'a client of that issuer which may use the device flow', commandLineClient)
    .option('--scope <scope>', 'what to ask for at your own issuer', 'openid')
    .option('--resource <uri>', 'for whom the token is, where the issuer asks (RFC 8707)')
    .option('--json', 'print JSON')
    .action((options: LoginOptions) => answered(options.json ?? false, () => login(options)));
}

async function init({ api, name, region, save }: InitOptions) {
  await atBootstrap(api, save);
  const fields = 'tenant { id state logOrigin nextSteps { name mutation } }';
  const { tenant } = await change({ api, tokenFile: save }, 'createTenant', { name, region }, fields);
  const { id, logOrigin, nextSteps } = tenant as {
    readonly id: string;
    readonly logOrigin: string;
    readonly nextSteps: readonly { readonly name: string; readonly mutation: string }[];
  };
  return {
    value: tenant,
    lines: [
      `${id} is there; its log is ${logOrigin}. The setup token in ${save} can do nothing but federate.`,
      ...nextSteps.map((step) => `  next  ${step.name} (${step.mutation})`),
    ],
  };
}

async function login({ api, save, issuer, clientId, scope = 'openid', resource }: LoginOptions) {
  const own = issuer === undefined ? undefined : { issuer, clientId, scope, save };
  const expiresAt = own
    ? await deviceLogin({ ...own, ...(resource !== undefined && { resource }) })
    : await atBootstrap(api, save);
  const until = expiresAt === undefined ? '' : ` until ${expiresAt.toISOString()}`;
  return { value: { savedTo: save, expiresAt }, lines: [`The token is in ${save}${until}.`] };
}

function atBootstrap(api: string, save: string): Promise<Date | undefined> {
  const issuer = new URL('/oidc', api).href;
  return deviceLogin({ issuer, clientId: commandLineClient, scope: 'tenant:setup', save });
}
