import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { answered, ask, change } from './tenant-api-client.js';
import { type Options, connectionOf, reaching } from './tenant-options.js';
import { ownerCommands } from './tenant-owner.js';

/** `writ tenant`: sign up, create the tenant, see what is left to do. */
export function tenantCommand(): Command {
  const tenant = new Command('tenant').description('sign up, create a tenant and see its next steps');
  reaching(tenant.command('sign-up'))
    .description('send a one-time code to an e-mail address')
    .requiredOption('--email <address>')
    .action((options: Options & { readonly email: string }) =>
      answered(options.json ?? false, async () => {
        const value = await change(connectionOf(options), 'signUp', { email: options.email }, 'signUpId');
        return {
          value,
          lines: [
            `A code is on its way. Then: writ tenant verify --sign-up ${String(value['signUpId'])} --code <code> --save <file>`,
          ],
        };
      }),
    );
  reaching(tenant.command('verify'))
    .description('exchange the code for a setup token, kept in a file that only you can read')
    .requiredOption('--sign-up <id>')
    .requiredOption('--code <code>')
    .requiredOption('--save <file>', 'where the setup token goes')
    .action((options: Options & { readonly signUp: string; readonly code: string; readonly save: string }) =>
      answered(options.json ?? false, () => verify(options)),
    );
  reaching(tenant.command('create'))
    .description("create the setup token's one tenant")
    .requiredOption('--name <name>')
    .requiredOption('--region <region>', 'where records are kept, such as eu-central-1')
    .action((options: Options & { readonly name: string; readonly region: string }) =>
      answered(options.json ?? false, async () => {
        const { name, region } = options;
        const value = await change(
          connectionOf(options),
          'createTenant',
          { name, region },
          'tenant { id state logOrigin }',
        );
        const created = value['tenant'] as { id: string; logOrigin: string };
        const next =
          'Next: writ idp add, then map, test and enable; a passkey for break-glass at /passkeys of this address';
        return { value: created, lines: [`${created.id} is there; its log is ${created.logOrigin}`, next] };
      }),
    );
  reaching(tenant.command('status'))
    .description('how far the tenant has come, and what is next')
    .action((options: Options) => answered(options.json ?? false, () => status(options)));
  ownerCommands(tenant);
  return tenant;
}

async function verify(options: Options & { readonly signUp: string; readonly code: string; readonly save: string }) {
  const input = { signUpId: options.signUp, code: options.code };
  const { setupToken, expiresAt } = await change(connectionOf(options), 'verifyEmail', input, 'setupToken expiresAt');
  writeFileSync(options.save, String(setupToken), { mode: 0o600 });
  const value = { savedTo: options.save, expiresAt };
  return {
    value,
    lines: [`The setup token is in ${options.save} until ${String(expiresAt)}; it can do nothing but federate.`],
  };
}

interface Step {
  readonly name: string;
  readonly done: boolean;
  readonly optional: boolean;
  readonly mutation: string;
  readonly because: string;
}

async function status(options: Options) {
  const query = '{ tenant { id name state snapshotVersion } setupChecklist { name done optional mutation because } }';
  const value = await ask(connectionOf(options), query);
  const tenant = value['tenant'] as { name: string; state: string; snapshotVersion: number };
  const steps = value['setupChecklist'] as readonly Step[];
  const line = ({ name, done, optional, mutation, because }: Step): string =>
    done ? `  done  ${name}` : `  ${optional ? 'may' : 'next'}  ${name} (${mutation}): ${because}`;
  return {
    value,
    lines: [`${tenant.name} is ${tenant.state}, configuration ${tenant.snapshotVersion}`, ...steps.map(line)],
  };
}
