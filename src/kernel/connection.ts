/** Owns the GraphQL face of pages: their arguments and the connection types. How a page is read is `page.ts`. */
import { IsOptional, MaxLength } from "class-validator";
import { ArgsType, Directive, Field, Int, ObjectType, type ClassType } from "type-graphql";

export const DEFAULT_PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 100;
/** A cursor carries its row's key: the longest name there can be, 200 characters of several bytes each, has to fit. */
const MAX_CURSOR_LENGTH = 4096;

/** Published on every field that returns a connection; the cost of a request is computed from it. */
export const LIST_SIZE =
  `@listSize(assumedSize: ${DEFAULT_PAGE_SIZE}, slicingArguments: ["first", "last"], ` +
  `sizedFields: ["edges", "nodes"], requireOneSlicingArgument: false)`;

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: `How many to return from the start: 1 to ${MAX_PAGE_SIZE}, ${DEFAULT_PAGE_SIZE} when neither \`first\` nor \`last\` is given.` })
  first?: number | null;

  @Field(() => String, { nullable: true, description: "Return what comes after this cursor." })
  @IsOptional()
  @MaxLength(MAX_CURSOR_LENGTH)
  after?: string | null;

  @Field(() => Int, { nullable: true, description: `How many to return from the end: 1 to ${MAX_PAGE_SIZE}.` })
  last?: number | null;

  @Field(() => String, { nullable: true, description: "Return what comes before this cursor." })
  @IsOptional()
  @MaxLength(MAX_CURSOR_LENGTH)
  before?: string | null;
}

@Directive("@shareable")
@ObjectType({ description: "Where a page stands in its list.", simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: "Is there more after this page?" })
  hasNextPage: boolean;

  @Field(() => Boolean, { description: "Is there more before this page?" })
  hasPreviousPage: boolean;

  @Field(() => String, { nullable: true })
  startCursor: string | null;

  @Field(() => String, { nullable: true })
  endCursor: string | null;
}

export interface Page<Row> {
  nodes: Row[];
  pageInfo: PageInfo;
  cursorOf(row: Row): string;
  /** Counts the whole list, in a statement of its own, only when it is asked for. */
  countAll(): Promise<number>;
}

/** The `<Name>Connection` type over an entity; `counted: false` where a count would have to walk more rows than a page ever does. */
export function connectionOf<Row extends object>(node: ClassType<Row>, name: string, { counted = true } = {}): ClassType<Page<Row>> {
  @ObjectType(`${name}Edge`, { simpleResolvers: true, description: `One ${name} and its place in the list.` })
  class Edge {
    @Field(() => node)
    node: Row;

    @Field(() => String, { description: "Opaque; valid for the order it was made with." })
    cursor: string;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}.` })
  class Connection implements Page<Row> {
    @Field(() => [node], { simple: true, description: "The entries without their cursors." })
    nodes: Row[];

    @Field(() => PageInfo, { simple: true })
    pageInfo: PageInfo;

    cursorOf: (row: Row) => string;

    countAll: () => Promise<number>;

    @Field(() => [Edge])
    edges(): Edge[] {
      return this.nodes.map((node) => ({ node, cursor: this.cursorOf(node) }));
    }

    totalCount(): Promise<number> {
      return this.countAll();
    }
  }
  if (counted) {
    const method = Object.getOwnPropertyDescriptor(Connection.prototype, "totalCount") as PropertyDescriptor;
    Field(() => Int, { description: "Length of the whole list; costs a statement of its own." })(Connection.prototype, "totalCount", method);
    Directive("@cost(weight: 20)")(Connection.prototype, "totalCount", method);
  }
  return Connection;
}
