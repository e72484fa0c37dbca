import { type Mismatch, fuzzPolicy, randomRequests, seeded } from '../fuzz.js';
import { randomDocument } from '../fuzz-policy.js';

/**
 * `node libs/policy/dist/bench/fuzz-main.js [decisions] [seed]`: engine against specification; ten million decisions unless
 * told. Each policy decides 500 requests; ten policies with catalogues of their own decide the same 500, because to make
 * requests up takes longer than to decide them.
 */
const decisions = Number(process.argv[2] ?? 10_000_000);
const seed = Number(process.argv[3] ?? Math.floor(Date.now() / 86_400_000));
const perPolicy = 500;
const perRequest = 10;
const random = seeded(seed);
const started = process.cpuUsage();

function fail(policies: number, mismatch: Mismatch): never {
  const told = JSON.stringify(mismatch, undefined, 2);
  console.error(`seed ${seed}, policy ${policies}: engine and specification differ\n${told}`);
  process.exit(1);
}

let requests = randomRequests(random, perPolicy);
let done = 0;
for (let policies = 1; done < decisions; policies += 1) {
  if (policies % perRequest === 0) requests = randomRequests(random, perPolicy);
  const source = randomDocument(random, 1 + Math.floor(random() * (random() < 0.05 ? 60 : 12)));
  const platform = random() < 0.2 ? randomDocument(random, 3) : undefined;
  const mismatch = fuzzPolicy(random, source, platform, requests.slice(0, decisions - done));
  if (mismatch !== undefined) fail(policies, mismatch);
  done += perPolicy;
  if (policies % 400 === 0) {
    const { user, system } = process.cpuUsage(started);
    const speed = Math.round((done * 1e6) / (user + system)).toLocaleString('en');
    console.log(`${done.toLocaleString('en')} decisions, ${policies} policies, ${speed} a CPU second, 0 mismatches`);
  }
}
console.log(`${decisions.toLocaleString('en')} decisions, seed ${seed}: 0 mismatches`);
