import "reflect-metadata";
import { graphql, type GraphQLSchema } from "graphql";
import { Arg, buildSchemaSync, createUnionType, Directive, Field, FieldResolver, ID, InputType, Int, InterfaceType, Mutation, ObjectType, Query, Resolver, type NonEmptyArray } from "type-graphql";
import { describe, expect, it } from "vitest";
import { Access, AccessToSet, guardAccess, proveAccess } from "../../src/kernel/access.js";
import type { Action, Role } from "../../src/kernel/action.js";
import { Fault } from "../../src/kernel/fault.js";

/** Only what these resolvers reach is built, so the registry's own schema neither sees nor lends anything. */
function schemaOf(...resolvers: NonEmptyArray<Function>): GraphQLSchema {
  const schema = buildSchemaSync({ resolvers, validate: false });
  guardAccess(schema);
  return schema;
}

@Directive('@key(fields: "id")')
@ObjectType({ simpleResolvers: true })
class Ship {
  @Field(() => ID)
  id: string;
}

@ObjectType({ simpleResolvers: true })
class ShipPayload {
  @Field(() => Ship)
  ship: Ship;
}

@Directive('@key(fields: "id")')
@ObjectType({ simpleResolvers: true })
class CargoPayload {
  @Field(() => ID)
  id: string;

  @Field(() => Ship)
  ship: Ship;
}

@ObjectType({ simpleResolvers: true })
class Harbour {
  @Field(() => String)
  name: string;

  @Access("tenant.read_billing")
  @Field(() => Int, { nullable: true })
  fees: number;
}

@ObjectType()
class Fleet {
  @Field(() => String)
  name: string;
}

@InterfaceType({ resolveType: () => Tug })
abstract class Vessel {
  @Field(() => ID)
  id: string;
}

@Directive('@key(fields: "id")')
@ObjectType({ implements: Vessel })
class Tug extends Vessel {}

const Anything = createUnionType({ name: "Anything", types: () => [Fleet, Ship] as const });

@InputType()
class Price {
  @Field(() => Int, { nullable: true })
  @AccessToSet("tenant.update_commercial")
  amount?: number;

  @Field(() => Int, { nullable: true })
  shown?: number;
}

@InputType()
class Offer {
  @Field(() => Price, { nullable: true })
  price?: Price;

  @Field(() => [[Price]], { nullable: true })
  prices?: Price[][];

  @Field(() => [Offer], { nullable: true })
  others?: Offer[];
}

@Resolver()
class Guarded {
  @Access("tenant.read")
  @Query(() => String)
  harbour(): string {
    return "h";
  }
}

@Resolver()
class ForgottenQuery {
  @Query(() => String)
  forgottenQuery(): string {
    return "q";
  }
}

@Resolver()
class ForgottenMutation {
  @Mutation(() => String)
  forgottenMutation(): string {
    return "m";
  }
}

@Resolver(() => Fleet)
class ForgottenFields {
  @Access("tenant.read")
  @Query(() => Fleet)
  fleet(): Fleet {
    return { name: "f" };
  }

  @FieldResolver(() => Ship)
  flagship(): Ship {
    return { id: "1" };
  }

  @FieldResolver(() => [Ship])
  ships(): Ship[] {
    return [];
  }

  @FieldResolver(() => ShipPayload)
  carried(): ShipPayload {
    return { ship: { id: "1" } };
  }

  @FieldResolver(() => Vessel)
  vessel(): Vessel {
    return new Tug();
  }

  @FieldResolver(() => [Anything])
  anything(): (typeof Anything)[] {
    return [];
  }

  @FieldResolver(() => Int)
  quote(@Arg("offer", () => Offer) _offer: Offer): number {
    return 1;
  }
}

@Resolver()
class Unlookable {
  @Access("tenant.read")
  @Query(() => Ship)
  ship(): Ship {
    return { id: "1" };
  }
}

@Resolver()
class HarbourMaster {
  @Access("tenant.read")
  @Query(() => Harbour)
  harbour(): Harbour {
    return { name: "h", fees: 1 };
  }
}

@Resolver()
class DisguisedEntity {
  @Access("tenant.read")
  @Query(() => CargoPayload)
  cargo(): CargoPayload {
    return { id: "1", ship: { id: "1" } };
  }
}

const SHIP = new Map<string, Action>([["Ship", "tenant.read"], ["Tug", "tenant.read"], ["CargoPayload", "tenant.read"]]);

