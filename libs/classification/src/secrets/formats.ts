import type { SecretFormat } from './format.js';
import { businessFormats } from './formats-business.js';
import { cloudFormats } from './formats-cloud.js';
import { coreFormats } from './formats-core.js';
import { developerFormats } from './formats-developer.js';

/** Every credential format. Earlier ones win where two match the same span. */
export const secretFormats: readonly SecretFormat[] = [
  ...coreFormats,
  ...cloudFormats,
  ...developerFormats,
  ...businessFormats,
];
