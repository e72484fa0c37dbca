import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { type Result, err, ok } from '@writ/domain';
import { type ControlTx, PolicyVersionRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer } from '../administration.js';
import { type Caller, type RequestContext, callerDigest, tenantOf } from '../caller.js';
import { refusalOf, sourceLimit } from '../policy-work.js';
import type { Ports } from '../ports.js';
import { type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/policy.types.js';
import { viewPolicy } from '../schema/policy-views.js';
import { PORTS } from '../tokens.js';

const tooLong = userError('source', UserErrorCode.INVALID, 'A policy has at most 256 KiB; shorten it.');
export const noSuchVersion = userError('id', UserErrorCode.NOT_FOUND, 'There is no such policy version.');

/** A text as it is stored. One that does not compile has no hash, and no image. */
interface Read {
  readonly hash: string;
  readonly image: string | null;
  readonly sourceHash: string;
  readonly diagnostics: PolicyVersionRow['diagnostics'];
}

/** Writing policies: texts are read in the workshop before the change begins, so that no transaction waits for one. */
@Resolver()
export class PolicyResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Mutation(() => t.ValidatePolicyPayload, { description: 'Compiles and tells every complaint. Nothing is stored.' })
  async validatePolicy(
    @Args('input') input: t.ValidatePolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const read = await this.read(context, input.source);
    if (!read.ok) return { userErrors: [read.error] };
    const { diagnostics } = read.value;
    const hash = read.value.hash === '' ? null : read.value.hash;
    const valid = hash !== null;
    return this.administration.change(context, info, input, {
      event: 'admin.policy-validated',
      step: async () =>
        ok({
          answer: { valid, hash, diagnostics },
          fields: { valid, ...(hash !== null && { hash }), complaints: diagnostics.length },
          publish: false,
        }),
    });
  }

  @Mutation(() => t.DraftPolicyPayload, {
    description:
      'Stores a text, as a new version or over one: an edited version is a draft again. One that does not compile is stored with its diagnostics and stays a draft.',
  })
  async draftPolicy(
    @Args('input') input: t.DraftPolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const read = await this.read(context, input.source);
    if (!read.ok) return { userErrors: [read.error] };
    const { diagnostics } = read.value;
    if (input.id !== undefined) {
      const conflict = await this.conflictOf(context, input, input.id);
      if (conflict !== undefined) return conflict;
    }
    return this.administration.change(context, info, input, {
      event: 'admin.policy-drafted',
      step: async (tx) => {
        const before = input.id === undefined ? undefined : await tx.byId(PolicyVersionRow, fromId('Policy', input.id));
        const row =
          input.id === undefined
            ? ok(await insertDraft(this.ports, tx, context.caller, { source: input.source, ...read.value }))
            : await this.edit(tx, context.caller, input, before, read.value);
        if (!row.ok) return err([row.error]);
        const { number, hash } = row.value;
        // An edit ends a trial, and the gateways must hear of that.
        const publish = before?.shadow === true;
        return ok({
          answer: { policy: viewPolicy(row.value), diagnostics },
          fields: { number, hash, complaints: diagnostics.length },
          publish,
        });
      },
    });
  }

  private async edit(
    tx: ControlTx,
    caller: Caller,
    input: t.DraftPolicyInput,
    row: PolicyVersionRow | undefined,
    { hash, image, diagnostics, sourceHash }: Read,
  ): Promise<Result<PolicyVersionRow, UserError>> {
    if (!row) return err(noSuchVersion);
    if (row.state === 'published' || row.state === 'superseded') {
      const message = 'What was published never changes; draft a new version.';
      return err(userError('id', UserErrorCode.WRONG_STATE, message));
    }
    const author = callerDigest(caller);
    const inForce = await tx.one(PolicyVersionRow, { state: 'published' });
    return ok(
      await tx.update(
        PolicyVersionRow,
        row,
        {
          source: input.source,
          hash,
          image,
          diagnostics,
          sourceHash,
          parentHash: inForce?.hash ?? null,
          author,
          authors: [...new Set([...row.authors, author])],
          ...forgotten,
        },
        input.expectedVersion,
      ),
    );
  }

  /** An edit of a version that somebody else changed meanwhile: the caller gets what differs from its own text. */
  private async conflictOf(
    context: RequestContext,
    { source, expectedVersion }: t.DraftPolicyInput,
    id: string,
  ): Promise<Answer | undefined> {
    const tenant = tenantOf(context.caller);
    const row = await this.ports.control.inTenant(tenant, (tx) => tx.byId(PolicyVersionRow, fromId('Policy', id)));
    if (!row) return { userErrors: [noSuchVersion] };
    if (expectedVersion === undefined)
      return { userErrors: [userError('expectedVersion', UserErrorCode.INVALID, 'Name the version you edited.')] };
    if (expectedVersion === row.version) return undefined;
    const diff = await this.ports.policy.perform(tenant.tenant, 'diff', { before: row.source, after: source });
    const message = `Another change was faster; read version ${row.version}, of which \`conflict\` shows what your text changes, and try again.`;
    return {
      userErrors: [{ field: ['expectedVersion'], code: UserErrorCode.CONFLICT, message, currentVersion: row.version }],
      conflict: diff.ok && diff.value.ok ? diff.value.value.changes : [],
    };
  }

  /** The size is checked before anything reads the text. */
  private async read({ caller }: RequestContext, source: string): Promise<Result<Read, UserError>> {
    if (Buffer.byteLength(source) > sourceLimit) return err(tooLong);
    const linted = await this.ports.policy.perform(tenantOf(caller).tenant, 'lint', { source });
    if (!linted.ok) return err(refusalOf(linted.error));
    const { diagnostics, hash, image, sourceHash } = linted.value;
    const compiles = hash !== undefined && diagnostics.every(({ severity }) => severity !== 'error');
    return ok({ diagnostics, hash: compiles ? hash : '', image: compiles ? (image ?? null) : null, sourceHash });
  }
}

/** What an edit takes back. */
const forgotten = { state: 'draft', report: null, approver: null, ticked: [], shadow: false } as const;

export interface NewDraft extends Read {
  readonly source: string;
  readonly rollbackOf?: number;
}

export async function insertDraft(
  ports: Pick<Ports, 'newId'>,
  tx: ControlTx,
  caller: Caller,
  { source, hash, image, diagnostics, sourceHash, rollbackOf }: NewDraft,
): Promise<PolicyVersionRow> {
  const inForce = await tx.one(PolicyVersionRow, { state: 'published' });
  const author = callerDigest(caller);
  return tx.insert(PolicyVersionRow, {
    id: ports.newId(),
    number: await nextNumber(tx),
    source,
    hash,
    image,
    diagnostics,
    sourceHash,
    parentHash: inForce?.hash ?? null,
    author,
    authors: [author],
    publisher: null,
    publishedAt: null,
    rollbackOf: rollbackOf ?? null,
    ...forgotten,
  });
}

/** Two drafts at once may get one number; then the unique index refuses the later one, which is tried again. */
async function nextNumber(tx: ControlTx): Promise<number> {
  const found = await tx.client.query(
    'SELECT coalesce(max(number), 0) + 1 AS next FROM control.policy_version WHERE tenant_id = $1',
    [tx.tenantId],
  );
  return Number(found.rows[0]?.['next'] ?? 1);
}
