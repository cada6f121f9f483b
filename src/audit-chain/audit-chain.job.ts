/** Owns the job that signs how far each tenant's audit log has come. What a checkpoint is, and how it is signed, is not its business. */
import type { RequestContext } from "../kernel/request.js";

declare module "../kernel/request.js" {
  interface Facilities {
    /** Adds a checkpoint to each chain that has grown since its last one. */
    signAuditCheckpoints(): Promise<void>;
  }
}

/** The job `audit.checkpoint`, every ten minutes. */
export function signCheckpoints({ facilities }: RequestContext): Promise<void> {
  return facilities.signAuditCheckpoints();
}
