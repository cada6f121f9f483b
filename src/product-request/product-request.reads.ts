/** Owns how product requests are found. */
import sql, { type Sql } from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { PageArgs } from "../kernel/connection.js";
import type { Doors } from "../kernel/doors.js";
import { isUuid } from "../kernel/id.js";
import { loaderById } from "../kernel/loaders.js";
import { pageOf, pagesOf, type Listing, type Order } from "../kernel/page.js";
import { ProductRequest } from "./product-request.entity.js";
import type { ProductRequestFilter } from "./product-request.inputs.js";

const columns = columnsOf(ProductRequest, "r");
const NEWEST_FIRST: Order = { name: "product_request.created_at.desc", key: sql`r.created_at`, type: "timestamptz", descending: true };

const requestsOfTenant = pagesOf<ProductRequest, object>({
  typeName: "Tenant",
  fieldName: "productRequests",
  entity: ProductRequest,
  parent: sql`r.tenant_id`,
  listing: () => listing({}),
});

export function productRequestReads(doors: Doors) {
  return {
    byId: loaderById<ProductRequest>(
      (ids) => doors.read(sql`select ${columns} from product_requests r where r.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    search: (filter: ProductRequestFilter | null | undefined, page: PageArgs) => pageOf<ProductRequest>(doors, listing(filter ?? {}), page),
    ofTenant: requestsOfTenant(doors),
  };
}

function listing(filter: ProductRequestFilter): Listing {
  return { columns, from: sql`product_requests r`, id: sql`r.id`, where: conditions(filter), order: NEWEST_FIRST };
}

function conditions({ status, product, tenantId }: ProductRequestFilter): Sql[] {
  const where: Sql[] = [];
  if (status != null) where.push(sql`r.status = ${status}::product_request_status`);
  if (product != null) where.push(sql`r.product = ${product}`);
  if (tenantId != null) where.push(isUuid(tenantId) ? sql`r.tenant_id = ${tenantId}::uuid` : sql`false`);
  return where;
}
