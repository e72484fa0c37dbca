import { randomBytes } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { sealText } from '@writ/platform';
import { enqueue } from '@writ/postgres';
import { type ControlTx, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, type Step, logContextOf, refusedWith } from '../administration.js';
import { type RequestContext, tenantOf } from '../caller.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId, toId } from '../schema/ids.js';
import * as t from '../schema/sink.types.js';
import { PORTS } from '../tokens.js';

interface SinkRow {
  readonly id: string;
  readonly name: string;
  readonly kind: 'webhook' | 'siem-webhook' | 'siem-s3';
  readonly url: string;
  readonly cursor: string;
  readonly sequence: string;
  readonly delivered_at: Date | null;
  readonly failure: string | null;
  readonly version: number;
}

const columns = 'id, name, kind, url, cursor, sequence, delivered_at, failure, version';
const kinds = {
  [t.SinkKind.WEBHOOK]: 'webhook',
  [t.SinkKind.SIEM_WEBHOOK]: 'siem-webhook',
  [t.SinkKind.SIEM_S3]: 'siem-s3',
} as const;
const unknownSink = userError('sinkId', UserErrorCode.NOT_FOUND, 'There is no such sink.');
const sinksAtMost = 20;

/** Where notices and events go. A signing key is shown once; addresses are checked here, and again when they are dialled. */
@Resolver()
export class SinksResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => [t.Sink], { description: 'Every sink of this tenant, and how far each has come.' })
  async sinks(@Context() context: RequestContext): Promise<t.Sink[]> {
    const text = `SELECT ${columns} FROM control.sink WHERE tenant_id = $1 AND removed_at IS NULL ORDER BY created_at, id`;
    const { rows } = await this.ports.control.inTenant(tenantOf(context.caller), (tx) =>
      tx.client.query(text, [tx.tenantId]),
    );
    return (rows as unknown as readonly SinkRow[]).map(viewSink);
  }

  @Mutation(() => t.CreateSinkPayload, {
    description: 'Sends every record from the first as an OCSF 1.9 event, by signed webhook or into a bucket.',
  })
  async createSink(
    @Args('input') input: t.CreateSinkInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, withoutSecret(input), {
      event: 'admin.sink-created',
      step: this.creating(input),
    });
  }

  @Mutation(() => t.CreateWebhookPayload, { description: 'Sends notices, signed by Standard Webhooks 1.0.' })
  async createWebhook(
    @Args('input') input: t.CreateWebhookInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const step = this.creating({ name: input.name, url: input.url, dryRun: input.dryRun, kind: t.SinkKind.WEBHOOK });
    return this.administration.change(context, info, input, { event: 'admin.webhook-created', step });
  }

  @Mutation(() => t.TestSinkPayload, { description: 'Delivers a test message; look at the sink to see how it went.' })
  async testSink(
    @Args('input') input: t.TestSinkInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.sink-tested',
      step: async (tx) => {
        const row = await sinkOf(tx, input.sinkId);
        if (row === undefined) return refusedWith(unknownSink);
        const job = { id: this.ports.newId(), queue: 'deliver', payload: { kind: 'test', sink: row.id } };
        await enqueue((text, values) => tx.client.query(text, values), tx.tenant.tenant, job);
        return ok({ answer: { sink: viewSink(row) }, fields: { sink: row.id }, publish: false });
      },
    });
  }

  @Mutation(() => t.RotateSigningKeyPayload, {
    description: 'Signs with a new key; the old one signs beside it for a day.',
  })
  async rotateSigningKey(
    @Args('input') input: t.RotateSigningKeyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.signing-key-rotated',
      step: async (tx) => {
        const row = await sinkOf(tx, input.sinkId);
        if (row === undefined || row.kind === 'siem-s3') return refusedWith(unknownSink);
        const signingKey = newSigningKey();
        await tx.client.query(
          'UPDATE control.sink SET previous_sealed = sealed, sealed = $3, rotated_at = clock_timestamp(), version = version + 1 WHERE tenant_id = $1 AND id = $2',
          [tx.tenantId, row.id, await this.sealed(tx, row.id, signingKey)],
        );
        const sink = viewSink({ ...row, version: row.version + 1 });
        return ok({ answer: { sink }, once: { signingKey }, fields: { sink: row.id }, publish: false });
      },
    });
  }

  @Mutation(() => t.RemoveSinkPayload, { description: 'Ends deliveries to it.' })
  async removeSink(
    @Args('input') input: t.RemoveSinkInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.sink-removed',
      step: async (tx) => {
        const row = await sinkOf(tx, input.sinkId);
        if (row === undefined) return refusedWith(unknownSink);
        const text = `UPDATE control.sink SET removed_at = clock_timestamp(), name = name || ' ' || id::text WHERE tenant_id = $1 AND id = $2`;
        await tx.client.query(text, [tx.tenantId, row.id]);
        return ok({ answer: { sink: viewSink(row) }, fields: { sink: row.id }, publish: false });
      },
    });
  }

  private creating(input: t.CreateSinkInput): Step {
    return async (tx) => {
      const { name, kind, url, bucket, region, prefix, accessKeyId, secretAccessKey } = input;
      if (!/^[\w. -]{1,64}$/.test(name))
        return refusedWith(
          userError('name', UserErrorCode.INVALID, 'A name has 1 to 64 letters, digits, dots, hyphens or spaces.'),
        );
      const isBucket = kind === t.SinkKind.SIEM_S3;
      if (isBucket && (!bucket || !accessKeyId || !secretAccessKey))
        return refusedWith(
          userError('bucket', UserErrorCode.INVALID, 'A bucket needs bucket, accessKeyId and secretAccessKey.'),
        );
      const target = await this.ports.checkUrl(url);
      if (!target.ok) return refusedWith(userError('url', UserErrorCode.FORBIDDEN_TARGET, target.error));
      const { rows: had } = await tx.client.query(
        'SELECT count(*)::int AS n FROM control.sink WHERE tenant_id = $1 AND removed_at IS NULL',
        [tx.tenantId],
      );
      if (Number(had[0]?.['n']) >= sinksAtMost)
        return refusedWith(userError('', UserErrorCode.INVALID, `A tenant has at most ${sinksAtMost} sinks.`));
      const id = this.ports.newId();
      const signingKey = isBucket ? undefined : newSigningKey();
      const settings = isBucket ? { bucket, accessKeyId, region: region ?? 'us-east-1', prefix: prefix ?? '' } : {};
      const sealed = await this.sealed(tx, id, signingKey ?? secretAccessKey ?? '');
      const text = `INSERT INTO control.sink (id, tenant_id, name, kind, url, settings, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${columns}`;
      const { rows } = await tx.client.query(text, [
        id,
        tx.tenantId,
        name,
        kinds[kind],
        url,
        JSON.stringify(settings),
        sealed,
      ]);
      const sink = viewSink(rows[0] as unknown as SinkRow);
      const once = signingKey === undefined ? {} : { once: { signingKey } };
      return ok({ answer: { sink }, ...once, fields: { sink: id, kind: kinds[kind] }, publish: false });
    };
  }

  private async sealed(tx: ControlTx, id: string, secret: string): Promise<string> {
    const tenant = await tx.one(TenantRow, { id: tx.tenantId });
    if (!tenant) throw new Error('the tenant of a sink must exist');
    const { contentKey } = await logContextOf(this.ports, tx.tenant, tenant);
    return sealText(contentKey, `${tx.tenantId}|sink|${id}`, secret);
  }
}

/** 32 bytes, as the Standard Webhooks libraries take it. */
function newSigningKey(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** What is hashed for idempotency and approval holds no secret. */
function withoutSecret({ secretAccessKey: _secret, ...rest }: t.CreateSinkInput): object {
  return rest;
}

async function sinkOf(tx: ControlTx, sinkId: string): Promise<SinkRow | undefined> {
  const id = fromId('Sink', sinkId);
  if (id === undefined) return undefined;
  const text = `SELECT ${columns} FROM control.sink WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL`;
  return (await tx.client.query(text, [tx.tenantId, id])).rows[0] as unknown as SinkRow | undefined;
}

const shown = {
  webhook: t.SinkKind.WEBHOOK,
  'siem-webhook': t.SinkKind.SIEM_WEBHOOK,
  'siem-s3': t.SinkKind.SIEM_S3,
} as const;

function viewSink(row: SinkRow): t.Sink {
  return {
    id: toId('Sink', row.id),
    name: row.name,
    kind: shown[row.kind],
    url: row.url,
    cursor: Number(row.cursor),
    sequence: Number(row.sequence),
    deliveredAt: row.delivered_at?.toISOString() ?? null,
    failure: row.failure,
    version: row.version,
  };
}
