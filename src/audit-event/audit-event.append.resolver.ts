/** Owns how events are appended in the graph. */
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { AppendAuditEventsInput, AppendAuditEventsPayload } from "./audit-event.append.inputs.js";
import { appendEvents } from "./audit-event.append.js";

@Resolver()
export class AppendAuditEventsResolver {
  @Access("audit.append")
  @Mutation(() => AppendAuditEventsPayload, {
    description:
      "Record what happened in a product, up to 50 events of one tenant: all of them, or none. Only a product's service can, and the events are its product's. " +
      "What is wrong with any of them is told at once, in `extensions.violations` as `index`, `field` and `message`.",
  })
  async appendAuditEvents(@Arg("input", () => AppendAuditEventsInput) { tenantId, events }: AppendAuditEventsInput, @Ctx() context: RequestContext): Promise<AppendAuditEventsPayload> {
    return { events: await appendEvents(context, tenantId, events) };
  }
}
