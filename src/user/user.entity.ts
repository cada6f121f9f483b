/** Owns how people appear in the graph: by id only, because another subgraph knows the rest of them. */
import { Directive, Field, ID, ObjectType } from "type-graphql";

@Directive('@key(fields: "id", resolvable: false)')
@ObjectType({ description: "A person; known to the identity provider's subgraph by the same id.", simpleResolvers: true })
export class User {
  @Field(() => ID, { description: "Subject of the person's tokens." })
  id: string;
}
