import { ApolloServer } from "@apollo/server";
import fc from "fast-check";
import { buildSchema, getIntrospectionQuery, parse, validate, type DocumentNode, type GraphQLError, type SelectionSetNode } from "graphql";
import { describe, expect, it } from "vitest";
import { operationLimits } from "../../src/kernel/operation-limits.js";
import { operationPlugin } from "../../src/kernel/operation-plugin.js";
import { documentLimits } from "../../src/kernel/document-limits.js";
import { CEILING, DEFAULT_LIMITS, type Limits } from "../../src/kernel/limits.js";

const SDL = `
  directive @mark(at: Int) repeatable on FIELD | QUERY | FRAGMENT_SPREAD | INLINE_FRAGMENT | FRAGMENT_DEFINITION | VARIABLE_DEFINITION
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
  scalar _Any
  type Tenant { id: ID!, self: Query }
  union _Entity = Tenant
  type Query {
    self: Query
    leaf: Int
    list(first: Int = 20): [Query!]! @listSize(slicingArguments: ["first"])
    _entities(representations: [_Any!]!): [_Entity]!
  }
`;
const schema = buildSchema(SDL);
const SMALL: Limits = { ...DEFAULT_LIMITS, maxDepth: 3, maxAliases: 2, maxDirectives: 2, maxRootFields: 4 };

function refusals(document: DocumentNode, limits: Limits = SMALL): readonly GraphQLError[] {
  return validate(schema, document, [documentLimits(limits)]);
}

function messages(source: string, limits?: Limits): string[] {
  return refusals(parse(source), limits).map((error) => error.message);
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

function times(count: number, part: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => part(index)).join(" ");
}

function nested(levels: number): string {
  return `{ ${"self { ".repeat(levels - 1)} leaf ${"} ".repeat(levels - 1)}}`;
}

function doubling(fragments: number): string {
  return `{ ...F0 } ${times(fragments, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)}
    fragment F${fragments} on Query { x: leaf @mark }`;
}

describe("what a document may contain", () => {
  it.each([
    ["depth", "{ self { self { leaf } } }", "{ self { self { self { leaf } } } }", "Depth 4 exceeds the limit of 3"],
    ["depth through an inline fragment", "{ ... { self { self { leaf } } } }", "{ self { ... { self { self { leaf } } } } }", "Depth 4 exceeds the limit of 3"],
    [
      "depth through a fragment",
      "{ self { ...F } } fragment F on Query { self { leaf } }",
      "{ self { self { ...F } } } fragment F on Query { self { leaf } }",
      "Depth 4 exceeds the limit of 3",
    ],
    ["aliases", "{ a: leaf b: leaf }", "{ a: leaf b: leaf c: leaf }", "Alias count 3 exceeds the limit of 2"],
    [
      "aliases of a fragment at each place",
      "{ self { ...F } ...F } fragment F on Query { a: leaf }",
      "{ self { ...F ...F } ...F } fragment F on Query { a: leaf }",
      "Alias count 3 exceeds the limit of 2",
    ],
    ["directives on fields", "{ leaf @mark @mark }", "{ leaf @mark @mark @mark }", "Directive count 3 exceeds the limit of 2"],
    [
      "directives on operations, variables and fragments",
      "query ($a: Int @mark) @mark { list(first: $a) { leaf } }",
      "query ($a: Int @mark) @mark { list(first: $a) { ...F } } fragment F on Query @mark { leaf }",
      "Directive count 3 exceeds the limit of 2",
    ],
    ["root fields", "{ leaf leaf leaf leaf }", "{ leaf leaf leaf leaf leaf }", "Root field count 5 exceeds the limit of 4"],
    [
      "root fields of a fragment",
      "{ ...F ... { ...F } self { ...F } } fragment F on Query { leaf }",
      "{ ...F ... { ...F } self { ...F } } fragment F on Query { leaf leaf }",
      "Root field count 5 exceeds the limit of 4",
    ],
  ])("%s: the limit itself passes, one more is refused with its number", (_, within, beyond, message) => {
    expect(messages(within)).toEqual([]);
    expect(messages(beyond)).toEqual([message]);
  });

  it("counts each operation by itself and reports a bound once, however many operations break it", () => {
    expect(messages(times(50, (i) => `query Q${i} { a: leaf b: leaf }`))).toEqual([]);
    expect(messages(times(50, (i) => `query Q${i} { a: leaf b: leaf c: leaf }`))).toEqual(["Alias count 3 exceeds the limit of 2"]);
  });

  it("a refusal carries LIMIT_EXCEEDED, status 400, and nothing the caller wrote", () => {
    const [error] = refusals(parse("query secretName { secretAlias: leaf b: leaf c: leaf }"));
    expect(error?.extensions).toEqual({ code: "LIMIT_EXCEEDED", http: { status: 400 } });
    expect(error?.message).not.toContain("secret");
  });

  it("directives outside an operation, in a definition that cannot run, are nobody's", () => {
    expect(messages("query { leaf } type T { f: Int @mark @mark @mark }")).toEqual([]);
  });

  it("the standard introspection query passes the depth limit, with every option on", () => {
    const everything = { specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true };
    expect(messages(getIntrospectionQuery(everything), { ...SMALL, maxRootFields: 1 })).toEqual([]);
    expect(messages("{ __schema { types { fields { type { ofType { name } } } } } }")).toEqual([]);
  });

  it("introspection hides neither aliases nor directives nor the depth of its neighbours", () => {
    expect(messages("{ __schema { a: types { b: name c: kind } } }")).toEqual(["Alias count 3 exceeds the limit of 2"]);
    expect(messages("{ __schema { types { name @mark @mark @mark } } }")).toEqual(["Directive count 3 exceeds the limit of 2"]);
    expect(messages('{ self { __type(name: "Query") { name } self { self { leaf } } } }')).toEqual(["Depth 4 exceeds the limit of 3"]);
  });
});

