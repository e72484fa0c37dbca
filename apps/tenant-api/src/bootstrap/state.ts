import type { Control } from '@writ/postgres/control';

interface Payload {
  readonly grantId?: string;
  readonly uid?: string;
  readonly userCode?: string;
  readonly [name: string]: unknown;
}

/**
 * What the provider remembers between two requests (codes, sessions, grants), shared by every process of this API. Rows end
 * by themselves; one that has expired is not there.
 */
export class IssuerState {
  constructor(
    private readonly control: Control,
    private readonly nowMs: () => number,
    private readonly model: string,
  ) {}

  async upsert(id: string, payload: Payload, expiresInSeconds = 86_400): Promise<void> {
    const expiresAt = new Date(this.nowMs() + expiresInSeconds * 1_000);
    const { grantId = null, uid = null, userCode = null } = payload;
    await this.run(
      `INSERT INTO control.issuer_state (model, id, payload, grant_id, uid, user_code, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (model, id) DO UPDATE SET payload = $3, grant_id = $4, uid = $5, user_code = $6, expires_at = $7`,
      [this.model, id, JSON.stringify(payload), grantId, uid, userCode, expiresAt],
    );
    await this.run('DELETE FROM control.issuer_state WHERE expires_at < $1', [new Date(this.nowMs())]);
  }

  find(id: string): Promise<Payload | undefined> {
    return this.search('id', id);
  }

  findByUid(uid: string): Promise<Payload | undefined> {
    return this.search('uid', uid);
  }

  findByUserCode(userCode: string): Promise<Payload | undefined> {
    return this.search('user_code', userCode);
  }

  async consume(id: string): Promise<void> {
    const consumed = String(Math.floor(this.nowMs() / 1_000));
    await this.run(
      `UPDATE control.issuer_state SET payload = jsonb_set(payload, '{consumed}', $3::jsonb) WHERE model = $1 AND id = $2`,
      [this.model, id, consumed],
    );
  }

  async destroy(id: string): Promise<void> {
    await this.run('DELETE FROM control.issuer_state WHERE model = $1 AND id = $2', [this.model, id]);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.run('DELETE FROM control.issuer_state WHERE grant_id = $1', [grantId]);
  }

  /** Keeps an id until it expires, and says whether it was new: what was claimed is claimed once. */
  async claim(id: string, expiresInSeconds: number): Promise<boolean> {
    const expiresAt = new Date(this.nowMs() + expiresInSeconds * 1_000);
    const rows = await this.run(
      `INSERT INTO control.issuer_state (model, id, payload, expires_at) VALUES ($1, $2, '{}', $3)
       ON CONFLICT (model, id) DO NOTHING RETURNING payload, expires_at`,
      [this.model, id, expiresAt],
    );
    return rows.length === 1;
  }

  /** Reads and removes in one statement: what is taken is taken once. */
  async take(id: string): Promise<Payload | undefined> {
    const rows = await this.run(
      'DELETE FROM control.issuer_state WHERE model = $1 AND id = $2 RETURNING payload, expires_at',
      [this.model, id],
    );
    return this.current(rows);
  }

  private async search(column: 'id' | 'uid' | 'user_code', value: string): Promise<Payload | undefined> {
    const text = `SELECT payload, expires_at FROM control.issuer_state WHERE model = $1 AND ${column} = $2`;
    return this.current(await this.run(text, [this.model, value]));
  }

  private current([row]: readonly Row[]): Payload | undefined {
    return row && row.expires_at.getTime() > this.nowMs() ? row.payload : undefined;
  }

  private async run(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.control.inPlatform(async (manager) => {
      const found: unknown = await manager.query(text, [...values]);
      const rows: unknown = Array.isArray(found) && Array.isArray(found[0]) ? (found[0] as unknown) : found;
      return rows as readonly Row[];
    });
  }
}

interface Row {
  readonly payload: Payload;
  readonly expires_at: Date;
}
