/** Owns what may be asked of product requests: inputs that validate themselves, and the payloads of their mutations. */
import { IsOptional, Length } from "class-validator";
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { IdempotencyKey, Label } from "../kernel/validation.js";
import { ProductRequest, ProductRequestStatus } from "./product-request.entity.js";

const MAX_TEXT = 2_000;
const TEXT = `1 to ${MAX_TEXT} characters`;

@InputType({ description: "Which product a tenant would like to buy." })
export class RequestProductInput {
  @Field(() => ID, { nullable: true, description: "The tenant that asks; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => String, { description: "Key of the product." })
  @Label()
  product: string;

  @Field(() => String, { nullable: true, description: `A word to sales, ${TEXT}.` })
  @IsOptional()
  @Length(1, MAX_TEXT, { message: `$property must be ${TEXT}` })
  message?: string | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

export enum ProductRequestOutcome {
  WON = "won",
  LOST = "lost",
}

registerEnumType(ProductRequestOutcome, {
  name: "ProductRequestOutcome",
  description: "What became of a product request.",
  valuesConfig: {
    WON: { description: "The tenant buys it." },
    LOST: { description: "The tenant does not buy it; it may ask again." },
  },
});

@InputType({ description: "What became of a product request. Winning one grants nothing by itself: that is `grantEntitlement`." })
export class DecideProductRequestInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { nullable: true, description: "Decide only if the request still has this `version`; else CONFLICT." })
  expectedVersion?: number | null;

  @Field(() => ProductRequestOutcome)
  outcome: ProductRequestOutcome;

  @Field(() => String, { nullable: true, description: `What sales should remember, ${TEXT}. The tenant does not see it.` })
  @IsOptional()
  @Length(1, MAX_TEXT, { message: `$property must be ${TEXT}` })
  note?: string | null;
}

@InputType({ description: "Every condition that is given must hold." })
export class ProductRequestFilter {
  @Field(() => ProductRequestStatus, { nullable: true })
  status?: ProductRequestStatus | null;

  @Field(() => String, { nullable: true, description: "Key of the product." })
  @IsOptional()
  @Label()
  product?: string | null;

  @Field(() => ID, { nullable: true, description: "Requests of this tenant." })
  tenantId?: string | null;
}

@ObjectType({ description: "The request, which is now open.", simpleResolvers: true })
export class RequestProductPayload {
  @Field(() => ProductRequest)
  productRequest: ProductRequest;
}

@ObjectType({ description: "The request, now decided.", simpleResolvers: true })
export class DecideProductRequestPayload {
  @Field(() => ProductRequest)
  productRequest: ProductRequest;
}
