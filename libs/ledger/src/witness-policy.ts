import { concat, fromBase64, toBase64, toHex } from './bytes.js';
import type { Witness } from './cosignature.js';
import { cosignatureAlgorithm, noteKeyId } from './note.js';

/** C2SP tlog-policy: which witnesses must have cosigned before a checkpoint counts as witnessed. */
export interface WitnessPolicy {
  readonly witnesses: readonly PolicyWitness[];
  /** True when these witnesses, by the key names of their vkeys, are enough. */
  readonly isQuorum: (cosigners: ReadonlySet<string>) => boolean;
}

/** `url` is the submission prefix, where the policy names one. */
export interface PolicyWitness extends Witness {
  readonly url?: string;
}

type Rule = (cosigners: ReadonlySet<string>) => boolean;

/** Undefined for a policy that is not exactly one: whoever brings a policy must not get less than it says. */
export function parseWitnessPolicy(text: string): WitnessPolicy | undefined {
  const rules = new Map<string, Rule>();
  const members = new Set<string>();
  const witnesses: PolicyWitness[] = [];
  let quorum: Rule | undefined;
  for (const line of text.split('\n')) {
    const [word = '', ...rest] = line.split(/[ \t]+/).filter((item) => item !== '');
    if (word === '' || word.startsWith('#') || word === 'log') continue;
    const name = rest[0] ?? '';
    if (word === 'witness') {
      const witness = witnessFrom(rest[1] ?? '');
      const isKnown = witnesses.some(
        (one) => one.name === witness?.name || (witness && toHex(one.publicKey) === toHex(witness.publicKey)),
      );
      if (!witness || isKnown || rules.has(name) || name === 'none' || rest.length > 3) return undefined;
      witnesses.push(rest[2] === undefined ? witness : { ...witness, url: rest[2] });
      rules.set(name, (cosigners) => cosigners.has(witness.name));
    } else if (word === 'group') {
      const rule = groupRule(rest.slice(1), rules, members);
      if (!rule || rules.has(name) || name === 'none') return undefined;
      rules.set(name, rule);
    } else if (word === 'quorum' && quorum === undefined && rest.length === 1) {
      quorum = name === 'none' ? () => true : rules.get(name);
      if (!quorum) return undefined;
    } else {
      return undefined;
    }
  }
  return quorum && { witnesses, isQuorum: quorum };
}

function groupRule(
  [threshold = '', ...names]: readonly string[],
  rules: ReadonlyMap<string, Rule>,
  members: Set<string>,
): Rule | undefined {
  const parts = names.map((name) => rules.get(name));
  const isNew = names.every((name) => !members.has(name)) && new Set(names).size === names.length;
  const needed =
    threshold === 'all'
      ? names.length
      : threshold === 'any'
        ? 1
        : /^[1-9][0-9]{0,3}$/.test(threshold)
          ? Number(threshold)
          : 0;
  const isWhole = parts.every((part) => part !== undefined);
  if (!isNew || !isWhole || needed < 1 || needed > names.length) return undefined;
  for (const name of names) members.add(name);
  return (cosigners) => parts.filter((part) => part?.(cosigners)).length >= needed;
}

/** A vkey of type 0x04: `<name>+<hex id>+<base64(0x04 || key)>`. */
export function witnessFrom(vkey: string): Witness | undefined {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey);
  const blob = match ? fromBase64(match[3] as string) : undefined;
  if (!match || blob?.length !== 33 || blob[0] !== cosignatureAlgorithm) return undefined;
  const publicKey = blob.subarray(1);
  const name = match[1] as string;
  return toHex(noteKeyId(name, publicKey, cosignatureAlgorithm)) === match[2] ? { name, publicKey } : undefined;
}

/** How a tlog-policy names a witness with this Ed25519 key. */
export function witnessKey(name: string, publicKey: Uint8Array): string {
  const id = toHex(noteKeyId(name, publicKey, cosignatureAlgorithm));
  return `${name}+${id}+${toBase64(concat([Uint8Array.of(cosignatureAlgorithm), publicKey]))}`;
}
