/** Owns what a tenant's catalogue looks like in the graph: each product with what the tenant has of it, may try and may ask for. */
import { Field, ObjectType, registerEnumType } from "type-graphql";
import { Product } from "../catalog/product.entity.js";
import { EntitlementVerdict } from "../entitlement/entitlement.answers.js";
import { OfferRefusal } from "../entitlement/entitlement.offers.js";
import { Access } from "../kernel/access.js";

registerEnumType(OfferRefusal, {
  name: "OfferRefusal",
  description: "Why a tenant may not try a product, or not ask for it. Of several reasons the first of this list is told.",
  valuesConfig: {
    TENANT_ARCHIVED: { description: "The tenant is archived." },
    TENANT_FROZEN: { description: "The tenant is frozen, which it also is from the end of its trial on." },
    TENANT_DEMO: { description: "A demo tenant neither tries nor buys." },
    ALREADY_ENTITLED: { description: "The tenant has the product. A trial of it does not keep it from being asked for." },
    NO_TRIAL: { description: "The product has no trial." },
    TRIAL_USED: { description: "The tenant has used its one trial of the product." },
    HELD_BEFORE: { description: "The tenant had the product before, by a decision of sales: it can be asked for, not tried." },
    NOT_REQUESTABLE: { description: "The product is not sold by itself." },
    REQUEST_OPEN: { description: "The tenant has asked already, and nobody has decided yet." },
  },
});

@ObjectType({ description: "Whether a tenant may do something about a product. Who may do it for the tenant is said by `viewer.actions`.", simpleResolvers: true })
export class Offer {
  @Field(() => Boolean, { description: "False when there is a `reason`." })
  allowed: boolean;

  @Field(() => OfferRefusal, { nullable: true, description: "Null when it is allowed." })
  reason: OfferRefusal | null;
}

@ObjectType({ description: "A product of the catalogue, as one tenant sees it.", simpleResolvers: true })
export class CatalogEntry {
  @Access("catalog.read")
  @Field(() => Product)
  product: Product;

  @Field(() => EntitlementVerdict, { description: "What the tenant has of it at this moment, from whatever source." })
  verdict: EntitlementVerdict;

  @Field(() => Offer, { description: "May the tenant start its trial (`startTrial`)?" })
  mayTry: Offer;

  @Field(() => Offer, { description: "May the tenant ask sales for it (`requestProduct`)?" })
  mayRequest: Offer;
}
