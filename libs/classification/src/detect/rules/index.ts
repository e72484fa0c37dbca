import type { Rule } from '../rule.js';
import { americas } from './americas.js';
import { asia } from './asia.js';
import { britainAndCommonwealth } from './britain-and-commonwealth.js';
import { easternEurope } from './eastern-europe.js';
import { everywhere } from './everywhere.js';
import { germanFrenchBenelux } from './german-french-benelux.js';
import { nordicAndBaltic } from './nordic-and-baltic.js';
import { southernEurope } from './southern-europe.js';
import { unitedStates } from './united-states.js';

/** Every structured identifier that the trie knows. */
export const rules: readonly Rule[] = [
  ...unitedStates,
  ...britainAndCommonwealth,
  ...germanFrenchBenelux,
  ...southernEurope,
  ...nordicAndBaltic,
  ...easternEurope,
  ...asia,
  ...americas,
  ...everywhere,
];
