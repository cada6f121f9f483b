/** Owns who asks in the census, and of what: two tenants with everything in them, and every kind of caller. */
import { randomUUID } from "node:crypto";
import type { Role } from "../../src/kernel/action.js";
import { forgedKey, textFor } from "../testkit/leaked-keys.js";
import type { Registry } from "../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../testkit/world.js";
import type { Target } from "./entry-points.js";

/** Whose a named row can be; of the last three there are none, and the last could not even be stored. */
export const WHOSE = ["own", "other's", "missing", "malformed", "unstorable"] as const;
export type Whose = (typeof WHOSE)[number];

/** Somebody who asks. `home` says whose people it is of; platform staff are at home with everyone. */
export interface Asker {
  caller: Caller;
  role: Role | null;
  home: "own" | "other's" | "everyone's" | null;
}

export interface Scene {
  targets: Record<Whose, Target>;
  askers: Record<string, Asker>;
}

export function sees({ home }: Asker, whose: Whose): boolean {
  return home === whose || (home === "everyone's" && (whose === "own" || whose === "other's"));
}

/** `fields` are those of the two tenants, where they are not what a tenant of the world always is. */
export async function sceneMaker(app: Registry): Promise<(fields?: Parameters<World["tenant"]>[0]) => Promise<Scene>> {
  const world = await openWorld(app);
  const withoutTenant = await world.caller({ realm_access: { roles: ["IT_ADMIN"] } });
  return async (fields) => {
    const [ours, theirs] = [await world.tenant(fields), await world.tenant(fields)];
    const others = await targetIn(app, theirs);
    const own = await targetIn(app, ours);
    // As if a hole elsewhere had let it in: what an event points at is still not shown.
    await app.sql("update audit_log set project_id = $1 where uid = $2", [others.project, own.auditEvent]);
    return {
      targets: {
        own,
        "other's": others,
        missing: { ...everywhere(others, randomUUID), slug: unique("t"), entitlement: `${randomUUID()}:crm`, key: forgedKey("000000000000") },
        malformed: everywhere(others, () => "' or \u202e{}"),
        unstorable: { ...everywhere(others, () => "\u0000"), entitlement: `${own.tenant}:\u0000` },
      },
      askers: {
        anonymous: { caller: world.anonymous, role: null, home: null },
        "without a tenant": { caller: withoutTenant, role: null, home: null },
        member: { caller: ours.member, role: "member", home: "own" },
        auditor: { caller: ours.auditor, role: "auditor", home: "own" },
        admin: { caller: ours.admin, role: "admin", home: "own" },
        "the other's admin": { caller: theirs.admin, role: "admin", home: "other's" },
        service: { caller: world.service, role: "service", home: null },
        support: { caller: world.support, role: "support", home: "everyone's" },
        operator: { caller: world.operator, role: "operator", home: "everyone's" },
      },
    };
  };
}

async function targetIn(app: Registry, tenant: TenantInWorld): Promise<Target> {
  const entitlement = await tenant.entitlement("crm");
  const apiKey = await tenant.apiKey();
  const channel = await tenant.channel();
  return {
    tenant: tenant.id,
    slug: tenant.slug,
    product: entitlement.product,
    project: (await tenant.project()).id,
    archivedProject: (await tenant.project({ status: "archived" })).id,
    entitlement: entitlement.id,
    productRequest: (await tenant.productRequest()).id,
    apiKey: apiKey.id,
    key: await textFor(app, apiKey.id),
    idpConfig: (await tenant.idpConfig()).id,
    auditEvent: (await tenant.auditEvent()).id,
    job: (await tenant.job()).id,
    invitation: (await tenant.invitation()).id,
    environment: (await tenant.environment({ slug: "prod" })).id,
    team: channel.teamId,
    channel: channel.id,
    flow: (await tenant.flow({ name: "support_flow" })).id,
  };
}

/** Products are known by name to everyone: they stay. */
function everywhere(like: Target, name: () => string): Target {
  return { ...(Object.fromEntries(Object.keys(like).map((field) => [field, name()])) as unknown as Target), product: like.product };
}
