import {
  type ByteSource,
  type Report,
  clauseTable,
  clauseText,
  parseWitnessPolicy,
  verifyBundle,
} from '@writ/ledger/verify';
import { X509Certificate, createPublicKey } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

export interface VerifyArguments {
  readonly bundle: string;
  readonly root?: string | undefined;
  readonly tsa?: string | undefined;
  readonly compare?: string | undefined;
  readonly policy?: string | undefined;
  readonly pinned?: string | undefined;
  readonly at?: string | undefined;
  readonly structure?: boolean | undefined;
  readonly json?: boolean | undefined;
  /** Tells as well which clause of which regime the fields of a record serve. */
  readonly clauses?: boolean | undefined;
}

/** Arguments that make no sense; nothing was verified. */
export const usageExit = 2;

/** Verifies a bundle file, prints what was found, and resolves to the exit code. Opens no connection. */
export async function verifyFile(args: VerifyArguments, print: (line: string) => void): Promise<number> {
  const opened: FileSource[] = [];
  try {
    const options = optionsOf(args, opened);
    if (typeof options === 'string') {
      print(`writ verify: ${printable(options)}`);
      return usageExit;
    }
    const report = await verifyBundle(open(args.bundle, opened), options);
    if (args.json) print(JSON.stringify(args.clauses ? { ...report, clauses: clauseTable() } : report));
    else printReport(report, args.clauses === true, print);
    return report.exit;
  } catch (fault) {
    print(`writ verify: ${printable(fault instanceof Error ? fault.message : String(fault))}`);
    return usageExit;
  } finally {
    for (const file of opened) file.close();
  }
}

function optionsOf(args: VerifyArguments, opened: FileSource[]) {
  const root = args.root === undefined ? undefined : publicKeyFrom(args.root);
  if (args.root !== undefined && !root) {
    return '--root takes 32 bytes as hex or base64, or a file with them or with a PEM public key';
  }
  const atMs = args.at === undefined ? undefined : Date.parse(args.at);
  if (atMs !== undefined && Number.isNaN(atMs)) return '--at takes a time such as 2026-11-20T00:00:00Z';
  const policy = args.policy === undefined ? undefined : parseWitnessPolicy(readFileSync(args.policy, 'latin1'));
  if (args.policy !== undefined && !policy) return '--policy takes a C2SP tlog-policy file with Ed25519 witnesses';
  return {
    ...(policy ? { policy } : {}),
    ...(args.tsa === undefined ? {} : { timestampAuthority: new X509Certificate(readFileSync(args.tsa)) }),
    ...(root ? { root } : {}),
    ...(args.compare === undefined ? {} : { compare: open(args.compare, opened) }),
    ...(args.pinned === undefined ? {} : { pinned: readFileSync(args.pinned, 'utf8') }),
    ...(atMs === undefined ? {} : { atMs }),
    structureOnly: args.structure === true,
  };
}

/** The raw Ed25519 key of what the auditor brought, in any of the forms it is passed around in. */
export function publicKeyFrom(text: string): Uint8Array | undefined {
  const content = existsSync(text) ? readFileSync(text, 'utf8').trim() : text.trim();
  if (/^[0-9a-f]{64}$/i.test(content)) return Buffer.from(content, 'hex');
  if (content.startsWith('-----BEGIN PUBLIC KEY-----')) {
    const key = createPublicKey(content);
    if (key.asymmetricKeyType !== 'ed25519') return undefined;
    const spki = key.export({ format: 'der', type: 'spki' });
    return spki.subarray(spki.length - 32);
  }
  const bytes = Buffer.from(content, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === content ? bytes : undefined;
}

function open(path: string, opened: FileSource[]): ByteSource {
  const source = fileSource(path);
  opened.push(source);
  return source;
}

/** A bundle in a file, to be closed in the end. */
export interface FileSource extends ByteSource {
  close(): void;
}

/** Reads from the file as needed: a bundle may be larger than memory. Throws when it cannot be opened or ends while it is read. */
export function fileSource(path: string): FileSource {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  return {
    length: size,
    read: (offset, length) => {
      const bytes = Buffer.allocUnsafeSlow(length);
      let done = 0;
      while (done < length) {
        const count = readSync(file, bytes, done, length - done, offset + done);
        if (count === 0) throw new Error(`${path} ended while it was read`);
        done += count;
      }
      return bytes;
    },
    close: () => closeSync(file),
  };
}

function printReport(report: Report, hasClauses: boolean, print: (line: string) => void): void {
  for (const { name, holds, what } of report.claims) {
    print(`${holds ? 'yes' : 'no '}  ${name.padEnd(11)}  ${printable(what)}`);
  }
  for (const { code, index, record, what } of report.findings.slice(0, 20)) {
    const where = index === undefined ? '' : ` record #${index}${record === undefined ? '' : ` (${record})`}:`;
    print(`  [${code}]${where} ${printable(what)}`);
  }
  if (report.findings.length > 20) print(`  and ${report.findings.length - 20} findings more`);
  if (hasClauses) {
    print(
      'which clause the fields serve (T: it asks for them, s: supporting, -: not applicable), as this verifier reads it:',
    );
    for (const line of clauseText().trimEnd().split('\n')) print(line);
  }
  print(`exit ${report.exit}`);
}

/** A bundle comes from someone else: nothing in it may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${(unit.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}