describe("work of the rule", () => {
  it("twenty-five doubling fragments are counted in full while each is looked into as often as one that is spread once", () => {
    const bomb = counted(parse(doubling(25)));
    const chain = counted(parse(doubling(25).replace(/(\.\.\.F\d+) \.\.\.F\d+/g, "$1")));
    expect(refusals(bomb.document).map((error) => error.message)).toEqual([
      `Alias count ${2 ** 25} exceeds the limit of 2`,
      `Directive count ${2 ** 25} exceeds the limit of 2`,
      `Root field count ${2 ** 25} exceeds the limit of 4`,
    ]);
    expect(refusals(chain.document)).toEqual([]);
    expect(bomb.looks()).toBe(chain.looks());
  });

  it("sums saturate instead of losing digits", () => {
    expect(messages(doubling(150))[0]).toBe(`Alias count ${CEILING} exceeds the limit of 2`);
  });

  it("a fragment inside itself, directly or through others, ends", () => {
    const ring = times(30, (i) => `fragment F${i} on Query { a: self { ...F${(i + 1) % 30} ...F${(i + 7) % 30} } }`);
    const { document, selectionSets, looks } = counted(parse(`{ ...F0 } ${ring}`));
    refusals(document);
    expect(looks()).toBeLessThanOrEqual(selectionSets);
    expect(messages("{ ...F } fragment F on Query { ...F }")).toEqual([]);
  });

  it.each([
    ["ten thousand aliases", `{ ${times(10_000, (i) => `a${i}: leaf`)} }`, ["Alias count 10000 exceeds the limit of 2", "Root field count 10000 exceeds the limit of 4"]],
    ["ten thousand directives", `{ leaf ${"@mark ".repeat(10_000)} }`, ["Directive count 10000 exceeds the limit of 2"]],
    ["a thousand root fields", `{ ${"leaf ".repeat(1_000)} }`, ["Root field count 1000 exceeds the limit of 4"]],
    ["a thousand levels", nested(1_000), ["Depth 1000 exceeds the limit of 3"]],
  ])("%s are looked into once and answered in one line per bound", (_, source, expected) => {
    const { document, selectionSets, looks } = counted(parse(source));
    expect(refusals(document).map((error) => error.message)).toEqual(expected);
    expect(looks()).toBeLessThanOrEqual(selectionSets);
  });
});

type Tree =
  | { kind: "field"; alias: boolean; marks: number; children: Tree[] }
  | { kind: "inline"; marks: number; children: Tree[] }
  | { kind: "spread"; marks: number; fragment: number };

const FRAGMENTS = 4;

/** Selections in which fragment `from - 1` may only spread later ones, so that a document has no cycle. */
function selections(from: number): fc.Arbitrary<Tree[]> {
  const marks = fc.nat({ max: 2 });
  const { set } = fc.letrec<{ set: Tree[]; tree: Tree }>((tie) => ({
    set: fc.array(tie("tree"), { maxLength: 3, depthIdentifier: "tree" }),
    tree: fc.oneof(
      { maxDepth: 4, depthIdentifier: "tree" },
      from < FRAGMENTS
        ? fc.record({ kind: fc.constant("spread" as const), marks, fragment: fc.integer({ min: from, max: FRAGMENTS - 1 }) })
        : fc.record({ kind: fc.constant("field" as const), alias: fc.boolean(), marks, children: fc.constant<Tree[]>([]) }),
      fc.record({ kind: fc.constant("field" as const), alias: fc.boolean(), marks, children: tie("set") }),
      fc.record({ kind: fc.constant("inline" as const), marks, children: tie("set") }),
    ),
  }));
  return set;
}

