// The long mutation test: both verifiers judge bundles that were mutated at random, and must never accept one.
//   node tools/with-node.mjs node libs/ledger/dist/verify/mutate.js [count] [seed]
import { mutateBundles } from './mutations.fixtures.js';

const count = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const tally = await mutateBundles(count, seed);
for (const line of [...tally.falseAccepts, ...tally.disagreements].slice(0, 20)) console.log(line);
console.log(
  `${tally.tried} mutants (${tally.unchanged} came out unchanged), ${tally.falseAccepts.length} false accepts, ` +
    `${tally.disagreements.length} disagreements; by exit code ${JSON.stringify(tally.byExit)}`,
);
process.exitCode = tally.falseAccepts.length + tally.disagreements.length === 0 ? 0 : 1;
