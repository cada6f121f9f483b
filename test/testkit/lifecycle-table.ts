/** Owns how the lifecycle reads as Markdown: the two tables that the README holds, made from the data that the service goes by. */
import { TenantStatus } from "../../src/tenant/tenant.entity.js";
import { ARROWS, GRACE_DAYS, LIFECYCLE, type LifecycleRules } from "../../src/tenant/tenant.lifecycle.js";

const OPERATIONS: Record<keyof LifecycleRules, string> = {
  ownReads: "its own people read",
  ownChanges: "its own people change",
  operatorChanges: "operators change",
  apiKeys: "its API keys are",
  entitlements: "an entitlement counts",
  claims: "its claims list",
  outwardEffects: "mail, Keycloak, billing",
};

/** Words of the data that say too little on their own. */
const SPELT_OUT: Record<string, string> = {
  demo: "what a demo has",
  verify: "verified",
  denied: "no",
  "granted, marked demo": "yes, marked demo",
};

const STATES = Object.values(TenantStatus);
const RULE = "|---";
const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

/** Operation × state, as {@link LIFECYCLE} has it. */
export function lifecycleTable(): string {
  const rows = (Object.keys(OPERATIONS) as (keyof LifecycleRules)[]).map((operation) => {
    const cells = STATES.map((state) => LIFECYCLE[state][operation]);
    return row([OPERATIONS[operation], ...cells.map((cell) => SPELT_OUT[cell] ?? cell)]);
  });
  return [row(["", ...STATES]), RULE.repeat(STATES.length + 1) + "|", ...rows].join("\n");
}

/** Every step from one state to another: those that operators take, as {@link ARROWS} has them, and those that the clock takes. */
export function arrowTable(): string {
  const steps = Object.entries(ARROWS).map(([action, { from, to }]) => [`\`${action}\``, from.join(", "), to, "an operator"]);
  const clock = [
    ["`tenant.trial_end`", TenantStatus.TRIAL, TenantStatus.FROZEN, "the end of the trial"],
    ["`tenant.grace_end`", TenantStatus.FROZEN, TenantStatus.ARCHIVED, `${GRACE_DAYS} days after it was frozen`],
  ];
  return [row(["step", "from", "to", "taken by"]), RULE.repeat(4) + "|", ...[...steps, ...clock].map(row)].join("\n");
}
