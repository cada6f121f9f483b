/** Owns what is true of projects. No I/O. */
import { Fault } from "../kernel/fault.js";
import { ProjectStatus } from "./project.entity.js";

export const PROJECT_SLUG = /^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/;

/** Faults: FAILED_PRECONDITION when the project is archived. */
export function refuseArchived({ status }: { status: ProjectStatus }): void {
  if (status === ProjectStatus.ARCHIVED) {
    throw new Fault("FAILED_PRECONDITION", "The project is archived; restore it before changing it");
  }
}
