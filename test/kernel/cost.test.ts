import "reflect-metadata";
import fc from "fast-check";
import { buildSchema, getIntrospectionQuery, parse, type DocumentNode, type GraphQLSchema, type SelectionSetNode } from "graphql";
import { Arg, buildSchemaSync, Directive, Field, ID, Int, Mutation, ObjectType, Query, Resolver } from "type-graphql";
import { describe, expect, it } from "vitest";
import { operationCost } from "../../src/kernel/cost.js";
import { CEILING, DEFAULT_LIMITS } from "../../src/kernel/limits.js";

const schema = buildSchema(`
  directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
  scalar _Any
  scalar Digest @cost(weight: 3)
  interface Node { id: ID! others: [Node!]! @listSize(assumedSize: 4) }
  type Tenant implements Node {
    id: ID!
    name: String
    digest: Digest
    others: [Node!]! @listSize(assumedSize: 4)
    parent: Tenant
    projects(first: Int = 20, last: Int): ProjectConnection! @listSize(slicingArguments: ["first"], sizedFields: ["edges", "nodes"])
  }
  type Project implements Node { id: ID! others: [Node!]! @listSize(assumedSize: 4) tenant: Tenant! }
  type Vault implements Node @cost(weight: 7) { id: ID! others: [Node!]! @listSize(assumedSize: 4) }
  type ProjectEdge { cursor: String! node: Project! }
  type PageInfo { endCursor: String }
  type ProjectConnection { edges: [ProjectEdge!]! nodes: [Project!]! pageInfo: PageInfo! facets: [PageInfo!]! }
  union _Entity = Tenant | Project | Vault
  type Query {
    ping: String
    tenant: Tenant
    audited: Tenant @cost(weight: 6)
    vault: Vault
    node: Node
    unsized: [Tenant!]!
    names: [String!]!
    priced: [Int] @cost(weight: 2)
    assumed: [Tenant!]! @listSize(assumedSize: 7)
    sliced(first: Int, last: Int): [Tenant!]! @listSize(assumedSize: 5, slicingArguments: ["first", "last"], requireOneSlicingArgument: false)
    strict(first: Int, last: Int): [Tenant!]! @listSize(assumedSize: 5, slicingArguments: ["first", "last"])
    search(text: String @cost(weight: 4), plain: String): Tenant
    required(id: ID!): Tenant
    shelves(first: Int): [ProjectConnection!]! @listSize(slicingArguments: ["first"], sizedFields: ["nodes"])
    _entities(representations: [_Any!]!): [_Entity]!
  }
  type Mutation { rename: Tenant silent: Boolean bulk: Tenant @cost(weight: 50) }
`);

function cost(source: string, variables: Record<string, unknown> = {}, operationName?: string, of: GraphQLSchema = schema): number {
  return operationCost(of, parse(source), operationName, variables);
}

/** Makes every selection set of the document count how often somebody looks inside. */
function counted(document: DocumentNode): { document: DocumentNode; selectionSets: number; looks: () => number } {
  let looks = 0;
  let selectionSets = 0;
  const instrument = (value: unknown): void => {
    if (typeof value !== "object" || value === null || "startToken" in value) return;
    Object.values(value).forEach(instrument);
    if ((value as { kind?: string }).kind !== "SelectionSet") return;
    selectionSets += 1;
    const { selections } = value as SelectionSetNode;
    Object.defineProperty(value, "selections", { enumerable: true, get: () => ((looks += 1), selections) });
  };
  document.definitions.forEach(instrument);
  return { document, selectionSets, looks: () => looks };
}

