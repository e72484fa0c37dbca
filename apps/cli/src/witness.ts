import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type LogSigner, type WitnessedTree, answerAddCheckpoint, logSigner, witnessKey } from '@writ/ledger';
import { Command } from 'commander';
import { publicKeyFrom } from './verify-file.js';

export interface WitnessOptions {
  readonly name: string;
  /** Holds the witness's key and what it must never forget: lose it, and the witness must start under a new name. */
  readonly folder: string;
  /** `<origin>=<public key>`: the logs it cosigns, each with the raw key in hex or base64, or a file with it. */
  readonly log: readonly string[];
  readonly host: string;
  readonly port: number;
}

export interface RunningWitness {
  readonly url: string;
  /** As a tlog-policy names it. */
  readonly vkey: string;
  stop(): Promise<void>;
}

const requestBytes = 64 * 1024;

/** `writ witness`: cosigns the checkpoints of the logs it was given, and never two histories of one. */
export function witnessCommand(): Command {
  return new Command('witness')
    .description('run a C2SP tlog-witness: it cosigns checkpoints and refuses forks and rewinds')
    .requiredOption('--name <name>', 'the key name, e.g. witness.example.org')
    .requiredOption('--folder <path>', 'where its key and what it has seen are kept')
    .requiredOption('--log <origin=key...>', 'a log to cosign: its origin line and public key (hex, base64 or file)')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes a free one', '0')
    .action(async (options: Omit<WitnessOptions, 'port'> & { readonly port: string }) => {
      const witness = await startWitness({ ...options, port: Number(options.port) });
      console.log(JSON.stringify({ ready: true, url: witness.url, vkey: witness.vkey }));
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void witness.stop());
    });
}

export async function startWitness(options: WitnessOptions): Promise<RunningWitness> {
  const { name, folder, host, port } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = keyIn(folder);
  const logs = new Map(options.log.map(logOf));
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= requestBytes) chunks.push(chunk);
      else request.destroy();
    });
    request.on('end', () => {
      const isAsked = request.method === 'POST' && request.url === '/add-checkpoint';
      const reply = isAsked
        ? cosign(Buffer.concat(chunks).toString('utf8'), { name, key, folder, logs })
        : { status: 404, contentType: 'text/plain', body: '' };
      response.writeHead(reply.status, { 'content-type': reply.contentType }).end(reply.body);
    });
  });
  await listen(server, host, port);
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    vkey: witnessKey(name, key.publicKey),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Memory {
  readonly name: string;
  readonly key: LogSigner;
  readonly folder: string;
  readonly logs: ReadonlyMap<string, Uint8Array>;
}

/** Synchronous from the look to the flushed file: two requests at once are answered one after the other. */
function cosign(request: string, { name, key, folder, logs }: Memory): ReturnType<typeof answerAddCheckpoint> {
  const knows = (origin: string) => {
    const publicKey = logs.get(origin);
    return publicKey && { keys: [publicKey], last: remembered(folder, origin) };
  };
  const reply = answerAddCheckpoint(request, knows, { name, key, seconds: Math.floor(Date.now() / 1_000) });
  const origin = request.slice(request.indexOf('\n\n') + 2).split('\n')[0] ?? '';
  if (reply.next) remember(folder, origin, reply.next);
  return reply;
}

function fileOf(folder: string, origin: string): string {
  return join(folder, `${Buffer.from(origin).toString('hex')}.tree`);
}

function remembered(folder: string, origin: string): WitnessedTree | undefined {
  const file = fileOf(folder, origin);
  if (!existsSync(file)) return undefined;
  const [size = '', root = ''] = readFileSync(file, 'utf8').split('\n');
  return { size: Number(size), root: Buffer.from(root, 'hex') };
}

/** On disk before the cosignature leaves: a witness that forgot could be led to sign another history. */
function remember(folder: string, origin: string, { size, root }: WitnessedTree): void {
  const file = fileOf(folder, origin);
  const draft = openSync(`${file}.draft`, 'w', 0o600);
  writeSync(draft, `${size}\n${Buffer.from(root).toString('hex')}\n`);
  fsyncSync(draft);
  closeSync(draft);
  renameSync(`${file}.draft`, file);
  const directory = openSync(folder, 'r');
  fsyncSync(directory);
  closeSync(directory);
}

function keyIn(folder: string): LogSigner {
  const file = join(folder, 'witness.pem');
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return logSigner(createPrivateKey(readFileSync(file, 'utf8')));
}

function logOf(text: string): readonly [origin: string, key: Uint8Array] {
  const at = text.indexOf('=');
  const key = at < 0 ? undefined : publicKeyFrom(text.slice(at + 1));
  if (!key) throw new Error(`--log takes <origin>=<public key>, not ${text}`);
  return [text.slice(0, at), key];
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}
