/** Owns what a plan is in the graph: a bundle of products that a tenant buys as one. */
import { GraphQLJSON, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, ObjectType } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { JsonObject, LimitValue } from "./catalog.js";
import { Product } from "./product.entity.js";

@ObjectType({ description: "How much of a product's limit a plan gives.", simpleResolvers: true })
export class PlanLimit {
  @Field(() => String, { description: "Name of the product's limit." })
  name: string;

  @Field(() => GraphQLJSON, { description: "A number, or true or false, as the limit's `type` says." })
  value: LimitValue;
}

@ObjectType({ description: "What a plan says about one of its products.", simpleResolvers: true })
export class PlanProduct {
  @Access("catalog.read")
  @Field(() => Product)
  product: Product;

  @Directive("@cost(weight: 5)")
  @Field(() => GraphQLJSONObject, { description: "What a tenant's settings of the product start with." })
  config: JsonObject;

  @Directive("@listSize(assumedSize: 5)")
  @Field(() => [PlanLimit], { description: "Every limit of the product." })
  limits: PlanLimit[];
}

@ObjectType({ description: "A bundle of products that a tenant buys as one.", simpleResolvers: true })
export class Plan {
  @Field(() => ID, { description: "The plan's key in the catalogue, for instance `business`; a tenant's `plan`." })
  key: string;

  @Field(() => String, { description: "Name for people." })
  name: string;

  @Field(() => String, { description: "Whom it is for." })
  description: string;
}