describe("what a field costs", () => {
  it.each<[string, string, number]>([
    ["a leaf is free", "{ ping __typename }", 0],
    ["a list of leaves is free", "{ names }", 0],
    ["an aliased leaf is 1 every time: only aliases can ask for it again", "{ tenant { name a: name b: name c: __typename } }", 1 + 3],
    ["an aliased leaf counts for every item", "{ again: names assumed { a: name b: name } }", 10 + 7 * (1 + 2)],
    ["an aliased leaf with a @cost keeps that", "{ tenant { a: digest b: digest } }", 1 + 2 * 3],
    ["an aliased object is no dearer than itself", "{ a: tenant { parent { id } } }", 2],
    ["an object is 1", "{ tenant { id } }", 1],
    ["objects add up along the path", "{ tenant { parent { parent { id } } } }", 3],
    ["@cost of the field is its weight", "{ audited { id } }", 6],
    ["@cost of a leaf counts for every item", "{ priced }", 20],
    ["@cost of an object type", "{ vault { id } }", 7],
    ["@cost of a scalar type", "{ tenant { digest } }", 4],
    ["@cost of an argument when it is given", '{ search(text: "x", plain: "y") { id } }', 5],
    ["@cost of an argument not when it is absent", '{ search(plain: "y") { id } }', 1],
    ["a mutation's root field is 10, whatever it returns", "mutation { silent }", 10],
    ["__typename is free beside a mutation's root field, and under an alias a leaf like any other", "mutation { silent __typename a: __typename }", 10 + 1],
    ["a mutation's payload is in its 10, what it selects is not", "mutation { rename { parent { id } } }", 11],
    ["@cost of a mutation", "mutation { bulk { id } }", 50],
    ["the same field twice is counted twice", "{ tenant { id } tenant { id } }", 2],
  ])("%s", (_, source, expected) => {
    expect(cost(source)).toBe(expected);
  });
});

describe("what a list costs", () => {
  it.each<[string, string, number]>([
    ["an unsized list has ten items", "{ unsized { id } }", 10],
    ["an assumed size", "{ assumed { id } }", 7],
    ["lists multiply", "{ assumed { others { id } } }", 7 * (1 + 4 * 7)],
    ["a slicing argument beats the assumed size", "{ sliced(first: 3) { id } }", 3],
    ["the largest of several slicing arguments", "{ sliced(first: 3, last: 8) { id } }", 8],
    ["no slicing argument: the assumed size", "{ sliced { id } }", 5],
    ["null is no size", "{ sliced(first: null) { id } }", 5],
    ["a negative size is none", "{ sliced(first: -2000000000) { parent { id } } }", 0],
    ["zero items", "{ sliced(first: 0) { parent { id } } }", 0],
    ["a huge size saturates", "{ sliced(first: 2147483647) { parent { id } } }", CEILING],
    ["exactly one slicing argument where one is required", "{ strict(last: 2) { id } }", 2],
  ])("%s", (_, source, expected) => {
    expect(cost(source)).toBe(expected);
  });

  it.each(["{ strict { id } }", "{ strict(first: 1, last: 1) { id } }", "{ strict(first: null) { id } }"])(
    "where one slicing argument is required, %s is BAD_USER_INPUT",
    (source) => {
      expect(() => cost(source)).toThrow(
        expect.objectContaining({
          message: "Exactly one of these arguments is required: first, last",
          extensions: { code: "BAD_USER_INPUT", field: "first", http: { status: 400 } },
        }),
      );
    },
  );
});