const documents = fc.record({ root: selections(0), fragments: fc.tuple(selections(1), selections(2), selections(3), selections(4)) });

function print(root: Tree[], fragments: Tree[][]): string {
  let next = 0;
  const marked = (count: number) => " @mark".repeat(count);
  const one = (tree: Tree): string => {
    if (tree.kind === "spread") return `...F${tree.fragment}${marked(tree.marks)}`;
    if (tree.kind === "inline") return `...${marked(tree.marks)} ${block(tree.children)}`;
    const alias = tree.alias ? `a${next++}: ` : "";
    return tree.children.length ? `${alias}self${marked(tree.marks)} ${block(tree.children)}` : `${alias}leaf${marked(tree.marks)}`;
  };
  const block = (trees: Tree[]): string => `{ ${trees.map(one).join(" ") || "leaf"} }`;
  return [block(root), ...fragments.map((trees, i) => `fragment F${i} on Query ${block(trees)}`)].join("\n");
}

/** The same counts, by really replacing every spread with the fragment's selections. */
function naive(root: Tree[], fragments: Tree[][]): Record<string, number> {
  const sums = { Depth: 0, "Alias count": 0, "Directive count": 0, "Root field count": 0 };
  const walk = (trees: Tree[], level: number): void => {
    const present: Tree[] = trees.length ? trees : [{ kind: "field", alias: false, marks: 0, children: [] }];
    for (const tree of present) {
      sums["Directive count"] += tree.marks;
      if (tree.kind === "spread") walk(fragments[tree.fragment] ?? [], level);
      if (tree.kind === "inline") walk(tree.children, level);
      if (tree.kind !== "field") continue;
      sums.Depth = Math.max(sums.Depth, level + 1);
      if (tree.alias) sums["Alias count"] += 1;
      if (level === 0) sums["Root field count"] += 1;
      if (tree.children.length) walk(tree.children, level + 1);
    }
  };
  walk(root, 0);
  return sums;
}

