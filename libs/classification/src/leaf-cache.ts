import { hash } from 'node:crypto';
import { limits, type Leaf } from '@writ/domain';
import { engineVersion } from './engine.js';
import type { LeafScan } from './located.js';
import { isNameless } from './scan-leaves.js';
import type { Bundle } from './taxonomy/taxonomy.js';

/** Shorter texts are read faster than they are looked up. */
const LEAST = 48;
/** What one remembered scan and one of its findings take, roughly, in bytes. */
const SCAN_BYTES = 320;
const FOUND_BYTES = 480;

interface Share {
  readonly scans: Map<string, { readonly scan: LeafScan; readonly bytes: number }>;
  bytes: number;
}

export interface LeafCacheLimits {
  readonly bytes: number;
  /** Of one tenant, so that none can push out all others. */
  readonly tenantBytes: number;
}

/** One tenant's view of the cache under its present key and taxonomy. */
export interface LeafMemory {
  /** What identifies the leaf, or undefined for one that is not worth remembering. */
  nameOf(leaf: Leaf): string | undefined;
  recall(name: string): LeafScan | undefined;
  remember(name: string, scan: LeafScan): void;
}

/**
 * Remembers what whole leaves held, because a conversation sends its history again with every turn. It holds no content:
 * a leaf's name is a SHA-256 over the tenant's key, the engine, the taxonomy and all that a scan depends on, which never leaves
 * the process; a finding is its place and its keyed digest. Every tenant has a share of its own. Only complete scans are remembered.
 */
export class LeafCache {
  readonly #shares = new Map<string, Share>();
  #bytes = 0;

  constructor(
    private readonly room: LeafCacheLimits = {
      bytes: limits.classificationCacheBytes,
      tenantBytes: limits.classificationCacheTenantBytes,
    },
  ) {}

  /** Bytes held, by the estimate that the limits count in. */
  get bytes(): number {
    return this.#bytes;
  }

  of(tenant: string, bundle: Bundle, digestKey: Uint8Array): LeafMemory {
    const prefix = `${Buffer.from(digestKey).toString('hex')}\0writ leaf v2\0${engineVersion}\0${bundle.hash}\0`;
    return {
      nameOf: (leaf) => {
        if (leaf.text.length < LEAST) return undefined;
        const scope = `${leaf.role}\0${isNameless(leaf)}\0${leaf.key ?? '\u0001'}\0`;
        return hash('sha256', prefix + scope + leaf.text, 'latin1');
      },
      recall: (name) => this.#recall(tenant, name),
      remember: (name, scan) => this.#remember(tenant, name, scan),
    };
  }

  #recall(tenant: string, name: string): LeafScan | undefined {
    const share = this.#shares.get(tenant);
    const entry = share?.scans.get(name);
    if (!share || !entry) return undefined;
    share.scans.delete(name);
    share.scans.set(name, entry);
    this.#shares.delete(tenant);
    this.#shares.set(tenant, share);
    return entry.scan;
  }

  #remember(tenant: string, name: string, scan: LeafScan): void {
    const bytes = SCAN_BYTES + scan.found.length * FOUND_BYTES;
    if (scan.incomplete.length > 0 || bytes > this.room.tenantBytes) return;
    const share = this.#shares.get(tenant) ?? { scans: new Map(), bytes: 0 };
    if (share.scans.has(name)) return;
    this.#shares.delete(tenant);
    this.#shares.set(tenant, share);
    share.scans.set(name, { scan, bytes });
    share.bytes += bytes;
    this.#bytes += bytes;
    while (share.bytes > this.room.tenantBytes) this.#forgetOldest(tenant, share);
    while (this.#bytes > this.room.bytes) {
      const [oldest] = this.#shares;
      if (!oldest) return;
      this.#forgetOldest(...oldest);
    }
  }

  #forgetOldest(tenant: string, share: Share): void {
    const [oldest] = share.scans;
    if (oldest) {
      const [name, { bytes }] = oldest;
      share.scans.delete(name);
      share.bytes -= bytes;
      this.#bytes -= bytes;
    }
    if (share.scans.size === 0) this.#shares.delete(tenant);
  }
}