describe("what a connection costs", () => {
  it.each<[string, string, number]>([
    ["edges and nodes take the connection's size", "{ tenant { projects(first: 30) { edges { node { id } } nodes { id } } } }", 1 + 1 + 30 * 2 + 30],
    ["the argument's default is a size", "{ tenant { projects { nodes { id } } } }", 1 + 1 + 20],
    ["other fields do not", "{ tenant { projects(first: 30) { nodes { id } pageInfo { endCursor } facets { endCursor } } } }", 1 + 1 + 30 + 1 + 10],
    ["the page is paid for when its items are not selected", "{ tenant { projects(first: 30) { pageInfo { endCursor } facets { endCursor } } } }", 1 + 1 + 30 + 1 + 10],
    ["and when nothing of it is", "{ tenant { projects(first: 30) { __typename } } }", 1 + 1 + 30],
    ["and for each alias of it", "{ tenant { a: projects(first: 30) { __typename } b: projects { __typename } } }", 1 + 1 + 30 + 1 + 20],
    ["and when its items are skipped", "{ tenant { projects(first: 30) { nodes @skip(if: true) { id } } } }", 1 + 1 + 30],
    ["and when its items are left to a fragment that does not apply", "{ tenant { projects(first: 30) { ... on Node { id } } } }", 1 + 1 + 30],
    ["aliased items are more items", "{ tenant { projects(first: 30) { a: nodes { id } b: nodes { id } } } }", 1 + 1 + 30 * 2],
    ["a page of none", "{ tenant { projects(first: 0) { pageInfo { endCursor } } } }", 1 + 1 + 1],
    ["a page so large that it saturates", "{ tenant { projects(first: 2147483647) { pageInfo { endCursor } } } }", CEILING],
    ["the size ends one level down", "{ tenant { projects(first: 30) { nodes { tenant { others { id } } } } } }", 1 + 1 + 30 * (1 + 1 + 4 * 7)],
    ["the size is of its sized fields, not of a list of connections", "{ shelves(first: 30) { nodes { id } } }", 10 * (1 + 30)],
    [
      "a fragment takes the size of each connection that spreads it",
      "{ tenant { a: projects(first: 3) { ...P } b: projects(first: 50) { ... { ...P } } } } fragment P on ProjectConnection { nodes { id } }",
      1 + (1 + 3) + (1 + 50),
    ],
    [
      "connections in connections multiply",
      "{ tenant { projects(first: 10) { nodes { tenant { projects(first: 100) { nodes { id } } } } } } }",
      1 + 1 + 10 * (1 + 1 + 1 + 100),
    ],
  ])("%s", (_, source, expected) => {
    expect(cost(source)).toBe(expected);
  });
});

describe("what is chosen by type", () => {
  it("an interface costs as its dearest type, not as their sum", () => {
    expect(cost("{ node { id ... on Tenant { parent { id } } ... on Project { tenant { parent { id } } } } }")).toBe(7 + 2);
  });

  it("a fragment on an interface applies to each of its types", () => {
    expect(cost("{ tenant { ... on Node { others { id } } ...N ... on Project { tenant { id } } } } fragment N on Node { others { id } }")).toBe(1 + 2 * 28);
  });

  it.each<[string, unknown, number]>([
    ["none", [], 0],
    ["one", [{}], 7 + 3],
    ["a hundred", Array(100).fill({}), 1_000],
  ])("entities are multiplied by the number of representations: %s", (_, r, expected) => {
    const source = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Tenant { digest } ... on Vault { id } ... on Project { id } } }";
    expect(cost(source, { r })).toBe(expected);
  });

  it("literal representations count like those of a variable", () => {
    expect(cost("{ _entities(representations: [1, 2, 3]) { ... on Project { id } } }")).toBe(21);
  });
});

describe("variables and operations", () => {
  it("a variable is a size, its default too", () => {
    const source = "query ($n: Int = 4) { sliced(first: $n) { id } }";
    expect([cost(source, { n: 9 }), cost(source), cost(source, { n: null })]).toEqual([9, 4, 5]);
  });

  it.each([
    ["{ tenant @skip(if: true) { id } }", 0],
    ["{ tenant @skip(if: false) { id } }", 1],
    ["{ tenant @include(if: false) { id } }", 0],
    ["query ($on: Boolean! = false) { tenant @include(if: $on) { id } ... @include(if: $on) { tenant { id } } ...F @skip(if: $on) } fragment F on Query { tenant { id } }", 1],
    ["query ($on: Boolean = true) { tenant @include(if: $on) { id } }", 1],
  ])("only what will run is counted: %s", (source, expected) => {
    expect(cost(source)).toBe(expected);
  });

  it("a condition without a value makes nothing cheaper", () => {
    expect(cost("query ($on: Boolean = true) { tenant @skip(if: $on) { id } }", { on: null })).toBe(1);
  });

  it("what the executor refuses before running costs nothing", () => {
    expect(cost("query ($n: Int!) { sliced(first: $n) { id } }")).toBe(0);
    expect(cost("query ($n: Int) { sliced(first: $n) { id } }", { n: "many" })).toBe(0);
    expect(cost("query ($n: Int) { sliced(first: $n) { id } }", { n: 1e12 })).toBe(0);
    expect(cost("query A { tenant { id } } query B { ping }")).toBe(0);
    expect(cost("query A { tenant { id } }", {}, "C")).toBe(0);
    expect(cost("subscription { tenant { id } }")).toBe(0);
  });

  it("a field whose arguments do not coerce costs its own weight, because it will not run", () => {
    expect(cost('query ($id: ID = "x") { required(id: $id) { parent { id } } }', { id: null })).toBe(1);
  });

  it("only the named operation is counted", () => {
    const source = "query A { tenant { id } } query B { audited { id } }";
    expect([cost(source, {}, "A"), cost(source, {}, "B")]).toEqual([1, 6]);
  });
});

