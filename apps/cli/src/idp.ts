import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type Connection, Refused, answered, ask, change } from './tenant-api-client.js';
import { type Options, connectionOf, reaching } from './tenant-options.js';

interface Provider {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly enabled: boolean;
  readonly version: number;
}

interface Explanation {
  readonly label: string;
  readonly outcome: string;
  readonly because: string;
  readonly children?: readonly Explanation[];
}

/** `writ idp`: connect an identity provider, test it with a real token, map claims to roles, enable it. */
export function idpCommand(): Command {
  const idp = new Command('idp').description("connect the tenant's identity provider");
  reaching(idp.command('add'))
    .description('register an OIDC issuer by discovery')
    .requiredOption('--name <name>')
    .requiredOption('--issuer <url>')
    .requiredOption('--audience <audience...>', 'audiences that tokens may have')
    .option('--bind <claim=value...>', 'claims that must hold exactly this value, such as tid, hd, org_id', [])
    .option('--confirm-cross-origin', 'the key addresses of another origin are right', false)
    .action((options: Options & AddOptions) => answered(options.json ?? false, () => add(options)));
  reaching(idp.command('list'))
    .description('the identity providers of the tenant')
    .action((options: Options) =>
      answered(options.json ?? false, async () => {
        const value = await providers(connectionOf(options));
        return {
          value,
          lines: value.map(({ name, issuer, enabled }) => `${name}  ${issuer}  ${enabled ? 'enabled' : 'not enabled'}`),
        };
      }),
    );
  reaching(idp.command('test'))
    .description('check a real token and say what each check found')
    .requiredOption('--name <name>')
    .requiredOption('--token <file>', 'a file that holds a real access token; for mtls a certificate')
    .action((options: Options & { readonly name: string; readonly token: string }) =>
      answered(options.json ?? false, () => test(options)),
    );
  reaching(idp.command('map'))
    .description('replace the mapping from claims to roles')
    .requiredOption('--name <name>')
    .requiredOption('--rule <claim=value:role...>', 'such as groups=admins:owner')
    .action((options: Options & { readonly name: string; readonly rule: readonly string[] }) =>
      answered(options.json ?? false, () => map(options)),
    );
  reaching(idp.command('enable'))
    .description('trust it from now on')
    .requiredOption('--name <name>')
    .action((options: Options & { readonly name: string }) =>
      answered(options.json ?? false, async () => {
        const { id, version } = await provider(connectionOf(options), options.name);
        const value = await change(
          connectionOf(options),
          'enableIdentityProvider',
          { id, expectedVersion: version },
          'identityProvider { id enabled }',
        );
        return {
          value,
          lines: [
            `${options.name} is enabled; gateways know it within two seconds`,
            "An owner takes over with an access token of its own: writ tenant complete --token-file <the owner's token>",
          ],
        };
      }),
    );
  return idp;
}

interface AddOptions {
  readonly name: string;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly bind: readonly string[];
  readonly confirmCrossOrigin: boolean;
}

async function add(options: Options & AddOptions) {
  const boundClaims = options.bind.map((text) => {
    const [name = '', ...value] = text.split('=');
    return { name, value: value.join('=') };
  });
  const { name, issuer, audience: audiences, confirmCrossOrigin } = options;
  const input = { name, issuer, audiences, boundClaims, confirmCrossOrigin };
  const value = await change(
    connectionOf(options),
    'createIdentityProvider',
    input,
    'identityProvider { id jwksUri algorithms }',
  );
  return {
    value,
    lines: [`${name} is registered; test it with a real token before it is trusted: writ idp test --name ${name}`],
  };
}

async function test(options: Options & { readonly name: string; readonly token: string }) {
  const { id } = await provider(connectionOf(options), options.name);
  const token = readFileSync(options.token, 'utf8').trim();
  const fields = 'passed roles explanation { label outcome because children { label outcome because } }';
  const value = await change(connectionOf(options), 'testIdentityProvider', { id, token }, fields);
  if (value['passed'] !== true) process.exitCode = 1;
  return { value, lines: linesOf(value['explanation'] as Explanation, '') };
}

function linesOf({ label, outcome, because, children = [] }: Explanation, indent: string): readonly string[] {
  return [
    `${indent}${outcome.padEnd(7)} ${label}: ${because}`,
    ...children.flatMap((child) => linesOf(child, `${indent}  `)),
  ];
}

const rule = /^([^=]+)=(.+):([a-z0-9-]+)$/;

async function map(options: Options & { readonly name: string; readonly rule: readonly string[] }) {
  const mappings = options.rule.map((text) => {
    const [, claim, equals, role] = rule.exec(text) ?? [];
    if (claim === undefined) throw new Refused(`\`${text}\` is not a rule; write such as groups=admins:owner`);
    return { claim, equals, role };
  });
  const { id, version } = await provider(connectionOf(options), options.name);
  const input = { id, expectedVersion: version, mappings };
  const value = await change(connectionOf(options), 'setClaimMappings', input, 'identityProvider { id version }');
  return { value, lines: [`${mappings.length} rules give roles at ${options.name}`] };
}

async function providers(connection: Connection): Promise<readonly Provider[]> {
  const query = '{ identityProviders(first: 100) { edges { node { id name issuer enabled version } } } }';
  const { identityProviders } = await ask(connection, query);
  return (identityProviders as { edges: readonly { node: Provider }[] }).edges.map(({ node }) => node);
}

async function provider(connection: Connection, name: string): Promise<Provider> {
  const found = (await providers(connection)).find((one) => one.name === name);
  if (!found) throw new Refused(`there is no identity provider named ${name}; writ idp list shows them`);
  return found;
}
