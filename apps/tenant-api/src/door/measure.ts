import {
  type ArgumentNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { type Result, err, ok } from '@writ/domain';

/** What one document may ask for. Cost counts fields after fragments and pages are multiplied out. */
export const documentLimits = Object.freeze({
  bytes: 64 * 1024,
  tokens: 2_000,
  depth: 12,
  cost: 1_000,
  nodes: 500_000,
  mutations: 5,
  page: 100,
});

export interface Measured {
  readonly cost: number;
  readonly depth: number;
  readonly introspects: boolean;
}

export interface Excess {
  readonly code:
    'TOO_DEEP' | 'TOO_COSTLY' | 'TOO_MANY_NODES' | 'TOO_MANY_MUTATIONS' | 'BAD_USER_INPUT' | 'FRAGMENT_CYCLE';
  readonly message: string;
  readonly cost?: number;
}

class Stop extends Error {
  constructor(readonly excess: Excess) {
    super(excess.message);
  }
}

/**
 * Walks the operations of a document as they will be executed, before validation. Unknown fields count like known ones:
 * validation refuses them later. Work is bounded by the cost limit, since each visited field costs one.
 */
export function measure(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
): Result<Measured, Excess> {
  const walk = new Walk(schema, document, variables);
  try {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) walk.operation(definition);
    }
    return ok({ cost: walk.cost, depth: walk.depth, introspects: walk.introspects });
  } catch (error) {
    if (error instanceof Stop) return err(error.excess);
    throw error;
  }
}

class Walk {
  cost = 0;
  depth = 0;
  introspects = false;
  private nodes = 0;
  private visits = 0;
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly variables: Readonly<Record<string, unknown>>,
  ) {
    const definitions = document.definitions.filter((d) => d.kind === Kind.FRAGMENT_DEFINITION);
    this.fragments = new Map(definitions.map((d) => [d.name.value, d]));
  }

  operation(node: OperationDefinitionNode): void {
    const root = this.schema.getRootType(node.operation) ?? undefined;
    const top = this.selections(node.selectionSet, root, 1, 1, new Set());
    if (node.operation === OperationTypeNode.MUTATION && top > documentLimits.mutations)
      throw new Stop({
        code: 'TOO_MANY_MUTATIONS',
        message: `One request may carry ${documentLimits.mutations} mutations at most.`,
      });
  }

  /** Fields directly selected, fragments expanded. */
  private selections(
    set: SelectionSetNode,
    type: GraphQLCompositeType | undefined,
    depth: number,
    times: number,
    open: ReadonlySet<string>,
  ): number {
    if (depth > documentLimits.depth)
      throw new Stop({ code: 'TOO_DEEP', message: `The document is deeper than ${documentLimits.depth} levels.` });
    this.depth = Math.max(this.depth, depth);
    let count = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        count++;
        this.charge(times);
        const name = selection.name.value;
        if (name === '__schema' || name === '__type') this.introspects = true;
        const field = type && (isObjectType(type) || isInterfaceType(type)) ? type.getFields()[name] : undefined;
        const inner = times * this.pageSize(field, selection.arguments ?? []);
        if (selection.selectionSet) this.selections(selection.selectionSet, compositeOf(field), depth + 1, inner, open);
      } else {
        this.visit();
        count += this.fragment(selection, type, depth, times, open);
      }
    }
    return count;
  }

  private fragment(
    selection: Exclude<SelectionSetNode['selections'][number], { kind: Kind.FIELD }>,
    type: GraphQLCompositeType | undefined,
    depth: number,
    times: number,
    open: ReadonlySet<string>,
  ): number {
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const on = selection.typeCondition ? this.named(selection.typeCondition.name.value) : type;
      return this.selections(selection.selectionSet, on, depth, times, open);
    }
    const name = selection.name.value;
    if (open.has(name)) throw new Stop({ code: 'FRAGMENT_CYCLE', message: 'A fragment may not contain itself.' });
    const fragment = this.fragments.get(name);
    if (!fragment) return 0;
    const on = this.named(fragment.typeCondition.name.value);
    return this.selections(fragment.selectionSet, on, depth, times, new Set([...open, name]));
  }

  private named(name: string): GraphQLCompositeType | undefined {
    const type = this.schema.getType(name);
    return type && isCompositeType(type) ? type : undefined;
  }

  /** The page size multiplies everything below a connection. */
  private pageSize(field: GraphQLField<unknown, unknown> | undefined, args: readonly ArgumentNode[]): number {
    if (!field?.args.some(({ name }) => name === 'first')) return 1;
    const node = args.find(({ name }) => name.value === 'first')?.value;
    const given =
      node?.kind === Kind.VARIABLE
        ? this.variables[node.name.value]
        : node?.kind === Kind.INT
          ? Number(node.value)
          : undefined;
    if (typeof given !== 'number' || !Number.isInteger(given) || given < 1 || given > documentLimits.page)
      throw new Stop({
        code: 'BAD_USER_INPUT',
        message: `\`first\` of \`${field.name}\` must be a whole number from 1 to ${documentLimits.page}.`,
      });
    return given;
  }

  /** Fields cost one each, and a tenth for each repetition below a connection, as its rows come from one query. */
  private charge(times: number): void {
    this.visit();
    this.cost += times === 1 ? 1 : Math.max(1, times / 10);
    this.nodes += times;
    if (this.cost > documentLimits.cost)
      throw new Stop({
        code: 'TOO_COSTLY',
        message: `The document costs more than ${documentLimits.cost} points.`,
        cost: Math.ceil(this.cost),
      });
    if (this.nodes > documentLimits.nodes)
      throw new Stop({
        code: 'TOO_MANY_NODES',
        message: `The document may return more than ${documentLimits.nodes} nodes.`,
      });
  }

  /** Bounds the walk itself: fragments that expand to nothing cost nothing, yet must not be free to visit. */
  private visit(): void {
    if (++this.visits > 20 * documentLimits.cost)
      throw new Stop({ code: 'TOO_COSTLY', message: 'The document expands into too many fragments.' });
  }
}

function compositeOf(field: GraphQLField<unknown, unknown> | undefined): GraphQLCompositeType | undefined {
  const type = field && getNamedType(field.type);
  return type && isCompositeType(type) ? type : undefined;
}
