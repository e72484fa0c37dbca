import { randomBytes } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import {
  classify,
  type ClassifyOptions,
  compareTaxonomies,
  detectors,
  explain,
  loadTaxonomy,
  type Taxonomy,
} from '@writ/classification';
import type { Leaf, Role, TaxonomySource } from '@writ/domain';
import { TaxonomyRow } from '@writ/postgres/control';
import { type RequestContext, refusedError, tenantOf } from '../caller.js';
import type { Ports } from '../ports.js';
import * as t from '../schema/taxonomy.types.js';
import { sourceOf, taxonomyProblems } from '../taxonomy-rules.js';
import { PORTS } from '../tokens.js';

const builtInThreshold = 500;
const charactersAtMost = 64 * 1024;
const textsAtMost = 20;
const findingsAtMost = 200;
const budgetMs = 2_000;
const roles = new Set<string>(['user', 'assistant', 'system', 'tool']);
const none: TaxonomySource = { version: 'built-in', terms: [], patterns: [], thresholds: {} };

/** For people who write policies: what is looked for, what a text holds, and what a change would change. Keeps nothing. */
@Resolver()
export class TestingResolver {
  constructor(@Inject(PORTS) private readonly ports: Ports) {}

  @Query(() => [t.Detector], { description: 'Every built-in kind of finding, with the threshold that holds for it.' })
  async detectors(@Context() context: RequestContext): Promise<t.Detector[]> {
    const { thresholds } = await this.source(context);
    return detectors().map((each) => ({
      ...each,
      threshold: thresholds[each.type] ?? thresholds[each.class] ?? builtInThreshold,
    }));
  }

  @Query(() => t.TestedText, { description: 'Classifies a text as the gateway would. The text is kept nowhere.' })
  async testText(
    @Args('text') text: string,
    @Args('role', { defaultValue: 'user', description: 'user, assistant, system or tool.' }) role: string,
    @Context() context: RequestContext,
  ): Promise<t.TestedText> {
    if (text.length > charactersAtMost || !roles.has(role))
      throw refusedError('BAD_USER_INPUT', `A text has ${charactersAtMost} characters at most, and one of four roles.`);
    const taxonomy = loaded(await this.source(context));
    const leaf = leafOf(text, '/text', role as Role);
    const found = classify([leaf], taxonomy, this.options());
    return {
      complete: found.complete,
      incompleteBecause: [...found.incompleteBecause],
      findings: found.findings.slice(0, findingsAtMost).map((each) => ({
        start: each.start,
        end: each.end,
        class: each.class,
        type: each.type,
        score: each.score / 1_000,
        detector: each.detector,
        via: [...each.via],
        explanation: [...explain(each, leaf, taxonomy)],
      })),
    };
  }

  @Query(() => t.ShadowReport, { description: 'Runs a candidate taxonomy beside the present one over some texts.' })
  async shadowReport(
    @Args('input') input: t.ShadowReportInput,
    @Context() context: RequestContext,
  ): Promise<t.ShadowReport> {
    const characters = input.texts.reduce((sum, text) => sum + text.length, 0);
    if (input.texts.length === 0 || input.texts.length > textsAtMost || characters > charactersAtMost)
      throw refusedError('BAD_USER_INPUT', `1 to ${textsAtMost} texts, of ${charactersAtMost} characters in all.`);
    const present = await this.source(context);
    const candidate = sourceOf(input, 'candidate');
    const problems = [...taxonomyProblems(candidate, present)];
    if (problems.length > 0) return { problems, added: [], removed: [], classesRaised: [], classesLowered: [] };
    const leaves = input.texts.map((text, at) => leafOf(text, `/${at}`, 'user'));
    const { added, removed, classesRaised, classesLowered } = compareTaxonomies(
      leaves,
      loaded(present),
      loaded(candidate),
      this.options(),
    );
    return {
      problems: [],
      added: [...added],
      removed: [...removed],
      classesRaised: [...classesRaised],
      classesLowered: [...classesLowered],
    };
  }

  private async source(context: RequestContext): Promise<TaxonomySource> {
    return this.ports.control.inTenant(
      tenantOf(context.caller),
      async (tx) => (await tx.all(TaxonomyRow))[0]?.source ?? none,
    );
  }

  /** Digests of a test are of no use to anybody, so their key is thrown away. */
  private options(): ClassifyOptions {
    const until = this.ports.nowMs() + budgetMs;
    return { digestKey: randomBytes(32), attachments: [], expired: () => this.ports.nowMs() > until };
  }
}

function loaded(source: TaxonomySource): Taxonomy {
  const taxonomy = loadTaxonomy(source);
  if (!taxonomy.ok) throw new Error(`a stored taxonomy does not load: ${taxonomy.error.join('; ')}`);
  return taxonomy.value;
}

function leafOf(text: string, path: string, role: Role): Leaf {
  return { path, role, text, start: 0, end: text.length };
}
