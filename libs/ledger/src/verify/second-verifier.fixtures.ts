import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { root } from '../bundle/log.fixtures.js';
import { utf8 } from '../bytes.js';

const script = fileURLToPath(new URL('../../../../test/verifier/serve.py', import.meta.url));

/** What is judged besides the bundle. */
export interface Brought {
  readonly other?: Uint8Array;
  readonly policy?: string;
  readonly pinned?: string;
}

const none = new Uint8Array();

/** The verifier in Python, kept running: one bundle in, one exit code out. */
export class SecondVerifier {
  readonly #process: ChildProcess;
  readonly #waiting: ((answer: string) => void)[] = [];
  readonly #ended: Promise<void>;

  constructor() {
    this.#process = spawn('python3', ['-B', script, Buffer.from(root.publicKey).toString('hex')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => this.#waiting.shift()?.(line));
    this.#ended = new Promise((resolve) => {
      this.#process.on('close', () => {
        for (const tell of this.#waiting.splice(0)) tell('crash: the process ended');
        resolve();
      });
    });
  }

  verify(bundle: Uint8Array, more: Brought = {}): Promise<string> {
    const parts = [bundle, more.other ?? none, utf8(more.policy ?? ''), utf8(more.pinned ?? '')];
    const lengths = Buffer.alloc(16);
    parts.forEach((part, at) => lengths.writeUInt32BE(part.length, at * 4));
    this.#process.stdin?.write(Buffer.concat([lengths, ...parts]));
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async close(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
  }
}
