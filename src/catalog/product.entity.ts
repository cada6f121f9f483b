/** Owns what a product is in the graph: a thing that can be bought, described by its manifest. */
import { GraphQLJSON, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { LimitType, type JsonObject, type LimitValue } from "./catalog.js";

registerEnumType(LimitType, {
  name: "LimitType",
  description: "What values a limit takes.",
  valuesConfig: {
    INTEGER: { description: "Whole numbers, not negative." },
    NUMBER: { description: "Numbers, not negative." },
    BOOLEAN: { description: "True or false: the product gives it, or it does not." },
  },
});

@ObjectType({ description: "How much of something a product gives, for instance `seats`.", simpleResolvers: true })
export class ProductLimit {
  @Field(() => String, { description: "Its name in the product, for instance `seats`." })
  name: string;

  @Field(() => LimitType)
  type: LimitType;

  @Field(() => String, { description: "What is limited." })
  description: string;

  @Field(() => String, { nullable: true, description: "What a number counts, for instance `GB`; null when the name says it." })
  unit: string | null;

  @Field(() => GraphQLJSON, { description: "How much there is without a plan that says otherwise." })
  default: LimitValue;
}

@ObjectType({ description: "Something that an API key of a product may be allowed to do.", simpleResolvers: true })
export class ApiKeyScope {
  @Field(() => ID, { description: "The word for it in a key's `scopes`, for instance `tickets:read`." })
  id: string;

  @Field(() => String, { description: "What it allows." })
  description: string;
}

@Directive('@key(fields: "key")')
@ObjectType({ description: "A product of the platform.", simpleResolvers: true })
export class Product {
  @Field(() => ID, { description: "The product's key in the catalogue, for instance `crm`." })
  key: string;

  @Field(() => String, { description: "Name for people; the key when the catalogue does not know the product." })
  name: string;

  @Field(() => String, { nullable: true, description: "What it is for; null when the catalogue does not know the product." })
  description: string | null;

  @Field(() => Boolean, { description: "Does it keep a tenant's projects apart?" })
  supportsProjects: boolean;

  @Field(() => Boolean, { description: "May a tenant ask sales for it?" })
  requestable: boolean;

  @Field(() => Int, { nullable: true, description: "Length of the trial that a tenant may start itself, in days; null when there is none." })
  trialDays: number | null;

  @Directive("@cost(weight: 5)")
  @Field(() => GraphQLJSONObject, { nullable: true, description: "JSON Schema of its settings, to build a form from; null when the catalogue does not know the product." })
  configSchema: JsonObject | null;

  @Directive("@listSize(assumedSize: 5)")
  @Field(() => [ProductLimit], { description: "What it gives how much of, in the catalogue's order." })
  limits: readonly ProductLimit[];

  @Directive("@listSize(assumedSize: 5)")
  @Field(() => [ApiKeyScope], { description: "What its API keys may be allowed to do." })
  scopes: readonly ApiKeyScope[];
}
