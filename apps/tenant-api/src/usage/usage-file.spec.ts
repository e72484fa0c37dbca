import { describe, expect, it } from '@jest/globals';
import type { UsageDayLine } from '@writ/postgres';
import { parquetReadObjects } from 'hyparquet';
import { focusColumns, focusRow, type FocusColumn } from './focus.js';
import { csvOf, parquetOf } from './usage-file.js';

const account = { tenant: '0198a000-0000-7000-8000-00000000000a', name: 'Hospital', issuer: 'Writ' };

function aLine(more: Partial<UsageDayLine> = {}): UsageDayLine {
  return {
    day: '2026-12-31',
    group: 'radiology',
    app: 'reporting',
    model: 'gpt-test',
    endpoint: 'openai-us',
    charge: 'input',
    priceVersion: 'book:1@2500000/10000000/1250000/2500000/10000000',
    quantity: '1000',
    estimated: '0',
    costPicos: '2500000000',
    denied: '0',
    failed: '0',
    reason: null,
    ...more,
  };
}

const charges = [
  'request',
  'input',
  'output',
  'cache-read',
  'cache-write',
  'reasoning',
  'unsplit',
  'correction',
] as const;

/** Columns of the dataset that may never be null, by the specification's own rules. */
const mandatory = [
  'BilledCost',
  'BillingAccountId',
  'BillingAccountName',
  'BillingCurrency',
  'BillingPeriodEnd',
  'BillingPeriodStart',
  'ChargeCategory',
  'ChargeDescription',
  'ChargeFrequency',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'ConsumedQuantity',
  'ContractedCost',
  'EffectiveCost',
  'InvoiceIssuerName',
  'ListCost',
  'PricingCurrency',
  'PricingQuantity',
  'ProviderName',
  'PublisherName',
  'ServiceCategory',
  'ServiceName',
  'ServiceSubcategory',
] as const;

describe('a row of FOCUS', () => {
  it('has the price of a token, the quantity and the cost that they make, in the day and the month of the line', () => {
    expect(focusRow(aLine(), account)).toMatchObject({
      BilledCost: 0.0025,
      ListUnitPrice: 0.0000025,
      PricingQuantity: 1_000,
      PricingUnit: 'Tokens',
      ChargePeriodStart: '2026-12-31T00:00:00Z',
      ChargePeriodEnd: '2027-01-01T00:00:00Z',
      BillingPeriodStart: '2026-12-01T00:00:00Z',
      BillingPeriodEnd: '2027-01-01T00:00:00Z',
      ChargeCategory: 'Usage',
      SkuId: 'gpt-test/input',
    });
  });

  it('of a correction is usage of the class of corrections, with its reason, and may be negative', () => {
    const row = focusRow(aLine({ charge: 'correction', costPicos: '-5000000000000', reason: 'agreed' }), account);
    expect(row).toMatchObject({
      BilledCost: -5,
      ChargeCategory: 'Usage',
      ChargeClass: 'Correction',
      ChargeDescription: 'agreed',
      ConsumedQuantity: 0,
      SkuId: null,
    });
  });

  const everyCharge = charges.flatMap((charge) =>
    [{}, { app: '', endpoint: '', group: '', priceVersion: '' }].map((more) =>
      focusRow(aLine({ charge, ...more }), account),
    ),
  );

  it('has every column of its file and no other, whatever the charge', () => {
    for (const row of everyCharge) expect(Object.keys(row).toSorted()).toEqual(Object.keys(focusColumns).toSorted());
  });

  it('has what FOCUS 1.2 lets nobody leave out, and null where it demands null', () => {
    for (const row of everyCharge) {
      for (const column of mandatory) expect([column, row[column]]).not.toEqual([column, null]);
      expect(row.SubAccountName === null).toBe(row.SubAccountId === null);
      expect(row.ConsumedUnit === null).toBe(row.ConsumedQuantity === null);
      expect(row.PricingUnit === null).toBe(row.PricingQuantity === null);
      if (row.SkuPriceId === null) expect(row.SkuPriceDetails).toBeNull();
      if (row.SkuId === null) expect(row.SkuPriceId).toBeNull();
      if (row.ResourceId === null) expect(row.ResourceType).toBeNull();
      expect(row.PricingCurrencyEffectiveCost).toBe(row.EffectiveCost);
      expect(row.InvoiceId).toBeNull();
      if (row.ListUnitPrice !== null) expect(row.ListUnitPrice).toBeGreaterThanOrEqual(0);
      for (const column of Object.keys(focusColumns).filter((name) => /(Start|End)$/.test(name)) as FocusColumn[])
        expect(row[column]).toMatch(/^\d{4}-\d{2}-\d{2}T00:00:00Z$/);
    }
  });
});

describe('A4: a CSV file', () => {
  it.each([
    '=cmd|"/c calc"!A1',
    '+1+1',
    '-2+3',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    ' =1',
    '|x',
    '%0A',
    '\uff1d1',
    '\u202e=1',
    '\ufeff=1',
  ])('gives a spreadsheet no formula in %j', (hostile) => {
    const file = csvOf([focusRow(aLine({ model: hostile, app: hostile, group: hostile }), account)]);
    const cells = file.split('\r\n')[1]!.match(/"(?:[^"]|"")*"|[^,]+/g)!;
    for (const cell of cells) if (!/^-?[\d.]+$/.test(cell)) expect(cell).not.toMatch(/^"?\s*[=+\-@|%\uff1d]/);
  });

  it('keeps a row in one line, and quotes what has commas and quotes', () => {
    const file = csvOf([focusRow(aLine({ model: 'a,"b"\n\u001b[31m${jndi:ldap://x}' }), account)]);
    expect(file.split('\r\n')).toHaveLength(3);
    expect(file).toContain('"a,""b""  [31m${jndi:ldap://x}"');
    // oxlint-disable-next-line no-control-regex -- none may be left
    expect(file.replaceAll('\r\n', '')).not.toMatch(/[\u0000-\u001f]/);
  });

  it('writes numbers without an exponent, to the millionth of a micro-unit', () => {
    expect(csvOf([focusRow(aLine({ costPicos: '1' }), account)])).toContain('\r\n0.000000000001,');
  });
});

describe('numbers of a CSV file', () => {
  it('have a point, so that no reader takes a column of whole ones for integers', () => {
    const file = csvOf([focusRow(aLine({ costPicos: '3000000000000' }), account)]);
    const [names, cells] = file.split('\r\n').map((line) => line.split(','));
    for (const column of ['BilledCost', 'ConsumedQuantity', 'PricingQuantity'])
      expect(cells![names!.indexOf(column)]).toMatch(/^-?\d+\.\d+$/);
  });
});

describe('a Parquet file', () => {
  it('is read back as it was written, texts and numbers and what is not there', async () => {
    const rows = [aLine(), aLine({ charge: 'request', model: '=1+1', endpoint: '' })].map((line) =>
      focusRow(line, account),
    );
    const bytes = parquetOf(rows);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const read = await parquetReadObjects({ file });
    expect(read.map((row) => ({ ...row }))).toEqual(rows.map((row) => ({ ...row })));
  });

  it('without a row is a file all the same', async () => {
    const bytes = parquetOf([]);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    expect(await parquetReadObjects({ file })).toEqual([]);
  });
});
