/** Owns how projects change: one function per action, each through the change door. */
import type { EntityManager } from "typeorm";
import type { Change, Doors } from "../kernel/doors.js";
import { notFound } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import { insertRow } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, expectVersion, given } from "../kernel/update.js";
import { Project, ProjectStatus } from "./project.entity.js";
import type { CreateProjectInput, ProjectStatusInput, UpdateProjectInput } from "./project.inputs.js";
import { projectReads } from "./project.reads.js";
import { refuseArchived, refuseReservedSlug } from "./project.rules.js";

type Payload = { project: Project };

/**
 * Faults  CONFLICT(slug) when the tenant has that slug; BAD_USER_INPUT(slug) when it is reserved; TENANT_READ_ONLY; NOT_FOUND for a tenant that is not the caller's;
 *         CONFLICT(idempotencyKey) when the key was used for another project.
 * Audit   `project.create`.
 */
export function createProject(doors: Doors, input: CreateProjectInput): Promise<Payload> {
  const { tenantId, slug, name } = input;
  refuseReservedSlug(slug);
  const home = doors.within(tenantId);
  return home.change(
    "project.create",
    async (tx) => {
      const project = await insertRow(tx, Project, { slug, name, tenantId: home.tenantId });
      return { value: { project }, audit: [{ ...targetOf(project), metadata: { slug } }] };
    },
    once("createProject", input, { project: Project }),
  );
}

/**
 * Faults  NOT_FOUND; CONFLICT(expectedVersion); FAILED_PRECONDITION when archived; TENANT_READ_ONLY.
 * Audit   `project.update` with the names of the changed fields; nothing when nothing changes.
 */
export function updateProject(context: RequestContext, { id, expectedVersion, ...changes }: UpdateProjectInput): Promise<Payload> {
  return changeProject(context, "project.update", { id, expectedVersion }, async (tx, project) => {
    refuseArchived(project);
    const changed = changedFields(project, given(changes));
    if (changed.length === 0) return { value: { project }, unaudited: "no-op" };
    await tx.save(Object.assign(project, given(changes)));
    return { value: { project }, audit: [{ ...targetOf(project), metadata: { changed } }] };
  });
}

/** Put a project away. Archiving an archived one changes nothing. Audit: `project.archive`. */
export function archiveProject(context: RequestContext, input: ProjectStatusInput): Promise<Payload> {
  return changeProject(context, "project.archive", input, (tx, project) => become(tx, project, ProjectStatus.ARCHIVED));
}

/** Bring an archived project back. Restoring an active one changes nothing. Audit: `project.restore`. */
export function restoreProject(context: RequestContext, input: ProjectStatusInput): Promise<Payload> {
  return changeProject(context, "project.restore", input, (tx, project) => become(tx, project, ProjectStatus.ACTIVE));
}

async function become(tx: EntityManager, project: Project, status: ProjectStatus): Promise<Change<Payload>> {
  if (project.status === status) return { value: { project }, unaudited: "no-op" };
  await tx.save(Object.assign(project, { status }));
  return { value: { project }, audit: [targetOf(project)] };
}

/** Find the project as the caller sees it, narrow to its tenant, lock it there, and only then change it. */
async function changeProject(
  { reads, doors }: RequestContext,
  action: "project.update" | "project.archive" | "project.restore",
  { id, expectedVersion }: ProjectStatusInput,
  work: (tx: EntityManager, project: Project) => Promise<Change<Payload>>,
): Promise<Payload> {
  const seen = await reads(projectReads).byId.load(id);
  if (!seen) throw notFound("Project");
  return doors.within(seen.tenantId).change(action, async (tx) => {
    const project = await tx.findOne(Project, { where: { id: seen.id }, lock: { mode: "for_no_key_update" } });
    if (!project) throw notFound("Project");
    expectVersion(project, expectedVersion);
    return work(tx, project);
  });
}

function targetOf({ id, slug }: Project) {
  return { target: { type: "project", id, name: slug }, projectId: id };
}
