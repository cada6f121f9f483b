/** Owns what a caller may know of itself. */
import { Field, ObjectType, registerEnumType } from "type-graphql";

export enum ViewerKind {
  USER = "user",
  SERVICE = "service",
  PLATFORM = "platform",
}
registerEnumType(ViewerKind, {
  name: "ViewerKind",
  description: "In what capacity somebody calls.",
  valuesConfig: {
    USER: { description: "A person who acts in one tenant." },
    SERVICE: { description: "A product's backend." },
    PLATFORM: { description: "Platform staff." },
  },
});

@ObjectType({ description: "The caller, as the registry verified it.", simpleResolvers: true })
export class Viewer {
  @Field(() => ViewerKind)
  kind: ViewerKind;

  @Field(() => String, { description: "`sub` of the token." })
  subject: string;

  @Field(() => String, { nullable: true, description: "Display name, when the token carries one." })
  name: string | null;

  @Field(() => String, { nullable: true, description: "Key of the product that a service acts for." })
  product: string | null;

  @Field(() => [String], { description: "Roles that count here, for instance `admin`." })
  roles: string[];

  @Field(() => [String], { description: "Everything the caller may do, `noun.verb`; a portal shows only what is in this list." })
  actions: string[];
}
