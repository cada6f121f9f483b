/** Owns what a verdict looks like in the graph, and what a check of one or of many answers. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, ObjectType, registerEnumType } from "type-graphql";
import type { JsonObject, LimitValue } from "../catalog/catalog.js";
import { EntitlementReason, VerdictSource, type Verdict } from "./entitlement.verdict.js";

registerEnumType(EntitlementReason, {
  name: "EntitlementReason",
  description: "Why a product is granted or denied. Of several reasons the first of this list is told.",
  valuesConfig: {
    TENANT_ARCHIVED: { description: "The tenant is archived." },
    TENANT_FROZEN: { description: "The tenant is frozen, which it also is from the end of its trial on." },
    UNKNOWN_PRODUCT: { description: "Neither the catalogue nor the tenant has such a product." },
    NOT_ENTITLED: { description: "Nothing gives it: no plan, no grant, no trial." },
    EXPIRED: { description: "The grant's own end is reached." },
    TRIAL_ENDED: { description: "The end of the product's trial is reached." },
    WITHDRAWN: { description: "An operator took it back, also against the plan." },
    PROJECT_NOT_FOUND: { description: "The tenant has the product, and no such project." },
    PROJECT_ARCHIVED: { description: "The tenant has the product, and the project is archived." },
    GRANTED: { description: "It may be used." },
  },
});

registerEnumType(VerdictSource, {
  name: "VerdictSource",
  description: "What a granted product comes from.",
  valuesConfig: {
    PLAN: { description: "The plan that the tenant bought." },
    OVERRIDE: { description: "An operator granted it to this tenant." },
    TRIAL: { description: "The tenant is trying it." },
    DEMO: { description: "The tenant is a demo: nothing in it is meant for real." },
  },
});

@ObjectType({ description: "Whether a tenant has a product at this moment, and why. Every deadline is compared when it is asked.", simpleResolvers: true })
export class EntitlementVerdict implements Verdict {
  @Field(() => Boolean, { description: "May the tenant use the product now?" })
  granted: boolean;

  @Field(() => EntitlementReason)
  reason: EntitlementReason;

  @Field(() => VerdictSource, { nullable: true, description: "Null when denied." })
  source: VerdictSource | null;

  @Field(() => GraphQLJSONObject, { description: "How much of what the product gives, by the limits' names; {} when denied." })
  limits: Readonly<Record<string, LimitValue>>;

  @Directive("@cost(weight: 5)")
  @Field(() => GraphQLJSONObject, { description: "The product's settings for this tenant, with what its plan and its defaults add; {} when denied." })
  config: JsonObject;

  @Field(() => GraphQLDateTime, { nullable: true, description: "From when on it is over if nobody changes anything: do not keep the verdict longer. Null when denied, or when no end is known." })
  validUntil: Date | null;

  @Field(() => Boolean, { description: "Is the tenant a demo, whose data is thrown away every night?" })
  demo: boolean;
}

@ObjectType({ description: "The project that a check is about.", simpleResolvers: true })
export class CheckedProject {
  @Field(() => ID, { nullable: true, description: "Null for the implicit `default` project, which every tenant has." })
  id: string | null;

  @Field(() => String, { description: "`default` when no project was named." })
  slug: string;
}

@ObjectType({ description: "Whether a tenant has a product, in one of its projects.", simpleResolvers: true })
export class EntitlementCheck {
  @Field(() => ID, { description: "As it was asked." })
  tenantId: string;

  @Field(() => String, { description: "As it was asked." })
  product: string;

  @Field(() => CheckedProject, { nullable: true, description: "Null only when the tenant has no such project; the verdict says so." })
  project: CheckedProject | null;

  @Field(() => EntitlementVerdict)
  verdict: EntitlementVerdict;
}

@ObjectType({ description: "Why one check of many has no verdict.", simpleResolvers: true })
export class CheckError {
  @Field(() => String, { description: "`NOT_FOUND` or `FORBIDDEN`, as in `extensions.code` of an error." })
  code: string;

  @Field(() => String, { description: "For people." })
  message: string;

  @Field(() => Boolean, { description: "May the same check succeed unchanged?" })
  retryable: boolean;
}

@ObjectType({ description: "One check of many: a verdict or an error. Projects are not asked about.", simpleResolvers: true })
export class EntitlementCheckItem {
  @Field(() => ID, { description: "As it was asked." })
  tenantId: string;

  @Field(() => String, { description: "As it was asked." })
  product: string;

  @Field(() => EntitlementVerdict, { nullable: true })
  verdict: EntitlementVerdict | null;

  @Field(() => CheckError, { nullable: true })
  error: CheckError | null;
}
