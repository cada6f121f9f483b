/** Owns what may be asked of API keys. */
import { IsOptional } from "class-validator";
import { Field, InputType } from "type-graphql";
import { Label } from "../kernel/validation.js";

@InputType({ description: "Every condition that is given must hold." })
export class ApiKeyFilter {
  @Field(() => Boolean, { nullable: true, description: "True for revoked keys only, false for the others only." })
  revoked?: boolean | null;

  @Field(() => String, { nullable: true, description: "Keys of this product; keys for all products are not among them." })
  @IsOptional()
  @Label()
  product?: string | null;
}
