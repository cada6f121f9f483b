/** Owns what is answered of how much a tenant uses the registry. No I/O. */
import { GraphQLLocalDate } from "graphql-scalars";
import { Field, Float, ObjectType } from "type-graphql";

@ObjectType({ description: "How much a tenant used the registry on one day, in one of its environments or in none.", simpleResolvers: true })
export class UsageDay {
  @Field(() => GraphQLLocalDate, { description: "The day, from midnight to midnight UTC." })
  day: string;

  @Field(() => String, { nullable: true, description: "Slug of the environment that the operations were for; null for those that were for none." })
  environment: string | null;

  @Field(() => Float, { description: "Operations of this registry: by the tenant's people, by staff who acted in it, and by services that asked for its context." })
  operations: number;

  @Field(() => Float, { description: "Those of them that were answered with an error." })
  errors: number;
}
