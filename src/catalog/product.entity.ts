/** Owns what a product is in the graph: a thing that can be bought, named by its key. */
import { Directive, Field, ID, ObjectType } from "type-graphql";

@Directive('@key(fields: "key", resolvable: false)')
@ObjectType({ description: "A product of the platform.", simpleResolvers: true })
export class Product {
  @Field(() => ID, { description: "The product's key in the catalogue, for instance `crm`." })
  key: string;
}
