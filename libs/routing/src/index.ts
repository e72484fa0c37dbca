export { isAuthorizedBy, type AuthorizedEndpoint } from './authorized-endpoint.js';
export { choose, type RouteNeeds, type RouteRefusal } from './choose.js';
export type { FaultClass, ProviderFault } from './fault.js';
export { healthOf, localHealth, type Health, type HealthSettings, type LocalHealth, type Rest } from './health.js';
export type { Attempt, Route } from './route.js';
export { costAtMost, costMicros, microsOf, priceOf, ratesOf, unpricedVersion } from './price.js';
export { pricesAt, type ModelMatch, type PriceBook } from './price-book.js';
export type { Quota } from './quota.js';
