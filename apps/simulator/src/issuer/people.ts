/** Who can get a token. `id` becomes `sub`; the other fields become claims of the same names. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly department: string;
  /** Which tenant of the identity provider; a gateway binds it. */
  readonly tid: string;
  readonly clearance?: number;
}

export interface MachineClient {
  readonly clientId: string;
  readonly secret: string;
  readonly groups: readonly string[];
  readonly department: string;
  readonly tid: string;
}

export const people: readonly Person[] = [
  {
    id: 'nora',
    name: 'Nora Nurse',
    email: 'nora@mercy.example',
    groups: ['clinicians', 'nurses'],
    department: 'cardiology',
    tid: 'mercy',
  },
  {
    id: 'anton',
    name: 'Anton Analyst',
    email: 'anton@mercy.example',
    groups: ['analysts'],
    department: 'finance',
    tid: 'mercy',
  },
  {
    id: 'ada',
    name: 'Ada Admin',
    email: 'ada@mercy.example',
    groups: ['admins'],
    department: 'it',
    tid: 'mercy',
    clearance: 3,
  },
  {
    id: 'otto',
    name: 'Otto Other',
    email: 'otto@northwind.example',
    groups: ['analysts', 'admins'],
    department: 'trading',
    tid: 'northwind',
  },
];

export const machines: readonly MachineClient[] = [
  { clientId: 'agent-scribe', secret: 'scribe-secret', groups: ['agents'], department: 'cardiology', tid: 'mercy' },
  {
    clientId: 'workload-billing',
    secret: 'billing-secret',
    groups: ['workloads'],
    department: 'finance',
    tid: 'mercy',
  },
];

/** The public client of people: authorization code with PKCE, device flow, refresh tokens. */
export const publicClient = { clientId: 'console', redirectUri: 'http://127.0.0.1/callback' } as const;
