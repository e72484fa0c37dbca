// A3: both verifiers on so many spellings of canonical JSON, and on so many records of random content. The long run of what
// `strict-json.spec.ts` and `random-records.spec.ts` do in short.
//   npm run fuzz:records -- 100000 1
import { agreeOnRandomRecords } from './random-records.fixtures.js';
import { acceptors } from './spellings.fixtures.js';

const count = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const { texts, ours, theirs } = acceptors(count, seed);
const differently = texts.filter((_, at) => ours[at] !== theirs[at]);
for (const text of differently.slice(0, 20)) console.log(JSON.stringify(text));
const canonical = ours.filter((one) => one === '1').length;
console.log(
  `${count} spellings of seed ${seed}, ${canonical} canonical; the verifiers differ on ${differently.length}`,
);
const { records, apart } = await agreeOnRandomRecords(count, seed);
for (const line of apart.slice(0, 20)) console.log(line);
console.log(`${records} records of seed ${seed}, ${apart.length} bundles on which the verifiers did not both say yes`);
process.exitCode = differently.length + apart.length === 0 ? 0 : 1;
