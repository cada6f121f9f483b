import { daysFromNow, describeStep } from "../../testkit/tenant-step.js";

describeStep({
  operation: "activateTenant",
  action: "tenant.activate",
  from: ["a trial", "a trial in its last millisecond", "a trial without an end"],
  to: { status: "ACTIVE", trialEndsAt: daysFromNow(10).toISOString() },
  recorded: {},
});
