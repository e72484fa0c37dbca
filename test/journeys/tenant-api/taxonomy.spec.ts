import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, openHouse } from './house.js';
import { type Payload, change, federate } from './steps.js';

let house: House;
let owner: string;
beforeAll(async () => {
  house = await openHouse();
  ({ owner } = await federate(house, 'words'));
});
afterAll(() => house?.close());

const upsert = (input: object): Promise<Payload> =>
  change(house, 'upsertTaxonomy', input, 'taxonomy { version terms { class term } }', owner);

describe('the taxonomy of a tenant', () => {
  it('reaches the gateways with the next snapshot, and is refused when it does not load', async () => {
    const terms = [{ class: 'INTERNAL', term: 'Project Heron' }];
    expect((await upsert({ expectedVersion: 0, terms })).userErrors).toEqual([]);
    const { rows } = await house.admin.query<{ body: string }>(
      'SELECT body FROM control.snapshot ORDER BY published_at DESC LIMIT 1',
    );
    expect((JSON.parse(rows[0]?.body ?? '{}') as { taxonomy: object }).taxonomy).toMatchObject({
      version: 'tenant-1',
      terms,
    });
    expect((await upsert({ expectedVersion: 0, terms })).userErrors[0]?.code).toBe('CONFLICT');
    const broken = [{ class: 'INTERNAL', name: 'broken', pattern: '(' }];
    expect((await upsert({ expectedVersion: 1, terms, patterns: broken })).userErrors[0]?.code).toBe('INVALID');
  });

  it('finds less only with a second person', async () => {
    const terms = [{ class: 'INTERNAL', term: 'Project Heron' }];
    const relaxed = await upsert({ expectedVersion: 1, terms, thresholds: [{ of: 'PII', atLeast: 990 }] });
    const forgotten = await upsert({ expectedVersion: 1 });
    expect([relaxed.userErrors[0]?.code, forgotten.userErrors[0]?.code]).toEqual([
      'APPROVAL_REQUIRED',
      'APPROVAL_REQUIRED',
    ]);
  });
});

interface Upload {
  readonly id: string;
  readonly state: string;
  readonly received: number;
  readonly parts: readonly number[];
}

const upload = 'upload { id state received expected parts }';

describe('terms in bulk', () => {
  it('arrive in parts, in any order and again, and take effect as one change', async () => {
    const { owner: bulkOwner } = await federate(house, 'bulk');
    const send = (field: string, input: object, selection: string): Promise<Payload> =>
      change(house, field, input, selection, bulkOwner);
    const expected = 10_000;
    const size = 2_000;
    const started = await send('startTermUpload', { class: 'INTERNAL', expected }, upload);
    const { id } = started['upload'] as Upload;
    const partOf = (part: number): readonly string[] =>
      Array.from({ length: size }, (_, at) => `codename ${(part * size + at).toString(36)} falcon`);
    const early = await send('finishTermUpload', { uploadId: id, expectedVersion: 0 }, upload);
    expect(early.userErrors[0]?.message).toContain('0 of 10000');
    for (let part = expected / size - 1; part >= 0; part -= 1)
      await send('uploadTerms', { uploadId: id, part, terms: partOf(part) }, upload);
    const again = await send('uploadTerms', { uploadId: id, part: 3, terms: partOf(3) }, upload);
    expect((again['upload'] as Upload).received).toBe(expected);
    const more = await send('uploadTerms', { uploadId: id, part: 5, terms: ['one more'] }, upload);
    expect(more.userErrors[0]?.code).toBe('INVALID');
    const finished = await send(
      'finishTermUpload',
      { uploadId: id, expectedVersion: 0 },
      `${upload} taxonomy { version termCount }`,
    );
    expect(finished.userErrors).toEqual([]);
    expect(finished['taxonomy']).toEqual({ version: 1, termCount: expected });
    expect((finished['upload'] as Upload).state).toBe('FINISHED');
    const tested = await house.ask<{ testText: { findings: readonly { type: string; start: number }[] } }>(
      '{ testText(text: "about codename 2s falcon, mail bob@acme.com") { findings { type start explanation } } }',
      {},
      bulkOwner,
    );
    expect(tested.data?.testText.findings.map((each) => each.type)).toEqual(['TENANT_TERM', 'EMAIL']);
  });

  it('another tenant sees nothing of an upload', async () => {
    const { owner: one } = await federate(house, 'uploader');
    const { owner: other } = await federate(house, 'onlooker');
    const started = await change(house, 'startTermUpload', { class: 'INTERNAL', expected: 1 }, upload, one);
    const { id } = started['upload'] as Upload;
    const stolen = await change(house, 'uploadTerms', { uploadId: id, part: 0, terms: ['x'] }, upload, other);
    expect(stolen.userErrors[0]?.code).toBe('NOT_FOUND');
    const seen = await house.ask<{ termUploads: readonly Upload[] }>('{ termUploads { id } }', {}, other);
    expect(seen.data?.termUploads).toEqual([]);
    const given = await change(house, 'abandonTermUpload', { uploadId: id }, upload, one);
    expect((given['upload'] as Upload).state).toBe('ABANDONED');
  });
});

