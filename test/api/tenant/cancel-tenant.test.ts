import { beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { daysFromNow, describeStep, NOW } from "../../testkit/tenant-step.js";
import { openWorld, type World } from "../../testkit/world.js";

describeStep({
  operation: "cancelTenant",
  action: "tenant.cancel",
  input: { reason: "NON_PAYMENT" },
  from: ["active", "active after a trial", "a trial", "a trial in its last millisecond", "a trial without an end"],
  to: { status: "FROZEN", frozenAt: NOW.toISOString(), archivesAt: daysFromNow(30).toISOString(), cancelReason: "NON_PAYMENT" },
  recorded: { reason: "non_payment" },
});

const CANCEL = `mutation ($input: CancelTenantInput!) { cancelTenant(input: $input) { tenant { status cancelReason cancelNote } } }`;

describe("cancelTenant's reason", () => {
  let app: Registry;
  let world: World;
  beforeAll(async () => {
    app = await registry();
    world = await openWorld(app);
  });

  const cancel = async (input: Record<string, unknown>) => {
    const tenant = await world.tenant();
    return { tenant, answer: await world.operator.run(CANCEL, { input: { id: tenant.id, ...input } }) };
  };

  it.each([
    [{}, undefined],
    [{ reason: null }, undefined],
    [{ reason: "WHIM" }, undefined],
    [{ reason: "TRIAL_ENDED" }, "reason"],
    [{ reason: "OTHER" }, "note"],
    [{ reason: "OTHER", note: null }, "note"],
    [{ reason: "OTHER", note: "" }, "note"],
    [{ reason: "OTHER", note: "x".repeat(501) }, "note"],
    [{ reason: "NON_PAYMENT", note: "a\u0000b" }, "note"],
  ])("%o is refused, and the tenant stays as it is", async (input, field) => {
    const { tenant, answer } = await cancel(input);
    fault(answer, "BAD_USER_INPUT", field);
    expect(await app.sql("select status, version from tenants where id = $1", [tenant.id])).toEqual([{ status: "active", version: 1 }]);
  });

  it.each([
    [{ reason: "CUSTOMER_REQUEST" }, { cancelReason: "CUSTOMER_REQUEST", cancelNote: null }],
    [{ reason: "NON_PAYMENT", note: "Third reminder ignored. 🚀\nCall them." }, { cancelReason: "NON_PAYMENT", cancelNote: "Third reminder ignored. 🚀\nCall them." }],
    [{ reason: "OTHER", note: "🚀".repeat(500) }, { cancelReason: "OTHER", cancelNote: "🚀".repeat(500) }],
  ])("%o is kept, and the note is in no event", async (input, kept) => {
    const { tenant, answer } = await cancel(input);
    expect(data(answer)["cancelTenant"].tenant).toEqual({ status: "FROZEN", ...kept });
    expect(JSON.stringify(await eventsOf(app, tenant.id))).not.toContain(kept.cancelNote ?? "note");
  });

  it("is known to the tenant's own people, and the note to staff alone", async () => {
    const { tenant } = await cancel({ reason: "OTHER", note: "secret" });
    expect(data(await tenant.member.run("{ myTenant { cancelReason } }"))["myTenant"]).toEqual({ cancelReason: "OTHER" });
    const refused = await tenant.admin.run("{ myTenant { cancelNote } }");
    fault(refused, "FORBIDDEN");
    expect(JSON.stringify(refused.body)).not.toContain("secret");
    expect(data(await world.support.run("query ($id: ID!) { tenant(id: $id) { cancelNote } }", { id: tenant.id }))["tenant"]).toEqual({ cancelNote: "secret" });
  });
});
