import { fuzzPolicy, seeded } from '../fuzz.js';
import { randomDocument } from '../fuzz-policy.js';

/** `node libs/policy/dist/bench/fuzz-main.js [requests] [seed]`: engine against specification; ten million requests unless told. */
const requests = Number(process.argv[2] ?? 10_000_000);
const seed = Number(process.argv[3] ?? Math.floor(Date.now() / 86_400_000));
const perPolicy = 500;
const random = seeded(seed);
const started = performance.now();
let done = 0;
for (let policies = 1; done < requests; policies += 1) {
  const source = randomDocument(random, 1 + Math.floor(random() * 12));
  const platform = random() < 0.2 ? randomDocument(random, 3) : undefined;
  const mismatch = fuzzPolicy(random, source, platform, Math.min(perPolicy, requests - done));
  if (mismatch !== undefined) {
    console.error(
      `seed ${seed}, policy ${policies}: engine and specification differ\n${JSON.stringify(mismatch, undefined, 2)}`,
    );
    process.exit(1);
  }
  done += perPolicy;
  if (policies % 200 === 0) {
    const seconds = (performance.now() - started) / 1_000;
    console.log(
      `${done.toLocaleString('en')} requests, ${policies} policies, ${Math.round(done / seconds).toLocaleString('en')} a second, 0 mismatches`,
    );
  }
}
console.log(`${requests.toLocaleString('en')} requests, seed ${seed}: 0 mismatches`);
