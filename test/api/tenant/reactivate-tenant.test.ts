import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "../../testkit/events.js";
import { data } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { daysFromNow, describeStep, NOW } from "../../testkit/tenant-step.js";
import { openWorld, type World } from "../../testkit/world.js";

describeStep({
  operation: "reactivateTenant",
  action: "tenant.reactivate",
  from: ["frozen", "frozen in the last millisecond of its grace", "a trial that just ended"],
  to: { status: "ACTIVE" },
  recorded: { frozenAt: daysFromNow(-10).toISOString(), reason: null },
});

describe("reactivateTenant", () => {
  let app: Registry;
  let world: World;
  beforeAll(async () => {
    app = await registry();
    app.clock.now = NOW;
    world = await openWorld(app);
  });
  afterEach(() => {
    app.clock.now = null;
  });

  it("leaves nothing of why it was frozen, and the event tells it, also of a trial whose end nobody has stored yet", async () => {
    app.clock.now = NOW;
    const [cancelled, ended] = [await world.tenant(), await world.tenant({ status: "trial", trialEndsAt: daysFromNow(-1) })];
    data(await world.operator.run(`mutation ($id: ID!) { cancelTenant(input: { id: $id, reason: OTHER, note: "x" }) { tenant { id } } }`, { id: cancelled.id }));
    for (const { id } of [cancelled, ended]) {
      const { tenant } = data(await world.operator.run("mutation ($id: ID!) { reactivateTenant(input: { id: $id }) { tenant { status frozenAt archivesAt cancelReason cancelNote } } }", { id }))["reactivateTenant"];
      expect(tenant).toEqual({ status: "ACTIVE", frozenAt: null, archivesAt: null, cancelReason: null, cancelNote: null });
      expect(data(await world.operator.run("mutation ($id: ID!) { cancelTenant(input: { id: $id, reason: NON_PAYMENT }) { tenant { frozenAt } } }", { id }))["cancelTenant"].tenant).toEqual({ frozenAt: NOW.toISOString() });
    }
    const told = async (id: string) => (await eventsOf(app, id)).filter(({ action }) => action === "tenant.reactivate").map(({ metadata: { frozenAt, reason } }) => ({ frozenAt, reason }));
    expect(await told(cancelled.id)).toEqual([{ frozenAt: NOW.toISOString(), reason: "other" }]);
    expect(await told(ended.id)).toEqual([{ frozenAt: daysFromNow(-1).toISOString(), reason: "trial_ended" }]);
  });
});
