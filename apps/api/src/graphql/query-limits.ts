import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getNamedType,
  getNullableType,
  GraphQLError,
  type GraphQLOutputType,
  type GraphQLSchema,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type FieldNode,
} from 'graphql';

/** Tokens of one document; parsing and validating are what a hostile document costs first. */
export const TOKENS_MAX = 5_000;
export const DEPTH_MAX = 10;
/** The standard introspection query nests `ofType` this deep. */
const INTROSPECTION_DEPTH_MAX = 20;
/** Objects that an operation may ask for, by the sizes its lists can have. */
export const COST_MAX = 50_000;
/** Objects counted for a list whose size no argument bounds. */
const LIST_SIZE_ASSUMED = 10;
/** Objects counted for a list whose size is in a variable that was not given. */
const LIST_SIZE_UNKNOWN = 500;
/**
 * Fields at the root of one operation. Each is a request of its own to the cluster or the database.
 * Mutations also run one after the other, and each is as durable as a single one.
 */
const ROOT_FIELDS_MAX = { query: 50, mutation: 10, subscription: 1 } as const;

interface Weight {
  /** Fields of the selection itself, those of its fragments included. */
  readonly fields: number;
  readonly depth: number;
  readonly cost: number;
}

interface Walk {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** By fragment and inherited page size. */
  readonly weights: Map<string, Weight>;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Why an operation is refused before it runs: it nests too deep, or asks for too many objects. The
 * document has passed validation, so fragments form no cycle. Each fragment is weighed once for
 * each page size it is spread under, so a fragment that is spread a thousand times costs no more.
 */
export function checkQueryLimits(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: {
    name?: string | null | undefined;
    variables?: Record<string, unknown> | null | undefined;
  },
): GraphQLError | null {
  const fragments = new Map(
    document.definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const operations = document.definitions.filter(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION,
  );
  const chosen = operations.filter(
    (definition) => operation.name == null || definition.name?.value === operation.name,
  );
  for (const definition of chosen) {
    const walk: Walk = {
      schema,
      fragments,
      weights: new Map(),
      variables: { ...defaultsOf(definition), ...operation.variables },
    };
    const root = schema.getRootType(definition.operation) ?? null;
    const { fields, depth, cost } = weigh(definition.selectionSet, root, walk, LIST_SIZE_ASSUMED);
    const fieldsMax = ROOT_FIELDS_MAX[definition.operation];
    if (fields > fieldsMax) {
      return refusal(
        `The ${definition.operation} has ${fields} fields at its root; allowed are ${fieldsMax}. Send several requests.`,
      );
    }
    if (depth > DEPTH_MAX) {
      return refusal(`The operation nests ${depth} levels deep; allowed are ${DEPTH_MAX}.`);
    }
    if (cost > COST_MAX) {
      return refusal(
        `The operation asks for up to ${Math.round(cost)} objects; allowed are ${COST_MAX}. Ask for smaller pages.`,
      );
    }
  }
  return null;
}

function weigh(
  selectionSet: SelectionSetNode,
  parent: GraphQLOutputType | null,
  walk: Walk,
  inheritedSize: number,
): Weight {
  let fields = 0;
  let depth = 0;
  let cost = 0;
  for (const selection of selectionSet.selections) {
    let weight: Weight;
    if (selection.kind === Kind.FIELD) {
      weight = weighField(selection, parent, walk, inheritedSize);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      const condition = selection.typeCondition?.name.value;
      const type = condition === undefined ? parent : (typeNamed(walk.schema, condition) ?? parent);
      weight = weigh(selection.selectionSet, type, walk, inheritedSize);
    } else {
      weight = weighFragment(selection.name.value, walk, inheritedSize);
    }
    fields += weight.fields;
    depth = Math.max(depth, weight.depth);
    cost += weight.cost;
  }
  return { fields, depth, cost };
}

function weighFragment(name: string, walk: Walk, inheritedSize: number): Weight {
  const fragment = walk.fragments.get(name);
  if (fragment === undefined) {
    return { fields: 0, depth: 0, cost: 0 };
  }
  const key = `${name}/${inheritedSize}`;
  let weight = walk.weights.get(key);
  if (weight === undefined) {
    const type = typeNamed(walk.schema, fragment.typeCondition.name.value) ?? null;
    weight = weigh(fragment.selectionSet, type, walk, inheritedSize);
    walk.weights.set(key, weight);
  }
  return weight;
}

function weighField(
  field: FieldNode,
  parent: GraphQLOutputType | null,
  walk: Walk,
  inheritedSize: number,
): Weight {
  if (field.selectionSet === undefined) {
    return { fields: 1, depth: 1, cost: 0 };
  }
  const definition =
    isObjectType(parent) || isInterfaceType(parent)
      ? parent.getFields()[field.name.value]
      : undefined;
  const introspection = field.name.value.startsWith('__');
  const isList = definition !== undefined && isListType(getNullableType(definition.type));
  const asked = askedSize(field, walk.variables);
  // `first` of a list bounds the list itself; of a connection, the `nodes` below it.
  const unasked = field.name.value === 'nodes' ? inheritedSize : LIST_SIZE_ASSUMED;
  const size = isList ? (asked ?? unasked) : 1;
  const passedOn = asked ?? LIST_SIZE_ASSUMED;
  const type = definition === undefined ? null : getNamedType(definition.type);
  const below = weigh(field.selectionSet, isCompositeType(type) ? type : null, walk, passedOn);
  if (introspection) {
    const tooDeep = below.depth > INTROSPECTION_DEPTH_MAX;
    return { fields: 1, depth: tooDeep ? below.depth : 1, cost: below.cost };
  }
  return { fields: 1, depth: below.depth + 1, cost: size * (1 + below.cost) };
}

/** The page size that a field asks for by `first`. */
function askedSize(field: FieldNode, variables: Readonly<Record<string, unknown>>): number | null {
  for (const argument of field.arguments ?? []) {
    const { value } = argument;
    if (argument.name.value !== 'first') {
      continue;
    }
    const given =
      value.kind === Kind.INT
        ? Number(value.value)
        : value.kind === Kind.VARIABLE
          ? variables[value.name.value]
          : undefined;
    return typeof given === 'number' ? Math.max(given, 0) : LIST_SIZE_UNKNOWN;
  }
  return null;
}

function defaultsOf(operation: OperationDefinitionNode): Record<string, unknown> {
  return Object.fromEntries(
    (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue?.kind === Kind.INT ? [[variable.name.value, Number(defaultValue.value)]] : [],
    ),
  );
}

function typeNamed(schema: GraphQLSchema, name: string): GraphQLOutputType | undefined {
  const type = schema.getType(name);
  return isCompositeType(type) ? type : undefined;
}

function refusal(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'QUERY_TOO_LARGE' } });
}
