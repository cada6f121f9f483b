/** Owns how tests look at the audit log: as the owner sees it, in the order in which it was written. */
import { expect } from "vitest";
import type { Registry } from "./registry.js";

/** A row of the audit log without what is different in every run. */
export interface RecordedEvent {
  action: string;
  actorType: string;
  targetType: string;
  targetId: string;
  targetName: string;
  projectId: string | null;
  product: string | null;
  metadata: Record<string, unknown>;
}

/** Everything that was recorded in one tenant. */
export function eventsOf({ sql }: Registry, tenantId: string): Promise<RecordedEvent[]> {
  return sql<RecordedEvent>(
    `select action, actor_type as "actorType", target_type as "targetType", target_id as "targetId", target_name as "targetName",
            project_id as "projectId", product, metadata
     from audit_log where tenant_id = $1 order by id`,
    [tenantId],
  );
}

/** The actions alone, for tests that are about how often something was recorded. */
export async function actionsIn(registry: Registry, tenantId: string): Promise<string[]> {
  return (await eventsOf(registry, tenantId)).map(({ action }) => action);
}

/** Who asked and how, for the events of one request. */
export async function expectOrigin({ sql }: Registry, requestId: string, actor: { subject: string; name: string | null }): Promise<void> {
  const rows = await sql("select actor_id, actor_name, host(source_ip) as source_ip, user_agent from audit_log where request_id = $1", [requestId]);
  expect(rows).toEqual([{ actor_id: actor.subject, actor_name: actor.name, source_ip: expect.stringMatching(/^(127\.0\.0\.1|::1)$/), user_agent: "portal/1" }]);
}
