import { parseArgs } from 'node:util';

export const sections = ['peers', 'steps', 'latency', 'tenants', 'processes', 'scaling', 'warmth'] as const;
export type Section = (typeof sections)[number];

export interface Options {
  /** About two minutes: fewer rounds, fewer tenants, no plots of growth. */
  readonly quick: boolean;
  /** Runs end to end with as little as possible; its figures mean nothing. */
  readonly smoke: boolean;
  readonly rounds: number;
  readonly secondsEach: number;
  readonly tenants: number;
  readonly sections: readonly Section[];
  /** Minutes at half load with the memory watched; 0 is none, and then nothing else is left out. */
  readonly soakMinutes: number;
  /** Profiles the gateway instead, and writes flame graphs. */
  readonly profile: boolean;
  readonly warmSeconds: number;
  /** How long the section `warmth` watches each process from its first request on. */
  readonly warmthSeconds: number;
  /** Which workloads of the section `peers` are measured; all unless `--workload` names a part of their names. */
  isAsked(workload: string): boolean;
  /** Which gateways; all unless `--beside` lists some. Ours is always there. */
  isBeside(gateway: string): boolean;
  /** Base name of the files in bench/results. */
  readonly name: string;
}

export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      tenants: { type: 'string' },
      only: { type: 'string' },
      soak: { type: 'string' },
      profile: { type: 'boolean', default: false },
      name: { type: 'string' },
      workload: { type: 'string' },
      beside: { type: 'string' },
    },
  });
  const { quick, smoke, profile } = values;
  const short = quick || smoke;
  const asked =
    values.only?.split(',') ?? (smoke ? ['peers', 'latency'] : quick ? sections.slice(0, 3) : [...sections]);
  const chosen = sections.filter((section) => asked.includes(section));
  if (chosen.length !== asked.length) throw new Error(`--only takes ${sections.join(', ')}`);
  return {
    quick,
    smoke,
    profile,
    rounds: number(values.rounds, smoke ? 1 : quick ? 3 : 7),
    secondsEach: number(values.seconds, smoke ? 0.5 : 1),
    tenants: number(values.tenants, short ? 20 : 1_000),
    sections: chosen,
    warmthSeconds: short ? 10 : 30,
    warmSeconds: smoke ? 0.5 : quick ? 40 : 90,
    isAsked: (workload) => workload.includes(values.workload ?? ''),
    isBeside: (gateway) => values.beside?.split(',').concat('writ').includes(gateway) ?? true,
    soakMinutes: number(values.soak, 0),
    name: values.name ?? (values.soak === undefined ? (smoke ? 'smoke' : quick ? 'quick' : 'latest') : 'soak'),
  };
}

function number(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${text} is no number`);
  return value;
}
