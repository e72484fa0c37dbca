interface Payload {
  readonly grantId?: string;
  readonly uid?: string;
  readonly userCode?: string;
  consumed?: number;
}

/** The provider's storage: a map, for as long as the simulator runs. It survives a rotation of the keys. */
export class MemoryStore {
  readonly #rows = new Map<string, { readonly payload: Payload; readonly expiresAt: number }>();

  /** What the published library calls an adapter, one per model. */
  adapter(model: string): MemoryAdapter {
    return new MemoryAdapter(model, this.#rows);
  }
}

class MemoryAdapter {
  constructor(
    private readonly model: string,
    private readonly rows: Map<string, { readonly payload: Payload; readonly expiresAt: number }>,
  ) {}

  async upsert(id: string, payload: Payload, expiresIn: number | undefined): Promise<void> {
    const expiresAt = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000;
    this.rows.set(`${this.model}:${id}`, { payload, expiresAt });
  }

  async find(id: string): Promise<Payload | undefined> {
    const row = this.rows.get(`${this.model}:${id}`);
    return row && row.expiresAt > Date.now() ? row.payload : undefined;
  }

  async findByUid(uid: string): Promise<Payload | undefined> {
    return this.search((payload) => payload.uid === uid);
  }

  async findByUserCode(userCode: string): Promise<Payload | undefined> {
    return this.search((payload) => payload.userCode === userCode);
  }

  async consume(id: string): Promise<void> {
    const payload = await this.find(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.rows.delete(`${this.model}:${id}`);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, row] of this.rows) if (row.payload.grantId === grantId) this.rows.delete(key);
  }

  private search(matches: (payload: Payload) => boolean): Payload | undefined {
    for (const [key, row] of this.rows)
      if (key.startsWith(`${this.model}:`) && matches(row.payload)) return row.payload;
    return undefined;
  }
}
