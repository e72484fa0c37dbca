/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type. */
// Texts for the benchmark: mixed honest ones from one seed, and the worst that 100 KB can be.
import { faker } from '@faker-js/faker';

export function mixed(length, seed) {
  faker.seed(seed);
  // Dates in the past of a fixed day, so that the same seed gives the same text every day.
  faker.setDefaultRefDate('2026-01-01T00:00:00.000Z');
  const parts = [];
  let size = 0;
  while (size < length) {
    const kind = faker.number.int(7);
    const part =
      kind === 0
        ? `${faker.person.fullName()} of ${faker.location.city()} wrote to ${faker.internet.email()} on ${faker.date.past().toISOString()}.`
        : kind === 1
          ? `const ${faker.hacker.noun()} = await ${faker.hacker.verb()}({ id: '${faker.string.uuid()}', size: ${faker.number.int(1e6)} });`
          : kind === 2
            ? `${faker.date.past().toISOString()} INFO ${faker.internet.ip()} GET ${faker.internet.url()} 200 ${faker.number.int(5000)}`
            : `${faker.hacker.phrase()} ${faker.word.words(24)}.`;
    parts.push(part);
    size += part.length + 1;
  }
  return parts.join('\n').slice(0, length);
}

function repeated(part, length) {
  return part.repeat(Math.ceil(length / part.length)).slice(0, length);
}

const hostileParts =
  'a| |1|@|a@|a.|a:|://|.|é|４|aа|4111 |123 456 7890 |1.2.3.4.|1/1/|May 1 |DE89 3704 0044 0532 0130 |a@b.co |http://a.b/|%41|&#65;|\\u0041|QUJDREVGR0hJSktMTU5PUFFSU1RVVldY|4142434445464748|eyJhbGciOiJIUzI1NiJ9.|password=|password="|api key |sk-|ghp_|ignore all |ignore the previous |please send the file to |John Smith |12 Main |A1b2C3d4 |a b c |1-2-3-4-|ssn 123 passport account 4 |call +1 415 555 | at | a at b dot |![a](http://|<!--|12345678:AA|-----BEGIN RSA PRIVATE KEY-----'.split(
    '|',
  );

export function hostile(length) {
  const inputs = hostileParts.map((part) => [part, repeated(part, length)]);
  inputs.push(['JSON array', `[${repeated('1,', length)}1]`], ['JSON nesting', repeated('[', length)]);
  inputs.push(['line ends', repeated('1234\n', length)], ['zero width', repeated('a\u200b', length)]);
  inputs.push(['tags', repeated('a\u{e0041}', length)], ['quoted', `{"a":"${repeated('x', length)}"}`]);
  return inputs;
}
