/** Owns what is answered of the use of API keys. No I/O. */
import { GraphQLLocalDate } from "graphql-scalars";
import { Field, Float, ObjectType } from "type-graphql";

@ObjectType({ description: "How often keys were verified on one day.", simpleResolvers: true })
export class ApiKeyUsageDay {
  @Field(() => GraphQLLocalDate, { description: "The day, from midnight to midnight UTC." })
  day: string;

  @Field(() => Float, { description: "Verifications that found the key valid." })
  verified: number;

  @Field(() => Float, { description: "Verifications of the right key that refused it all the same: because it had ended, for instance, or may not do what was asked." })
  refused: number;
}
