import { unreachable, type Budget, type LimitRule, type Subject } from '@writ/domain';

/** A rule or budget as it applies to one holder: the tenant, an app, a subject, a role or a team. */
export interface Applied<Rule> {
  readonly rule: Rule;
  /** Empty for the tenant; otherwise names the holder within it. */
  readonly holder: string;
}

/**
 * Which rules count this request, and for whom. An agent counts for itself and for everyone it acts for, so that nobody
 * gets a second allowance by sending an agent.
 */
export function applicable<Rule extends Pick<LimitRule, 'scope' | 'match'> | Pick<Budget, 'scope' | 'match'>>(
  rules: readonly Rule[],
  subject: Subject,
): readonly Applied<Rule>[] {
  return rules.flatMap((rule) =>
    holdersOf(rule.scope, subject)
      .filter(({ name }) => rule.match === undefined || rule.match === name)
      .map(({ holder }) => ({ rule, holder })),
  );
}

/**
 * What follows from the rules of a snapshot for a subject, drawn once: both are the same objects from request to request, as long
 * as the same token comes and nothing was published. It is held as long as both are.
 */
export function oncePerSubject<Rules extends readonly object[], Drawn>(
  draw: (rules: Rules, subject: Subject) => Drawn,
): (rules: Rules, subject: Subject) => Drawn {
  const drawn = new WeakMap<Rules, WeakMap<Subject, Drawn>>();
  return (rules, subject) => {
    let ofRules = drawn.get(rules);
    if (!ofRules) drawn.set(rules, (ofRules = new WeakMap<Subject, Drawn>()));
    const known = ofRules.get(subject);
    if (known !== undefined) return known;
    const made = draw(rules, subject);
    ofRules.set(subject, made);
    return made;
  };
}

interface Holder {
  /** What a rule's `match` is compared with. */
  readonly name: string;
  readonly holder: string;
}

function holdersOf(scope: LimitRule['scope'], subject: Subject): readonly Holder[] {
  const everyone: Subject[] = [];
  for (let one: Subject | undefined = subject; one; one = one.onBehalfOf) everyone.push(one);
  switch (scope) {
    case 'tenant':
      return [{ name: '', holder: '' }];
    case 'app':
      return unique(everyone.map(({ app, connection }) => app ?? connection)).map((app) => ({
        name: app,
        holder: app,
      }));
    case 'role':
      return unique(everyone.flatMap(({ roles }) => roles)).map((role) => ({ name: role, holder: role }));
    // A team is a group of the tenant's directory, as the credential's mapping names it.
    case 'team':
      return unique(everyone.flatMap(({ groups }) => groups)).map((team) => ({ name: team, holder: team }));
    case 'subject':
      return everyone.map(({ id, issuer }) => ({ name: id, holder: JSON.stringify([issuer, id]) }));
    // Counted where the key is chosen: nobody knows it yet.
    case 'endpoint-key':
      return [];
    default:
      return unreachable(scope);
  }
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
