// node tools/resolve-ocsf.mjs <checkout of ocsf/ocsf-schema> > apps/worker/ocsf/api-activity.json
// Resolves inheritance, includes and the dictionary for the class API Activity and for the objects that our events use, so that a
// test can validate events without the network. Captions of enumerations stay; descriptions do not.
/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-member-access, typescript/no-unsafe-argument, typescript/no-unsafe-call */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '.';
const used = [
  'metadata',
  'product',
  'actor',
  'user',
  'group',
  'api',
  'service',
  'request',
  'network_endpoint',
  'ai_model',
  'fingerprint',
];
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const dictionary = read('dictionary.json');
const baseOf = { _entity: 'objects/_entity.json', object: 'objects/object.json', endpoint: 'objects/endpoint.json' };

/** Own attributes over those of the profiles that the file includes. */
function ownAttributes(definition) {
  const { $include: included = [], ...own } = definition.attributes;
  const merged = {};
  for (const name of included) {
    const profile = read(name);
    for (const [key, value] of Object.entries(profile.attributes)) merged[key] = { ...value, profile: profile.name };
  }
  for (const [key, value] of Object.entries(own)) merged[key] = { ...merged[key], ...value };
  return merged;
}

function resolve(path, parentPath) {
  const definition = read(path);
  const parent = parentPath(definition.extends);
  const above = parent === undefined ? { attributes: {}, constraints: undefined } : resolve(parent, parentPath);
  const attributes = { ...above.attributes };
  for (const [key, value] of Object.entries(ownAttributes(definition)))
    attributes[key] = { ...attributes[key], ...value, enum: { ...attributes[key]?.enum, ...value.enum } };
  return { attributes, constraints: definition.constraints ?? above.constraints };
}

function plain({ attributes, constraints }) {
  const entries = Object.entries(attributes).map(([name, value]) => {
    const known = dictionary.attributes[name];
    if (known === undefined) throw new Error(`${name} is not in the dictionary`);
    const merged = { ...known, ...Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null)) };
    const values = Object.entries({ ...known.enum, ...value.enum }).map(([key, { caption }]) => [key, caption]);
    return [
      name,
      {
        type: merged.type,
        requirement: merged.requirement ?? 'optional',
        ...(merged.is_array === true ? { is_array: true } : {}),
        ...(value.profile ? { profile: value.profile } : {}),
        ...(known.sibling === undefined ? {} : { sibling: known.sibling }),
        ...(values.length === 0 ? {} : { enum: Object.fromEntries(values) }),
      },
    ];
  });
  return {
    attributes: Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    ...(constraints && { constraints }),
  };
}

const classParent = (name) =>
  ({ application: 'events/application/application.json', base_event: 'events/base_event.json' })[name];
const objectParent = (name) => baseOf[name] ?? (name === undefined ? undefined : `objects/${name}.json`);
const { uid, name, caption, profiles } = read('events/application/api_activity.json');
process.stdout.write(
  `${JSON.stringify(
    {
      source: 'https://github.com/ocsf/ocsf-schema',
      licence:
        'Apache-2.0, Copyright the Open Cybersecurity Schema Framework contributors; resolved by tools/resolve-ocsf.mjs',
      version: read('version.json').version,
      class: {
        name,
        caption,
        class_uid: 6000 + uid,
        category_uid: 6,
        profiles,
        ...plain(resolve('events/application/api_activity.json', classParent)),
      },
      objects: Object.fromEntries(used.map((each) => [each, plain(resolve(`objects/${each}.json`, objectParent))])),
      types: Object.fromEntries(
        Object.entries(dictionary.types.attributes).map(([type, { type: base, regex, range, max_len }]) => [
          type,
          { ...(base && { base }), ...(regex && { regex }), ...(range && { range }), ...(max_len && { max_len }) },
        ]),
      ),
    },
    undefined,
    1,
  )}\n`,
);
