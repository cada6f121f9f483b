/** Owns how audit events are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Info, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { keyText } from "../kernel/id.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/connection.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Project } from "../project/project.entity.js";
import { projectReads } from "../project/project.reads.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { AuditEvent } from "./audit-event.entity.js";
import { AuditEventFilter } from "./audit-event.inputs.js";
import { auditEventReads } from "./audit-event.reads.js";

/** Not counted: a count would walk the whole log. */
const AuditEventConnection = connectionOf(AuditEvent, "AuditEvent", { counted: false });

reference("AuditEvent", "audit_event.read", ({ id }, { reads }) => reads(auditEventReads).byId.load(keyText(id)));

@Resolver(() => AuditEvent)
export class AuditEventResolver {
  @Access("audit_event.read")
  @Query(() => AuditEvent, { nullable: true, description: "An audit event by id; null when there is none for this caller." })
  auditEvent(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<AuditEvent | null> {
    return reads(auditEventReads).byId.load(id);
  }

  @Access("audit_event.read")
  @Directive(LIST_SIZE)
  @Query(() => AuditEventConnection, { description: "The caller's audit log, newest first; for platform staff that of all tenants." })
  auditEvents(
    @Args(() => PageArgs) page: PageArgs,
    @Arg("filter", () => AuditEventFilter, { nullable: true }) filter: AuditEventFilter | null,
    @Ctx() { reads }: RequestContext,
  ): Promise<Page<AuditEvent>> {
    return reads(auditEventReads).search(filter, page);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { nullable: true, description: "The tenant in which it was done." })
  async tenant(@Root() { tenantId }: AuditEvent, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return tenantId === null ? null : reads(tenantReads).byId(tenantId, info);
  }

  @Access("project.read")
  @FieldResolver(() => Project, { nullable: true, description: "The project that it is about." })
  async project(@Root() { projectId }: AuditEvent, @Ctx() { reads }: RequestContext): Promise<Project | null> {
    return projectId === null ? null : reads(projectReads).byId.load(projectId);
  }
}

@Resolver(() => Tenant)
export class TenantAuditEventsResolver {
  @Access("audit_event.read")
  @Directive(LIST_SIZE)
  @FieldResolver(() => AuditEventConnection, { nullable: true, description: "The tenant's audit log, newest first." })
  auditEvents(
    @Root() tenant: Tenant,
    @Args(() => PageArgs) page: PageArgs,
    @Arg("filter", () => AuditEventFilter, { nullable: true }) filter: AuditEventFilter | null,
    @Ctx() { reads }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Page<AuditEvent>> {
    return reads(auditEventReads).ofTenant({ filter, page }).load(tenant, info);
  }
}
