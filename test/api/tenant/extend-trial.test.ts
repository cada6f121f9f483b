import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { daysFromNow, describeStep, NOW } from "../../testkit/tenant-step.js";
import { openWorld, type World } from "../../testkit/world.js";

describeStep({
  operation: "extendTrial",
  action: "tenant.extend_trial",
  input: { days: 1 },
  from: ["a trial", "a trial in its last millisecond", "a trial without an end"],
  to: { status: "TRIAL", trialEndsAt: daysFromNow(11).toISOString() },
  recorded: { before: daysFromNow(10).toISOString(), after: daysFromNow(11).toISOString() },
});

const EXTEND = `mutation ($input: ExtendTrialInput!) { extendTrial(input: $input) { tenant { status trialEndsAt } } }`;

describe("the new end of a trial", () => {
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

  const extend = async (trialEndsAt: Date | undefined, input: Record<string, unknown>) => {
    app.clock.now = NOW;
    const { id } = await world.tenant({ status: "trial", ...(trialEndsAt && { trialEndsAt }) });
    return { id, answer: await world.operator.run(EXTEND, { input: { id, ...input } }) };
  };

  it.each<[string, Record<string, unknown>, string | undefined]>([
    ["nothing", {}, "days"],
    ["both", { days: 1, until: daysFromNow(20).toISOString() }, "days"],
    ["no days", { days: 0 }, "days"],
    ["fewer than no days", { days: -1 }, "days"],
    ["half a day", { days: 0.5 }, undefined],
    ["more days than a trial may have left", { days: 81 }, "days"],
    ["more days than a trial may have at all", { days: 91 }, "days"],
    ["what is no time", { until: "tomorrow" }, undefined],
    ["the present end", { until: daysFromNow(10).toISOString() }, "until"],
    ["an earlier end", { until: daysFromNow(9).toISOString() }, "until"],
    ["the past", { until: daysFromNow(-1).toISOString() }, "until"],
    ["a time that is too far away", { until: new Date(daysFromNow(90).getTime() + 1).toISOString() }, "until"],
  ])("is refused: %s", async (_, input, field) => {
    const { id, answer } = await extend(daysFromNow(10), input);
    fault(answer, "BAD_USER_INPUT", field);
    expect(await app.sql("select trial_ends_at from tenants where id = $1", [id])).toEqual([{ trial_ends_at: daysFromNow(10) }]);
  });

  it.each<[string, Date | undefined, Record<string, unknown>, Date]>([
    ["days after the present end", daysFromNow(10), { days: 80 }, daysFromNow(90)],
    ["days from now for a trial that has no end", undefined, { days: 14 }, daysFromNow(14)],
    ["a time", daysFromNow(10), { until: daysFromNow(90).toISOString() }, daysFromNow(90)],
    ["a time for a trial that has no end", undefined, { until: daysFromNow(1).toISOString() }, daysFromNow(1)],
    ["a time written in another zone", daysFromNow(10), { until: "2031-05-21T12:00:00+02:00" }, daysFromNow(20)],
  ])("is so many %s", async (_, trialEndsAt, input, end) => {
    const { answer } = await extend(trialEndsAt, input);
    expect(data(answer)["extendTrial"].tenant).toEqual({ status: "TRIAL", trialEndsAt: end.toISOString() });
  });
});
