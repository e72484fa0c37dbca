import { coreFormats } from './formats-core.js';
import type { SecretFormat } from './format.js';

export const secretFormats: readonly SecretFormat[] = [...coreFormats];
