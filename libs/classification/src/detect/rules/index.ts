import type { Rule } from '../rule.js';
import { unitedStates } from './united-states.js';

/** Every structured identifier that the trie knows. */
export const rules: readonly Rule[] = [...unitedStates];
