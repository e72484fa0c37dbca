import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Connection, Refused, answered, ask, change } from './tenant-api-client.js';
import { type Options, connectionOf, reaching } from './tenant-options.js';

/** What the first owner does once the identity provider is enabled: take over, prove a domain, arm break-glass. */
export function ownerCommands(tenant: Command): void {
  reaching(tenant.command('complete'))
    .description("take over as the first owner, with the owner's own access token; the setup token ends")
    .action((options: Options) =>
      answered(options.json ?? false, async () => {
        const value = await change(
          connectionOf(options),
          'completeSetup',
          {},
          'tenant { id state breakGlass { state } }',
        );
        const { state, breakGlass } = value['tenant'] as { state: string; breakGlass: { state: string } };
        return {
          value,
          lines: [`The tenant is ${state}; break-glass is ${breakGlass.state}. Next: writ tenant status`],
        };
      }),
    );
  reaching(tenant.command('domain'))
    .description('prove a DNS domain: once for the TXT record to add, again once it is there')
    .requiredOption('--name <domain>')
    .action((options: Options & { readonly name: string }) => answered(options.json ?? false, () => domain(options)));
  reaching(tenant.command('arm-break-glass'))
    .description('two recovery codes to print, for the day when the identity provider is gone')
    .requiredOption('--save <file>', 'where the codes go: print them, then remove it')
    .option('--holder <address>', 'another person whose passkey it shall take; needs a second owner')
    .option('--new-passkey', 'the passkey was lost: the holder gets a link for a new one', false)
    .option('--alarm-to <address...>', 'who else hears of every use')
    .action((options: Options & ArmOptions) => answered(options.json ?? false, () => arm(options)));
}

interface Domain {
  readonly id: string;
  readonly name: string;
  readonly recordName: string;
  readonly recordValue: string;
  readonly verifiedAt: string | null;
}

const fields = 'id name recordName recordValue verifiedAt';

async function domain(options: Options & { readonly name: string }) {
  const connection = connectionOf(options);
  const name = options.name.toLowerCase();
  const known = (await domains(connection)).find((each) => each.name === name);
  if (known === undefined) {
    const value = await change(connection, 'createDomain', { name }, `domain { ${fields} }`);
    const { recordName, recordValue } = value['domain'] as Domain;
    return { value, lines: [`Add this TXT record, then run the same again: ${recordName} ${recordValue}`] };
  }
  if (known.verifiedAt !== null) return { value: known, lines: [`${name} was proved at ${known.verifiedAt}`] };
  const value = await change(connection, 'verifyDomain', { id: known.id }, `domain { ${fields} }`);
  return { value, lines: [`${name} is proved`] };
}

async function domains(connection: Connection): Promise<readonly Domain[]> {
  const value = await ask(connection, `{ domains(first: 100) { edges { node { ${fields} } } } }`);
  return (value['domains'] as { edges: readonly { node: Domain }[] }).edges.map(({ node }) => node);
}

interface ArmOptions {
  readonly save: string;
  readonly holder?: string;
  readonly newPasskey: boolean;
  readonly alarmTo?: readonly string[];
}

async function arm(options: Options & ArmOptions) {
  const { save, holder, newPasskey, alarmTo } = options;
  const input = { newPasskey, ...(holder !== undefined && { holder }), ...(alarmTo && { alarmTo }) };
  // The file is made first: codes that could be shown nowhere would have ended the older ones for nothing.
  if (existsSync(save)) throw new Refused(`${save} is there already; name a file that is not`);
  writeFileSync(save, '', { mode: 0o600, flag: 'wx' });
  const selection = 'recoveryCodes breakGlass { state holder armedUntil }';
  const armed = await change(connectionOf(options), 'armBreakGlass', input, selection).catch((cause: unknown) => {
    rmSync(save);
    throw cause;
  });
  writeFileSync(save, `${(armed['recoveryCodes'] as readonly string[]).join('\n')}\n`);
  const { state, holder: person, armedUntil } = armed['breakGlass'] as Readonly<Record<string, string>>;
  const told =
    state === 'ARMED'
      ? `Break-glass is armed until ${armedUntil}; it takes a code and the passkey of ${person}, on the page /break-glass.`
      : `Break-glass is ${state}: it opens nothing until ${person} has registered a passkey by the link that was mailed.`;
  return {
    value: { savedTo: save, state, armedUntil },
    lines: [`Two codes are in ${save}: print them, and remove it.`, told],
  };
}
