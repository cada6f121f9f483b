/** Owns what is true of projects. No I/O. */
import { Fault } from "../kernel/fault.js";
import { isUuid } from "../kernel/id.js";
import { ProjectStatus } from "./project.entity.js";

export const PROJECT_SLUG = /^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/;

/** The project that every tenant has without a row, and that is meant when none is named. It cannot be archived. */
export const DEFAULT_PROJECT_SLUG = "default";

/** Faults: BAD_USER_INPUT(slug) for the implicit project's slug, and for one that reads as an id: both can be named where a project is. */
export function refuseReservedSlug(slug: string): void {
  if (slug === DEFAULT_PROJECT_SLUG || isUuid(slug)) throw new Fault("BAD_USER_INPUT", "This slug is reserved", { field: "slug" });
}

/** Faults: FAILED_PRECONDITION when the project is archived. */
export function refuseArchived({ status }: { status: ProjectStatus }): void {
  if (status === ProjectStatus.ARCHIVED) {
    throw new Fault("FAILED_PRECONDITION", "The project is archived; restore it before changing it");
  }
}
