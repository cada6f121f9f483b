/** Owns the resolvers of the plain set-up: repositories for roots, a DataLoader for every list, no callers and no tenancy. */
import { randomUUID } from "node:crypto";
import DataLoader from "dataloader";
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import { In, type DataSource, type EntityTarget, type FindOptionsOrder, type FindOptionsWhere } from "typeorm";
import { PlainApiKey, PlainAuditEvent, PlainAuditEventPage, PlainEntitlement, PlainProject, PlainTenant } from "./entities.js";

export interface PlainContext {
  dataSource: DataSource;
  loaders: ReturnType<typeof loadersOf>;
}

/** Fresh for every request. */
export function loadersOf(dataSource: DataSource) {
  return {
    projects: listsByTenant(dataSource, PlainProject, { createdAt: "ASC" }),
    entitlements: listsByTenant(dataSource, PlainEntitlement, { product: "ASC" }),
    apiKeys: listsByTenant(dataSource, PlainApiKey, { createdAt: "DESC" }),
  };
}

function listsByTenant<Row extends { tenantId: string }>(dataSource: DataSource, entity: EntityTarget<Row>, order: FindOptionsOrder<Row>) {
  return new DataLoader<string, Row[]>(async (tenantIds) => {
    const where = { tenantId: In([...tenantIds]) } as FindOptionsWhere<Row>;
    const rows = await dataSource.getRepository(entity).find({ where, order });
    const lists = new Map<string, Row[]>(tenantIds.map((id) => [id, []]));
    for (const row of rows) lists.get(row.tenantId)?.push(row);
    return tenantIds.map((id) => lists.get(id) ?? []);
  });
}

@Resolver(() => PlainTenant)
export class PlainTenantResolver {
  @Query(() => PlainTenant, { nullable: true })
  tenantBySlug(@Arg("slug", () => String) slug: string, @Ctx() { dataSource }: PlainContext): Promise<PlainTenant | null> {
    return dataSource.getRepository(PlainTenant).findOneBy({ slug });
  }

  @Query(() => [PlainTenant])
  tenantsByIds(@Arg("ids", () => [ID]) ids: string[], @Ctx() { dataSource }: PlainContext): Promise<PlainTenant[]> {
    return dataSource.getRepository(PlainTenant).findBy({ id: In(ids) });
  }

  @Query(() => [PlainTenant])
  tenants(
    @Arg("first", () => Int) first: number,
    @Arg("orderBy", () => String) orderBy: string,
    @Arg("descending", () => Boolean) descending: boolean,
    @Ctx() { dataSource }: PlainContext,
  ): Promise<PlainTenant[]> {
    const property = orderBy === "created_at" ? "createdAt" : orderBy;
    const direction = descending ? "DESC" : "ASC";
    return dataSource.getRepository(PlainTenant).find({ order: { [property]: direction, id: direction }, take: first });
  }

  @FieldResolver(() => [PlainProject])
  projects(@Root() { id }: PlainTenant, @Ctx() { loaders }: PlainContext): Promise<PlainProject[]> {
    return loaders.projects.load(id);
  }

  @FieldResolver(() => [PlainEntitlement])
  entitlements(@Root() { id }: PlainTenant, @Ctx() { loaders }: PlainContext): Promise<PlainEntitlement[]> {
    return loaders.entitlements.load(id);
  }

  @FieldResolver(() => [PlainApiKey])
  apiKeys(@Root() { id }: PlainTenant, @Ctx() { loaders }: PlainContext): Promise<PlainApiKey[]> {
    return loaders.apiKeys.load(id);
  }

  @FieldResolver(() => PlainAuditEventPage)
  async auditEvents(@Root() { id }: PlainTenant, @Arg("first", () => Int) first: number, @Ctx() { dataSource }: PlainContext): Promise<PlainAuditEventPage> {
    const rows = await dataSource.getRepository(PlainAuditEvent).find({
      where: { tenantId: id },
      order: { createdAt: "DESC", id: "DESC" },
      take: first + 1,
    });
    return { nodes: rows.slice(0, first), hasNextPage: rows.length > first };
  }

  @Mutation(() => PlainProject)
  createProject(
    @Arg("tenantId", () => ID) tenantId: string,
    @Arg("slug", () => String) slug: string,
    @Arg("name", () => String) name: string,
    @Ctx() { dataSource }: PlainContext,
  ): Promise<PlainProject> {
    return dataSource.transaction(async (tx) => {
      const project = await tx.save(tx.create(PlainProject, { id: randomUUID(), tenantId, slug, name, status: "active" }));
      const target = { targetId: project.id, targetType: "project", targetName: slug };
      await tx.save(tx.create(PlainAuditEvent, { id: randomUUID(), tenantId, action: "project.create", actorId: "bench", metadata: { slug }, ...target }));
      return project;
    });
  }
}
