import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObjectStore, UploadKeeper, UploadSource, UploadState } from '@writ/s3';

/** A bucket with versions and object lock, with what the suite needs to bring about. */
export interface ObjectStoreUnderTest {
  readonly store: ObjectStore;
  /** The store's clock. */
  nowMs(): number;
  /** Lets the store's clock pass this moment. */
  passTime(untilMs: number): void;
  close(): Promise<void>;
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const hour = 3_600_000;

/** What anchors and exports rely on, whoever keeps the bucket. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStoreUnderTest>): void {
  describe(`the object store ${name}`, () => {
    let under: ObjectStoreUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());
    const textOf = async (key: string, version?: string): Promise<string> => {
      const read = await under.store.get(key, 1_000, version);
      return read.ok ? Buffer.from(read.value.bytes).toString() : read.error.kind;
    };

    it('reads back what it wrote, under keys with spaces, signs and umlauts', async () => {
      const key = "a folder/ü+&='(1)~.json";
      expect(await under.store.put(key, bytesOf('one'))).toMatchObject({ ok: true });
      expect(await textOf(key)).toBe('one');
      expect(await under.store.list('a folder/')).toMatchObject({ ok: true, value: [{ key, bytes: 3 }] });
      expect(await under.store.head(key)).toMatchObject({ ok: true, value: { bytes: 3 } });
    });

    it('says that an absent object is absent', async () => {
      expect(await under.store.get('nothing', 10)).toMatchObject({ ok: false, error: { kind: 'absent' } });
      expect(await under.store.head('nothing')).toMatchObject({ ok: false, error: { kind: 'absent' } });
      expect(await under.store.remove('nothing')).toMatchObject({ ok: true });
    });

    it('takes a key once when it is asked to', async () => {
      expect(await under.store.put('once', bytesOf('first'), { onlyIfAbsent: true })).toMatchObject({ ok: true });
      const again = await under.store.put('once', bytesOf('second'), { onlyIfAbsent: true });
      expect(again).toMatchObject({ ok: false, error: { kind: 'exists' } });
      expect(await textOf('once')).toBe('first');
    });

    it('reads no more than it was told', async () => {
      await under.store.put('long', bytesOf('0123456789'));
      expect(await under.store.get('long', 9)).toMatchObject({ ok: false, error: { kind: 'too-large' } });
      expect(await under.store.get('long', 10)).toMatchObject({ ok: true });
    });

    it('keeps a locked version from everybody until its time, and shows what a later write or a marker hides', async () => {
      const retainUntilMs = under.nowMs() + hour;
      const put = await under.store.put('locked', bytesOf('kept'), { retainUntilMs });
      const version = put.ok ? put.value.version : undefined;
      expect(await under.store.remove('locked', version)).toMatchObject({ ok: false, error: { kind: 'denied' } });
      await under.store.put('locked', bytesOf('forged'));
      await under.store.remove('locked');
      expect(await textOf('locked')).toBe('absent');
      const seen = await under.store.versions('locked');
      expect(seen.ok && seen.value.map(({ isMarker }) => isMarker)).toEqual([true, false, false]);
      expect(seen.ok && seen.value.at(-1)?.version).toBe(version);
      expect(await textOf('locked', version)).toBe('kept');
      under.passTime(retainUntilMs + 1);
      expect(await under.store.remove('locked', version)).toMatchObject({ ok: true });
    });

    it('joins a stream of any pieces into one object, or into none', async () => {
      const piece = new Uint8Array(3_000_000).fill(7);
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < 6; at += 1) yield piece;
      };
      expect(await under.store.upload('large', pieces(), { onlyIfAbsent: true })).toMatchObject({ ok: true });
      expect(await under.store.head('large')).toMatchObject({ ok: true, value: { bytes: 18_000_000 } });
      expect(await under.store.upload('large', pieces(), { onlyIfAbsent: true })).toMatchObject({
        ok: false,
        error: { kind: 'exists' },
      });
    });

    it('takes up an upload that was cut, and sends no part twice', async () => {
      const all = Buffer.alloc(20_000_000, 'writ');
      const read: number[] = [];
      let kept: UploadState | undefined;
      let isCut = true;
      const source: UploadSource = {
        bytes: all.length,
        read(at, length) {
          if (isCut && at > 0) throw new Error('the process ends here');
          read.push(at);
          return Promise.resolve(all.subarray(at, at + length));
        },
      };
      const keeper: UploadKeeper = {
        load: () => Promise.resolve(kept),
        save: (state) => Promise.resolve(void (kept = state)),
      };
      await expect(under.store.uploadFrom('resumed', source, keeper)).rejects.toThrow('the process ends here');
      expect(await textOf('resumed')).toBe('absent');
      isCut = false;
      expect(await under.store.uploadFrom('resumed', source, keeper)).toMatchObject({ ok: true });
      expect(read).toEqual([0, 8_388_608, 16_777_216]);
      expect(await under.store.head('resumed')).toMatchObject({ ok: true, value: { bytes: all.length } });
      const piece = await under.store.read('resumed', 8_388_600, 16);
      expect(piece.ok && Buffer.from(piece.value).toString()).toBe('writwritwritwrit');
    });

    it('begins anew where the store has forgotten the upload', async () => {
      const keeper: UploadKeeper = {
        load: () => Promise.resolve({ uploadId: 'forgotten', parts: [] }),
        save: () => Promise.resolve(),
      };
      const source: UploadSource = { bytes: 3, read: () => Promise.resolve(Buffer.from('abc')) };
      expect(await under.store.uploadFrom('anew', source, keeper)).toMatchObject({ ok: true });
      expect(await textOf('anew')).toBe('abc');
    });

    it('lists in order, and on from a key', async () => {
      for (const key of ['row/b', 'row/a', 'row/c']) await under.store.put(key, bytesOf(key));
      const keys = ['row/a', 'row/b', 'row/c'].map((key) => ({ key }));
      expect(await under.store.list('row/')).toMatchObject({ ok: true, value: keys });
      expect(await under.store.list('row/', 'row/a')).toMatchObject({ ok: true, value: keys.slice(1) });
    });
  });
}
