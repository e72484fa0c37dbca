import { enlist, hashOf, LOGIN } from '../text/lexicon.js';
import type { Emit, Scene } from './scene.js';

const alone = new Set(
  ['username', 'user_name', 'userid', 'login', 'handle', 'benutzername', 'identifiant', 'utente', 'usuario'].map(
    hashOf,
  ),
);
const user = hashOf('user');
const seconds = new Set(['name', 'id'].map(hashOf));
enlist([...alone, ...seconds], LOGIN);

const value =
  /["'`]?[ \t]{0,2}(?:(?::|=)[ \t]{0,2}|[ \t]is:?[ \t])["'`]?([A-Za-z][A-Za-z0-9._-]{2,31})(?![A-Za-z0-9._@(-]|\[)/y;
const plain =
  /^(?:req|request|this|self|process|config|user|users|null|true|false|none|undefined|string|str|admin|root|username|name|test|demo|guest|env|props|data|params|options|input|value)$/i;

/** The name somebody logs in with, behind a word that says so: `username: darkwolf_99`. Not where program text stands. */
export function findUsernames(scene: Scene, emit: Emit): void {
  const { text, tokens } = scene;
  if ((tokens.lists & LOGIN) === 0) return;
  for (let index = 0; index < tokens.count; index += 1) {
    if ((tokens.marks[index]! & LOGIN) === 0) continue;
    const hash = tokens.hash[index]!;
    const isPair = index > 0 && seconds.has(hash) && tokens.hash[index - 1] === user && isOneApart(scene, index);
    if (!alone.has(hash) && !isPair) continue;
    const from = tokens.end[index]!;
    value.lastIndex = from;
    const match = value.exec(text);
    if (!match) continue;
    const found = match[1]!.replace(/[._-]+$/, '');
    const start = from + match[0].indexOf(match[1]!);
    if (
      !/[\d._-]/.test(found) ||
      /\.\w+\.|^[a-z]+\.[A-Z]|[a-z][A-Z]/.test(found) ||
      plain.test(found.split(/[._-]/)[0]!)
    )
      continue;
    emit({
      start,
      end: start + found.length,
      class: 'PII',
      type: 'USERNAME',
      score: 620,
      detector: 'assignment:USERNAME',
      strength: 1,
      cues: [text.slice(tokens.start[isPair ? index - 1 : index], from)],
      alternatives: [],
      via: [],
      steps: ['behind a word for a login: 620'],
      normal: found.toLowerCase(),
    });
  }
}

function isOneApart({ tokens }: Scene, index: number): boolean {
  const gap = tokens.start[index]! - tokens.end[index - 1]!;
  return gap === 1;
}