describe('the tools of those who write policies', () => {
  it('list what is looked for, with the thresholds that hold', async () => {
    const seen = await house.ask<{ detectors: readonly { type: string; class: string; threshold: number }[] }>(
      '{ detectors { type class kind threshold } }',
      {},
      owner,
    );
    expect(seen.data?.detectors.length).toBeGreaterThan(300);
    expect(seen.data?.detectors).toContainEqual({ type: 'US_SSN', class: 'PII', kind: 'identifier', threshold: 500 });
  });

  it('tell what a candidate taxonomy would change, and never a value', async () => {
    const report = await house.ask<{ shadowReport: { added: readonly string[]; problems: readonly string[] } }>(
      'query ($input: ShadowReportInput!) { shadowReport(input: $input) { problems added removed classesRaised } }',
      { input: { terms: [{ class: 'INTERNAL', term: 'blue heron' }], texts: ['the blue heron plan of Maria Keller'] } },
      owner,
    );
    expect(report.data?.shadowReport).toMatchObject({
      problems: [],
      added: ['INTERNAL TENANT_TERM /0 4-14'],
      removed: [],
      classesRaised: ['INTERNAL'],
    });
  });

  it('refuse a pattern that is slow on a hostile text, with the reason', async () => {
    const patterns = [
      { class: 'INTERNAL', name: 'slow', pattern: '(?:[a-z0-9]{1,40}-?){1,20}@(?:[a-z0-9]{1,40}[.]){1,9}z' },
    ];
    const refused = await upsert({
      expectedVersion: 1,
      terms: [{ class: 'INTERNAL', term: 'Project Heron' }],
      patterns,
    });
    expect(refused.userErrors[0]?.code).toBe('INVALID');
    expect(refused.userErrors[0]?.message).toMatch(/pattern slow: (?:takes|is too large)/);
  });

  it('change single entries and leave the rest', async () => {
    const amended = await change(
      house,
      'amendTaxonomy',
      { expectedVersion: 1, addTerms: [{ class: 'INTERNAL', term: 'Project Osprey' }] },
      'taxonomy { version termCount }',
      owner,
    );
    expect(amended['taxonomy']).toEqual({ version: 2, termCount: 2 });
  });
});

const published = async (): Promise<{ shadowTaxonomy?: { perMille: number; source: object } }> => {
  const { rows } = await house.admin.query<{ body: string }>(
    'SELECT body FROM control.snapshot ORDER BY published_at DESC LIMIT 1',
  );
  return JSON.parse(rows[0]?.body ?? '{}') as { shadowTaxonomy?: { perMille: number; source: object } };
};

describe('a candidate taxonomy', () => {
  const shown = 'trial { candidate perMille termCount version }';
  interface Trial {
    readonly candidate: string;
    readonly version: number;
  }
  const heron = { class: 'INTERNAL', term: 'blue heron' };

  it('is tried beside the live one, replaced, and withdrawn, each with its record, and reaches the gateways', async () => {
    const { owner: trier } = await federate(house, 'trier');
    const send = (field: string, input: object): Promise<Payload> => change(house, field, input, shown, trier);
    const rehearsed = await change(
      house,
      'tryTaxonomy',
      { expectedVersion: 0, addTerms: [heron], dryRun: true },
      shown,
      trier,
    );
    expect(rehearsed.userErrors).toEqual([]);
    expect((await published()).shadowTaxonomy).toBeUndefined();
    const begun = await send('tryTaxonomy', { expectedVersion: 0, addTerms: [heron], perMille: 250 });
    expect([begun.userErrors, begun.auditRecord === null]).toEqual([[], false]);
    expect(begun['trial']).toMatchObject({ perMille: 250, termCount: 1, version: 1 });
    const { candidate } = begun['trial'] as Trial;
    expect((await published()).shadowTaxonomy).toMatchObject({
      perMille: 250,
      source: { version: candidate, terms: [heron] },
    });
    expect((await send('tryTaxonomy', { expectedVersion: 0, addTerms: [heron] })).userErrors[0]?.code).toBe('CONFLICT');
    const replaced = await send('tryTaxonomy', { expectedVersion: 1, addTerms: [heron] });
    expect(replaced['trial']).toMatchObject({ candidate, perMille: 1_000, version: 2 });
    const seen = await house.ask<{ taxonomyTrial: Trial | null }>('{ taxonomyTrial { candidate } }', {}, trier);
    expect(seen.data?.taxonomyTrial).toEqual({ candidate });
    expect((await send('withdrawTaxonomyTrial', { expectedVersion: 1 })).userErrors[0]?.code).toBe('CONFLICT');
    expect((await send('withdrawTaxonomyTrial', { expectedVersion: 2 })).userErrors).toEqual([]);
    expect((await published()).shadowTaxonomy).toBeUndefined();
    expect((await send('withdrawTaxonomyTrial', { expectedVersion: 2 })).userErrors[0]?.code).toBe('NOT_FOUND');
  });

  it('is refused when it does not load, or is for no request', async () => {
    const setPatterns = [{ class: 'INTERNAL', name: 'broken', pattern: '(' }];
    for (const input of [
      { expectedVersion: 0, setPatterns },
      { expectedVersion: 0, addTerms: [heron], perMille: 0 },
    ])
      expect((await change(house, 'tryTaxonomy', input, shown, owner)).userErrors[0]?.code).toBe('INVALID');
  });

  it('of another tenant is neither seen nor ended', async () => {
    const { owner: one } = await federate(house, 'trier-one');
    const { owner: other } = await federate(house, 'trier-other');
    await change(house, 'tryTaxonomy', { expectedVersion: 0, addTerms: [heron] }, shown, one);
    const seen = await house.ask<{ taxonomyTrial: Trial | null }>('{ taxonomyTrial { candidate } }', {}, other);
    expect(seen.data?.taxonomyTrial).toBeNull();
    const ended = await change(house, 'withdrawTaxonomyTrial', { expectedVersion: 1 }, shown, other);
    expect(ended.userErrors[0]?.code).toBe('NOT_FOUND');
  });
});
