import type { JsonObject } from '@writ/domain';

/** What of a bundle serves which clause. `text`: the clause asks for it; `supporting`: it helps to show that the clause is kept. */
interface Regime {
  readonly name: string;
  readonly clauses: string;
  /** What the clause does not ask, or what could not be settled. */
  readonly caution: string;
}

const regimes: readonly Regime[] = [
  {
    name: 'EU AI Act',
    clauses: 'Articles 12(2), 19, 26',
    caution:
      'Binds high-risk AI systems, not gateways. It asks for no tamper evidence, no signatures and no identity of the caller; the minimum set of Article 12(3) is for remote biometric identification only. Its dates were moved; check them in the Official Journal.',
  },
  {
    name: 'HIPAA',
    clauses: '45 CFR 164.312(b), 164.316(b)',
    caution:
      'Activity must be recorded and examined. Whether raw audit logs are "documentation" that is kept for six years was not said by HHS; the class y6 is the cautious reading, not the rule.',
  },
  {
    name: 'NIST AI RMF',
    clauses: 'MANAGE 4',
    caution: 'Voluntary. It has no requirement for logging or cryptography.',
  },
  {
    name: 'DORA',
    clauses: 'Regulation (EU) 2024/1774, Article 12',
    caution: 'Binds financial entities. How long logs are kept is for the entity to set.',
  },
  {
    name: 'Fannie Mae LL-2026-04',
    clauses: 'disclosure of the use of AI on request',
    caution:
      'Evidence for a disclosure, and nothing more: that it asks for a record of each decision was said by vendors alone.',
  },
];

/** One letter for each regime in order: T text, s supporting, - not applicable. */
const groups: readonly (readonly [what: string, marks: string])[] = [
  ['type, log, record and request ids, nonce', 'sssss'],
  ["the writer's chain: w, wseq, prev", 'sssTs'],
  ['time of the record and its source', 'TTsTs'],
  ['retention class and hold', 'Ts-Ts'],
  ['tenant, environment, route, build', 'TssTs'],
  ['subject, as a commitment', 'sTsTs'],
  ['identity: kind, issuer, method, delegation', 'sTsTs'],
  ['handle of the subject', '-s---'],
  ['roles, groups, scopes in effect', 'sTsTs'],
  ['address and user agent, as commitments', '-T-T-'],
  ['classification: classes, detectors, versions', 'TTsss'],
  ['prompt: commitment, bytes, tokens, tools', 's---s'],
  ['policy: version, digest, rules that matched', 'TssTs'],
  ['decision: permit or deny, reason, obligations', 'TTsss'],
  ['authorized endpoints, model asked for', 'sssss'],
  ['review or override', 'TsTss'],
  ['dispatch: attempt, endpoint, provider, region', 'TTsTs'],
  ['segments: windows and digests', 'ss---'],
  ['outcome: how it ended', 'TTTTs'],
  ['model reported, attempts, usage', 'TssTs'],
  ['response: commitment, windows, classification', 'TTsss'],
  ['bytes handed to the socket', 'sssss'],
  ['links by leaf hash', 'sssTs'],
];

const markNames: Readonly<Record<string, string>> = { T: 'text', s: 'supporting', '-': 'not-applicable' };

/** The clause table of the manifest: an exporter's reading, which no verifier can prove. */
export function clauseTable(): JsonObject {
  return {
    regimes: regimes.map((regime) => ({ ...regime })),
    fields: groups.map(([what, marks]) => ({
      what,
      ...Object.fromEntries(regimes.map(({ name }, at) => [name, markNames[marks.charAt(at)] ?? ''])),
    })),
  };
}

/** The same for a reader. */
export function clauseText(): string {
  const wide = Math.max(...groups.map(([what]) => what.length));
  const heads = regimes
    .map(({ name, clauses, caution }, at) => `  ${at + 1}  ${name}, ${clauses}. ${caution}\n`)
    .join('');
  const rows = groups.map(([what, marks]) => `  ${what.padEnd(wide)}  ${marks.split('').join('  ')}\n`).join('');
  return `${heads}\n  ${''.padEnd(wide)}  ${regimes.map((_, at) => at + 1).join('  ')}\n${rows}`;
}