describe("the service does not start", () => {
  it.each<[string, NonEmptyArray<Function>, ReadonlyMap<string, Action>, string[]]>([
    ["a query without a rule", [Guarded, ForgottenQuery], SHIP, ["Query.forgottenQuery has no @Access"]],
    ["a mutation without a rule", [Guarded, ForgottenMutation], SHIP, ["Mutation.forgottenMutation has no @Access"]],
    ["nested fields that lead to an entity without a rule, or take an input that has one", [ForgottenFields], SHIP, [
      "Fleet.flagship leads to an entity but has no @Access",
      "Fleet.ships leads to an entity but has no @Access",
      "Fleet.carried leads to an entity but has no @Access",
      "Fleet.vessel leads to an entity but has no @Access",
      "Fleet.anything leads to an entity but has no @Access",
      "Fleet.quote takes an input with @AccessToSet but has no @Access that would check it",
    ]],
    ["an entity that anybody could look up", [Unlookable], new Map(), ["entity Ship has a @key but no reference(): any id would be echoed back"]],
    ["an entity that is named like a carrier", [DisguisedEntity], SHIP, ["CargoPayload.ship leads to an entity but has no @Access"]],
  ])("with %s", (_what, resolvers, references, problems) => {
    const schema = schemaOf(...resolvers);
    expect(() => proveAccess(schema, references)).toThrow(new Error(`The schema has unguarded entry points:\n- ${problems.join("\n- ")}`));
  });

  it("but does when everything has its rule, and lists it", () => {
    expect(proveAccess(schemaOf(Guarded), new Map())).toEqual([
      { entry: "Query.harbour", action: "tenant.read", roles: ["member", "auditor", "admin", "support", "operator"] },
    ]);
  });
});

@Resolver()
class Offers {
  @Access("tenant.update")
  @Mutation(() => String)
  offer(@Arg("offer", () => Offer) _offer: Offer, @Arg("more", () => [Offer], { nullable: true }) _more?: Offer[]): string {
    return "made";
  }
}

describe("a rule on a field without a resolver of its own", () => {
  it("is asked just the same, and fails that field only", async () => {
    const schema = schemaOf(HarbourMaster);
    const ask = (role: Role) =>
      graphql({ schema, source: "{ harbour { name fees } }", contextValue: { caller: { kind: "user", subject: "s", name: null, roles: [role], tenantId: null } } });
    const refused = await ask("member");
    expect(refused.errors?.map(({ path, originalError }) => [path, (originalError as Fault).code])).toEqual([[["harbour", "fees"], "FORBIDDEN"]]);
    expect((await ask("support")).data).toEqual({ harbour: { name: "h", fees: 1 } });
  });
});

describe("a rule on an input field holds wherever the field is given", () => {
  const schema = schemaOf(Guarded, Offers);
  const run = async (role: Role | null, variables: Record<string, unknown>) => {
    const caller = role && { kind: "user", subject: "s", name: null, roles: [role], tenantId: null };
    const source = "mutation ($offer: Offer!, $more: [Offer!]) { offer(offer: $offer, more: $more) }";
    const { data, errors } = await graphql({ schema, source, variableValues: variables, contextValue: { caller } });
    const original = errors?.[0]?.originalError;
    return original instanceof Fault ? [original.code, original.field] : (errors ?? data?.["offer"]);
  };

  it.each<[string, Record<string, unknown>]>([
    ["in an input's input", { offer: { price: { amount: 1 } } }],
    ["as null", { offer: { price: { amount: null } } }],
    ["in a list of lists", { offer: { prices: [[{ shown: 1 }], [{ shown: 1 }, { amount: 2 }]] } }],
    ["in one value where a list is expected", { offer: { prices: { amount: 2 } } }],
    ["deep in inputs of the same type", { offer: { others: [{ others: [{}, { price: { amount: 1 } }] }] } }],
    ["in a list that is an argument", { offer: {}, more: [{}, { price: { amount: 1 } }] }],
  ])("%s", async (_where, variables) => {
    expect(await run("admin", variables)).toEqual(["FORBIDDEN", "amount"]);
    expect(await run(null, variables)).toEqual(["UNAUTHENTICATED", undefined]);
    expect(await run("operator", variables)).toBe("made");
  });

  it("and not where only its neighbours are", async () => {
    expect(await run("admin", { offer: { price: { shown: 1 }, prices: [[{ shown: 2 }], []], others: [{}] }, more: null })).toBe("made");
    expect(await run("member", { offer: {} })).toEqual(["FORBIDDEN", undefined]);
  });
});