describe("the rule against an expansion by hand", () => {
  it("agrees on every document, and never throws", () => {
    const none: Limits = { ...DEFAULT_LIMITS, maxDepth: -1, maxAliases: -1, maxDirectives: -1, maxRootFields: -1 };
    fc.assert(
      fc.property(documents, ({ root, fragments }) => {
        const expected = Object.entries(naive(root, fragments)).map(([what, value]) => `${what} ${value} exceeds the limit of -1`);
        expect(messages(print(root, fragments), none)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a server with these limits", () => {
  const bounded = buildSchema(SDL);
  let resolved = 0;
  const server = new ApolloServer({
    schema: bounded,
    rootValue: () => ({ leaf: () => (resolved += 1), self: {}, list: () => [], _entities: () => [] }),
    introspection: true,
    hideSchemaDetailsFromClientErrors: true,
    parseOptions: { maxTokens: DEFAULT_LIMITS.maxTokens },
    maxRecursiveSelections: DEFAULT_LIMITS.maxRecursiveSelections,
    validationRules: [documentLimits(DEFAULT_LIMITS)],
    plugins: [operationPlugin([operationLimits(bounded, DEFAULT_LIMITS)])],
  });

  async function ask(query: string, variables?: Record<string, unknown>) {
    const { body, http } = await server.executeOperation({ query, variables });
    if (body.kind !== "single") throw new Error("expected one result");
    const { data, errors } = body.singleResult;
    return { data, status: http.status, errors: errors?.map(({ message, extensions }) => `${extensions?.["code"]}: ${message}`) };
  }

  const entities = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }";
  const inLiteral = `{ ...F } fragment F on Query { ... { _entities(representations: [${"1 ".repeat(101)}]) { __typename } } }`;
  const inDefault = `query ($r: [_Any!]! = [${"1 ".repeat(101)}]) { _entities(representations: $r) { __typename } }`;
  const tooManyTokens = /^LIMIT_EXCEEDED: Token count exceeds the limit of 1500$/;

  it.each<[string, string, Record<string, unknown>, RegExp]>([
    ["twenty-five doubling fragments", doubling(25), {}, /^LIMIT_EXCEEDED: Selection count exceeds the limit of 2000$/],
    ["ten thousand aliases", `{ ${times(10_000, (i) => `a${i}: leaf`)} }`, {}, tooManyTokens],
    ["twenty-one aliases", `{ self { ${times(21, (i) => `a${i}: leaf`)} } }`, {}, /^LIMIT_EXCEEDED: Alias count 21 exceeds the limit of 20$/],
    ["nesting to ten thousand", `{ ${"self { ".repeat(10_000)} leaf ${"} ".repeat(10_000)} }`, {}, tooManyTokens],
    ["nesting to sixteen", nested(16), {}, /^LIMIT_EXCEEDED: Depth 16 exceeds the limit of 15$/],
    ["a fragment cycle", "{ ...A } fragment A on Query { self { ...B } } fragment B on Query { self { ...A } }", {}, /^GRAPHQL_VALIDATION_FAILED: /],
    ["ten thousand directives", `{ leaf ${"@mark ".repeat(10_000)} }`, {}, tooManyTokens],
    ["twenty-one directives", `{ leaf ${"@mark ".repeat(21)} }`, {}, /^LIMIT_EXCEEDED: Directive count 21 exceeds the limit of 20$/],
    ["a thousand root fields", `{ ${"leaf ".repeat(1_000)} }`, {}, /^(LIMIT_EXCEEDED|GRAPHQL_VALIDATION_FAILED): /],
    ["eleven root fields", `{ ${"leaf ".repeat(11)} }`, {}, /^LIMIT_EXCEEDED: Root field count 11 exceeds the limit of 10$/],
    ["a cost above the limit", "query ($n: Int) { list(first: $n) { list(first: $n) { leaf } } }", { n: 71 }, /^LIMIT_EXCEEDED: Cost 5112 exceeds the limit of 5000$/],
    ["introspection lists inside lists", "{ __schema { types { fields { type { fields { args { name } } } } } } }", {}, /^LIMIT_EXCEEDED: Cost 11110 exceeds the limit of 5000$/],
    ["101 representations", entities, { r: Array(101).fill({}) }, /^LIMIT_EXCEEDED: Representation count 101 exceeds the limit of 100$/],
    ["101 literal representations in a fragment", inLiteral, {}, /^LIMIT_EXCEEDED: Representation count 101 exceeds the limit of 100$/],
    ["101 representations as a default", inDefault, {}, /^LIMIT_EXCEEDED: Representation count 101 exceeds the limit of 100$/],
    ["101 representations as the default of a variable called as a member that every object has", inDefault.replaceAll("$r", "$constructor"), {}, /^LIMIT_EXCEEDED: Representation count 101 exceeds the limit of 100$/],
  ])("refuses %s with status 400 in one short answer, and resolves nothing", async (_, query, variables, expected) => {
    resolved = 0;
    const answer = await ask(query, variables);
    expect(answer).toEqual({ data: undefined, status: 400, errors: [expect.stringMatching(expected)] });
    expect(JSON.stringify(answer).length).toBeLessThan(300);
    expect(resolved).toBe(0);
  });

  it.each<[string, string, Record<string, unknown>, Record<string, unknown>]>([
    ["a number beyond all, which is written as null", "query ($n: Int) { list(first: 71) { list(first: 71) { leaf @mark(at: $n) } } }", { n: Infinity }, { n: null }],
    ["a member called as one that every object has", "query ($__proto__: Int = 71) { list(first: $__proto__) { list(first: $__proto__) { leaf } } }", JSON.parse('{"__proto__": {}}'), {}],
  ])("refuses what is too dear also after the same document was refused for its variables: %s", async (_, query, invalid, dear) => {
    expect((await ask(query, invalid)).errors).toEqual([expect.stringMatching(/^BAD_USER_INPUT: /)]);
    expect((await ask(query, dear)).errors).toEqual([expect.stringMatching(/^LIMIT_EXCEEDED: Cost /)]);
  });

  it("answers what is at the limits", async () => {
    expect(await ask(`{ leaf ${times(9, (i) => `a${i}: leaf`)} }`)).toMatchObject({ errors: undefined });
    expect(await ask("query ($n: Int) { list(first: $n) { list(first: $n) { leaf } } }", { n: 70 })).toMatchObject({ data: { list: [] }, errors: undefined });
    expect(await ask(entities, { r: Array(100).fill({}) })).toMatchObject({ data: { _entities: [] }, errors: undefined });
  });

  it("answers the standard introspection query", async () => {
    expect(await ask(getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true }))).toMatchObject({ data: { __schema: {} }, errors: undefined });
  });

  it("leaves the code of other validation errors alone", async () => {
    expect((await ask("{ missing }")).errors).toEqual([expect.stringMatching(/^GRAPHQL_VALIDATION_FAILED: /)]);
  });

  it("leaves a missing operation and a missing variable to the executor", async () => {
    expect((await ask("query A { leaf } query B { leaf }")).errors).toEqual([expect.stringMatching(/^OPERATION_RESOLUTION_FAILURE: /)]);
    expect((await ask(entities)).errors).toEqual([expect.stringMatching(/^BAD_USER_INPUT: /)]);
  });
});
