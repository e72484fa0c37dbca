import { parsePriceVersion } from '@writ/domain';
import type { UsageDayLine } from '@writ/postgres';

/** One row of FOCUS 1.2 (FinOps Open Cost and Usage Specification), with our own columns behind `x_`. */
export type FocusRow = Readonly<Record<FocusColumn, string | number | null>>;

/** Names and kinds of the columns, in the order of a file. Money is in US dollars, times are ISO 8601 in UTC. */
export const focusColumns = {
  BilledCost: 'number',
  BillingAccountId: 'text',
  BillingAccountName: 'text',
  BillingCurrency: 'text',
  BillingPeriodStart: 'text',
  BillingPeriodEnd: 'text',
  ChargeCategory: 'text',
  ChargeClass: 'text',
  ChargeDescription: 'text',
  ChargeFrequency: 'text',
  ChargePeriodStart: 'text',
  ChargePeriodEnd: 'text',
  CommitmentDiscountStatus: 'text',
  ConsumedQuantity: 'number',
  ConsumedUnit: 'text',
  ContractedCost: 'number',
  ContractedUnitPrice: 'number',
  EffectiveCost: 'number',
  InvoiceId: 'text',
  InvoiceIssuerName: 'text',
  ListCost: 'number',
  ListUnitPrice: 'number',
  PricingCategory: 'text',
  PricingCurrency: 'text',
  PricingCurrencyContractedUnitPrice: 'number',
  PricingCurrencyEffectiveCost: 'number',
  PricingCurrencyListUnitPrice: 'number',
  PricingQuantity: 'number',
  PricingUnit: 'text',
  ProviderName: 'text',
  PublisherName: 'text',
  ResourceId: 'text',
  ResourceType: 'text',
  ServiceCategory: 'text',
  ServiceName: 'text',
  ServiceSubcategory: 'text',
  SkuId: 'text',
  SkuMeter: 'text',
  SkuPriceDetails: 'text',
  SkuPriceId: 'text',
  SubAccountId: 'text',
  SubAccountName: 'text',
  Tags: 'text',
  x_App: 'text',
  x_ChargeType: 'text',
  x_DeniedRequests: 'number',
  x_Endpoint: 'text',
  x_EstimatedQuantity: 'number',
  x_FailedRequests: 'number',
  x_Model: 'text',
  x_PriceVersion: 'text',
  x_SubjectGroup: 'text',
} as const satisfies Readonly<Record<string, 'text' | 'number'>>;

export type FocusColumn = keyof typeof focusColumns;

/** Whose usage it is, and who runs this gateway. */
export interface FocusAccount {
  readonly tenant: string;
  readonly name: string;
  readonly issuer: string;
}

/** Dollars of a micro-unit's millionth. */
const picosPerDollar = 1e12;

export function focusRow(line: UsageDayLine, account: FocusAccount): FocusRow {
  const cost = Number(line.costPicos) / picosPerDollar;
  const isCorrection = line.charge === 'correction';
  const isTokens = !isCorrection && line.charge !== 'request' && line.charge !== 'unsplit';
  // What nobody can split into tokens, and a correction, are money without a quantity; FOCUS wants the quantity all the same.
  const unit = line.charge === 'request' ? 'Requests' : 'Tokens';
  const quantity = isTokens || line.charge === 'request' ? Number(line.quantity) : 0;
  const isPriced = isTokens && line.priceVersion !== '';
  const unitPrice = isTokens ? unitPriceOf(line) : line.charge === 'request' ? 0 : null;
  return {
    BilledCost: cost,
    BillingAccountId: account.tenant,
    BillingAccountName: account.name,
    BillingCurrency: 'USD',
    BillingPeriodStart: `${line.day.slice(0, 7)}-01T00:00:00Z`,
    BillingPeriodEnd: `${nextMonth(line.day)}-01T00:00:00Z`,
    // A correction of usage is usage, of the class of corrections; adjustments are what belongs to no charge.
    ChargeCategory: 'Usage',
    ChargeClass: isCorrection ? 'Correction' : null,
    ChargeDescription: line.reason ?? `${line.charge} of ${line.model}`,
    ChargeFrequency: isCorrection ? 'One-Time' : 'Usage-Based',
    ChargePeriodStart: `${line.day}T00:00:00Z`,
    ChargePeriodEnd: `${nextDay(line.day)}T00:00:00Z`,
    CommitmentDiscountStatus: null,
    ConsumedQuantity: quantity,
    ConsumedUnit: unit,
    ContractedCost: cost,
    ContractedUnitPrice: unitPrice,
    EffectiveCost: cost,
    InvoiceId: null,
    InvoiceIssuerName: account.issuer,
    ListCost: cost,
    ListUnitPrice: unitPrice,
    PricingCategory: isTokens ? 'Standard' : null,
    PricingCurrency: 'USD',
    PricingCurrencyContractedUnitPrice: unitPrice,
    PricingCurrencyEffectiveCost: cost,
    PricingCurrencyListUnitPrice: unitPrice,
    PricingQuantity: quantity,
    PricingUnit: unit,
    ProviderName: account.issuer,
    PublisherName: account.issuer,
    ResourceId: line.endpoint === '' ? null : line.endpoint,
    ResourceType: line.endpoint === '' ? null : 'Model endpoint',
    ServiceCategory: 'AI and Machine Learning',
    ServiceName: line.model,
    ServiceSubcategory: 'Generative AI',
    SkuId: isTokens ? `${line.model}/${line.charge}` : null,
    SkuMeter: isTokens ? line.charge : null,
    SkuPriceDetails: isPriced ? JSON.stringify({ x_Charge: line.charge }) : null,
    SkuPriceId: isPriced ? `${line.model}/${line.charge}/${line.priceVersion}` : null,
    SubAccountId: line.app === '' ? null : line.app,
    SubAccountName: line.app === '' ? null : line.app,
    Tags: JSON.stringify({ app: line.app, group: line.group }),
    x_App: line.app,
    x_ChargeType: line.charge,
    x_DeniedRequests: Number(line.denied),
    x_Endpoint: line.endpoint,
    x_EstimatedQuantity: Number(line.estimated),
    x_FailedRequests: Number(line.failed),
    x_Model: line.model,
    x_PriceVersion: line.priceVersion,
    x_SubjectGroup: line.group,
  };
}

/** Dollars a token, from the rates that the record itself names. */
function unitPriceOf({ charge, priceVersion }: UsageDayLine): number | null {
  const rates = parsePriceVersion(priceVersion)?.rates;
  if (!rates) return null;
  const rate = {
    input: rates.input,
    output: rates.output,
    'cache-read': rates.cacheRead,
    'cache-write': rates.cacheWrite,
    reasoning: rates.reasoning,
  }[charge];
  return rate === undefined ? null : Number(rate) / picosPerDollar;
}

function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

function nextMonth(day: string): string {
  const at = new Date(`${day}T00:00:00Z`);
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1)).toISOString().slice(0, 7);
}
