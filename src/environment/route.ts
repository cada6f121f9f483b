/** Owns what routers read: on which cluster each environment of each tenant runs now. */
import { GraphQLDateTime } from "graphql-scalars";
import sql from "sql-template-tag";
import { Field, ID, ObjectType } from "type-graphql";
import { isSlug } from "../../packages/tenant-names/src/index.js";
import type { Page, PageArgs } from "../kernel/connection.js";
import type { Doors } from "../kernel/doors.js";
import { pageOf, type Order } from "../kernel/page.js";
import type { Principal } from "../kernel/principal.js";
import { statusAtSql } from "../tenant/tenant.reads.js";

@ObjectType({ description: "Where an environment of a tenant runs now.", simpleResolvers: true })
export class Route {
  /** The environment's. */
  id: string;

  @Field(() => ID, { description: "Id of the tenant." })
  tenantId: string;

  @Field(() => String, { description: "Slug of the tenant." })
  tenantSlug: string;

  @Field(() => String, { description: "Slug of the environment." })
  environment: string;

  @Field(() => String, { description: "Name of the cluster." })
  cluster: string;

  @Field(() => GraphQLDateTime, { description: "Since when it runs there." })
  since: Date;

  @Field(() => Boolean, { description: "Is the tenant frozen, so that nothing of it may be changed?" })
  readOnly: boolean;
}

/** By tenant, then by environment, wherever the database stands: a space comes before whatever a slug has. */
const BY_NAME: Order = { name: "route.tenant_environment.asc", key: sql`(t.slug || ' ' || n.slug) collate "C"`, type: "text", descending: false };

/** Environments that are in use, of tenants that are not archived at this moment; what is placed nowhere has no route. */
export function routeReads(doors: Doors, _caller: Principal | null, now: () => Date) {
  return {
    list(cluster: string | null | undefined, page: PageArgs): Promise<Page<Route>> {
      const status = statusAtSql(sql`${now()}::timestamptz`);
      const where = [sql`l.ended_at is null`, sql`n.archived_at is null`, sql`${status} <> 'archived'`];
      // Whatever is no slug is no cluster's name, and may be text that no statement takes.
      if (cluster != null) where.push(isSlug(cluster) ? sql`l.cluster = ${cluster}` : sql`false`);
      return pageOf<Route>(doors, {
        columns: sql`n.id, n.tenant_id as "tenantId", t.slug as "tenantSlug", n.slug as environment, l.cluster, l.placed_at as since, ${status} = 'frozen' as "readOnly"`,
        from: sql`environment_placements l join tenant_environments n on n.tenant_id = l.tenant_id and n.id = l.environment_id join tenants t on t.id = l.tenant_id`,
        id: sql`n.id`,
        where,
        order: BY_NAME,
      }, page);
    },
  };
}
