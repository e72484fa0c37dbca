/** A log's head as it is kept outside the database. */
export interface AnchoredHead {
  readonly tenant: string;
  readonly slot?: number;
  readonly origin: string;
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly note: string;
}

export interface AnchoredEpoch {
  readonly number: number;
  /** Root of the tree of heads, base64. */
  readonly root: string;
  readonly note: string;
  /** Compact range of the epoch log before this epoch, base64. */
  readonly frontier: string;
  /** True when `heads` are all of them, false when only those that changed. */
  readonly isFull: boolean;
  readonly heads: readonly AnchoredHead[];
}

/** Where heads are kept that a restore of the database must not undo: a folder, or a bucket with object lock. */
export interface Anchor {
  /** Fails when an epoch of this number is there: numbers are taken once. */
  putEpoch(epoch: AnchoredEpoch): Promise<void>;
  /** New heads between two epochs; returns at once, and what goes wrong is told and mended by the next epoch. */
  stream(heads: readonly AnchoredHead[]): void;
  /** The largest head of every log that was ever anchored here, by origin. Fails when the anchor cannot be read whole. */
  newestHeads(): Promise<ReadonlyMap<string, AnchoredHead>>;
  newestEpoch(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Keeps the largest head of each log. */
export function keepLargest(heads: Map<string, AnchoredHead>, head: AnchoredHead): void {
  const known = heads.get(head.origin);
  if (known === undefined || head.size > known.size) heads.set(head.origin, head);
}

/** Every anchor gets everything, and what any of them holds counts: whoever rewinds must have emptied them all. */
export function anchorAll(anchors: readonly Anchor[]): Anchor {
  return {
    putEpoch: async (epoch) => {
      await Promise.all(anchors.map((each) => each.putEpoch(epoch)));
    },
    stream(heads) {
      for (const each of anchors) each.stream(heads);
    },
    async newestHeads() {
      const heads = new Map<string, AnchoredHead>();
      const found = await Promise.all(anchors.map((each) => each.newestHeads()));
      for (const each of found) for (const head of each.values()) keepLargest(heads, head);
      return heads;
    },
    async newestEpoch() {
      const found = await Promise.all(anchors.map((each) => each.newestEpoch()));
      const numbers = found.filter((number) => number !== undefined);
      return numbers.length === 0 ? undefined : Math.max(...numbers);
    },
    close: async () => {
      await Promise.all(anchors.map((each) => each.close()));
    },
  };
}