describe("introspection", () => {
  it("the standard query fits the default limit, with every option on", () => {
    const everything = { specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true };
    expect(cost(getIntrospectionQuery(everything))).toBeLessThan(DEFAULT_LIMITS.maxCost / 2);
  });

  it("following a type is free, lists inside lists are not", () => {
    expect(cost('{ __type(name: "Query") { name ofType { ofType { name } } } __schema { queryType { name } directives { locations } } }')).toBe(10);
    expect(cost("{ __schema { types { fields { type { fields { args { name } } } } } } }")).toBe(11_110);
  });
});

describe("work of the calculation", () => {
  const doubling = (fragments: number) =>
    `{ ...F0 } ${Array.from({ length: fragments }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`).join(" ")}
     fragment F${fragments} on Query { tenant { id } }`;

  it.each([
    [25, 2 ** 25],
    [150, CEILING],
  ])("%i doubling fragments are looked into once each", (fragments, expected) => {
    const { document, selectionSets, looks } = counted(parse(doubling(fragments)));
    expect(operationCost(schema, document, null, {})).toBe(expected);
    expect(looks()).toBe(selectionSets);
  });

  it("a fragment inside itself ends", () => {
    const { document, selectionSets, looks } = counted(parse("{ tenant { ...A } } fragment A on Tenant { parent { ...B } } fragment B on Tenant { parent { ...A ...B } }"));
    expect(operationCost(schema, document, null, {})).toBeGreaterThan(0);
    expect(looks()).toBe(selectionSets);
  });

  it("it stops looking when the cost cannot grow any more", () => {
    const { document, looks } = counted(parse(`{ sliced(first: 2147483647) { parent { id } } ${"tenant { parent { id } } ".repeat(1_000)} }`));
    expect(operationCost(schema, document, null, {})).toBe(CEILING);
    expect(looks()).toBe(3);
  });

  it("nested interfaces are looked into once per type, not once per path of types", () => {
    const levels = 60;
    const { document, selectionSets, looks } = counted(parse(`{ node { ${"others { ".repeat(levels)} id ${"} ".repeat(levels)} } }`));
    expect(operationCost(schema, document, null, {})).toBe(CEILING);
    expect(looks()).toBeLessThanOrEqual(3 * selectionSets);
  });

  it("a fragment spread under many sizes is looked into once per size", () => {
    const chain = Array.from({ length: 20 }, (_, i) => `fragment F${i} on ProjectConnection { ...F${i + 1} ...F${i + 1} }`).join(" ");
    const spreads = Array.from({ length: 20 }, (_, i) => `a${i}: projects(first: ${i % 5}) { ...F0 }`).join(" ");
    const { document, looks } = counted(parse(`{ tenant { ${spreads} } } ${chain} fragment F20 on ProjectConnection { nodes { id } }`));
    expect(operationCost(schema, document, null, {})).toBe(1 + 20 + 4 * (0 + 1 + 2 + 3 + 4) * 2 ** 20);
    expect(looks()).toBeLessThanOrEqual(2 + 2 * 20 + 5 * 21 + 1);
  });
});

describe("the calculation against an expansion by hand", () => {
  type Tree = { kind: "tenant" | "assumed" | "sliced"; size: number; on: boolean; children: Tree[] } | { kind: "spread"; fragment: number };
  const recursive = buildSchema(`
    directive @listSize(assumedSize: Int, slicingArguments: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
    type Query { leaf: Int tenant: Query assumed: [Query] @listSize(assumedSize: 3) sliced(first: Int): [Query] @listSize(slicingArguments: ["first"]) }
  `);

  function selections(from: number): fc.Arbitrary<Tree[]> {
    const { set } = fc.letrec<{ set: Tree[]; tree: Tree }>((tie) => {
      const field = (children: fc.Arbitrary<Tree[]>) =>
        fc.record({ kind: fc.constantFrom("tenant" as const, "assumed" as const, "sliced" as const), size: fc.nat({ max: 5 }), on: fc.boolean(), children });
      return {
        set: fc.array(tie("tree"), { maxLength: 3, depthIdentifier: "tree" }),
        tree: fc.oneof(
          { maxDepth: 4, depthIdentifier: "tree" },
          from < 3 ? fc.record({ kind: fc.constant("spread" as const), fragment: fc.integer({ min: from, max: 2 }) }) : field(fc.constant<Tree[]>([])),
          field(tie("set")),
        ),
      };
    });
    return set;
  }

  function print(trees: Tree[]): string {
    const one = (tree: Tree) =>
      tree.kind === "spread"
        ? `...F${tree.fragment}`
        : `${tree.kind}${tree.kind === "sliced" ? `(first: ${tree.size})` : ""} @include(if: ${tree.on}) ${print(tree.children)}`;
    return `{ leaf ${trees.map(one).join(" ")} }`;
  }

  it("agrees on every document, and never throws", () => {
    const documents = fc.record({ root: selections(0), fragments: fc.tuple(selections(1), selections(2), selections(3)) });
    fc.assert(
      fc.property(documents, ({ root, fragments }) => {
        const naive = (trees: Tree[]): number =>
          trees.reduce((sum, tree) => {
            if (tree.kind === "spread") return sum + naive(fragments[tree.fragment] ?? []);
            const items = { tenant: 1, assumed: 3, sliced: tree.size }[tree.kind];
            return sum + (tree.on ? items * (1 + naive(tree.children)) : 0);
          }, 0);
        const source = [print(root), ...fragments.map((trees, i) => `fragment F${i} on Query ${print(trees)}`)].join("\n");
        expect(cost(source, {}, undefined, recursive)).toBe(naive(root));
      }),
      { numRuns: 300 },
    );
  });
});

@Directive("@cost(weight: 2)")
@ObjectType()
class Widget {
  @Field(() => ID) id!: string;
  @Directive("@cost(weight: 5)") @Field(() => String) digest!: string;
}

@ObjectType()
class WidgetConnection {
  @Field(() => [Widget]) nodes!: Widget[];
}

@Resolver()
class WidgetResolver {
  @Directive('@listSize(assumedSize: 20, slicingArguments: ["first"], sizedFields: ["nodes"], requireOneSlicingArgument: false)')
  @Query(() => WidgetConnection)
  widgets(@Arg("first", () => Int, { nullable: true }) _first?: number): WidgetConnection {
    return { nodes: [] };
  }

  @Directive('@cost(weight: "30")')
  @Mutation(() => Widget, { nullable: true })
  importWidgets(): null {
    return null;
  }

  @Mutation(() => Widget, { nullable: true })
  createWidget(): null {
    return null;
  }

  @Directive("@cost")
  @Query(() => Boolean)
  unreadable(): boolean {
    return true;
  }
}

describe("fields that type-graphql built, whose directives the schema does not define", () => {
  // Files that ran before this one may have declared rules, and TypeGraphQL asks for a checker as soon as it has heard of any.
  const built = buildSchemaSync({ resolvers: [WidgetResolver], validate: false, authChecker: () => false });

  it.each<[string, number]>([
    ["{ widgets(first: 50) { nodes { id } } }", 1 + 50 * 2],
    ["{ widgets { nodes { id digest } } }", 1 + 20 * (2 + 5)],
    ["mutation { importWidgets { id } }", 30],
    ["mutation { createWidget { id } }", 10],
    ["{ unreadable }", 0],
  ])("%s costs what their directives say", (source, expected) => {
    expect(cost(source, {}, undefined, built)).toBe(expected);
  });
});
