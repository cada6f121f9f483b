/** Owns how product requests are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { productOf } from "../catalog/catalog.reads.js";
import { Product } from "../catalog/product.entity.js";
import { Access } from "../kernel/access.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/connection.js";
import { keyText } from "../kernel/id.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { User } from "../user/user.entity.js";
import { decideProductRequest, requestProduct } from "./product-request.changes.js";
import { ProductRequest } from "./product-request.entity.js";
import {
  DecideProductRequestInput,
  DecideProductRequestPayload,
  ProductRequestFilter,
  RequestProductInput,
  RequestProductPayload,
} from "./product-request.inputs.js";
import { productRequestReads } from "./product-request.reads.js";

const ProductRequestConnection = connectionOf(ProductRequest, "ProductRequest");

reference("ProductRequest", "product_request.read", ({ id }, { reads }) => reads(productRequestReads).byId.load(keyText(id)));

@Resolver(() => ProductRequest)
export class ProductRequestResolver {
  @Access("product_request.read")
  @Query(() => ProductRequest, { nullable: true, description: "A product request by id; null when there is none for this caller." })
  productRequest(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<ProductRequest | null> {
    return reads(productRequestReads).byId.load(id);
  }

  @Access("product_request.search")
  @Directive(LIST_SIZE)
  @Query(() => ProductRequestConnection, { description: "What sales has to work through, of all tenants, newest first. Platform staff only." })
  productRequests(
    @Args(() => PageArgs) page: PageArgs,
    @Arg("filter", () => ProductRequestFilter, { nullable: true }) filter: ProductRequestFilter | null,
    @Ctx() { reads }: RequestContext,
  ): Promise<Page<ProductRequest>> {
    return reads(productRequestReads).search(filter, page);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { description: "The tenant that asks." })
  tenant(@Root() { tenantId }: ProductRequest, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(tenantId, info);
  }

  @Access("product_request.read")
  @FieldResolver(() => Product, { description: "The product that it asks for." })
  product(@Root() { product: key }: ProductRequest, @Ctx() { facilities }: RequestContext): Product {
    return productOf(facilities.catalog, key);
  }

  @Access("product_request.read")
  @FieldResolver(() => User, { description: "Who asked." })
  requestedBy(@Root() { requestedById: id }: ProductRequest): User {
    return { id };
  }

  @Access("product_request.search")
  @FieldResolver(() => User, { nullable: true, description: "Who decided; for platform staff." })
  decidedBy(@Root() { decidedById: id }: ProductRequest): User | null {
    return id === null ? null : { id };
  }

  @Access("product_request.create")
  @Mutation(() => RequestProductPayload, { description: "Ask sales for a product, once at a time. `catalog` says whether the tenant may." })
  requestProduct(@Arg("input", () => RequestProductInput) input: RequestProductInput, @Ctx() context: RequestContext): Promise<RequestProductPayload> {
    return requestProduct(context, input);
  }

  @Access("product_request.decide")
  @Mutation(() => DecideProductRequestPayload, { description: "Record that a request was won or lost. It grants nothing. Platform operators only." })
  decideProductRequest(@Arg("input", () => DecideProductRequestInput) input: DecideProductRequestInput, @Ctx() context: RequestContext): Promise<DecideProductRequestPayload> {
    return decideProductRequest(context, input);
  }
}

@Resolver(() => Tenant)
export class TenantProductRequestsResolver {
  @Access("product_request.read")
  @Directive(LIST_SIZE)
  @FieldResolver(() => ProductRequestConnection, { nullable: true, description: "What the tenant asked sales for, newest first." })
  productRequests(
    @Root() tenant: Tenant,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { reads }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Page<ProductRequest>> {
    return reads(productRequestReads).ofTenant({ page }).load(tenant, info);
  }
}
