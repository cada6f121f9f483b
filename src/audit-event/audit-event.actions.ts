/** Owns the registry of the actions that the service records itself: what each means, and that its details are what it says they are. */
import { schemaCheck } from "../catalog/catalog.json-schema.js";
import type { ChangeAction } from "../kernel/action.js";
import type { ActionEntry } from "./audit-event.action-entry.js";
import { OF_KEYS } from "./audit-event.actions.keys.js";
import { OF_TENANCY } from "./audit-event.actions.tenancy.js";
import { OF_TENANTS } from "./audit-event.actions.tenants.js";
import { OF_THE_LOG } from "./audit-event.actions.log.js";

/** Events that products append have the products' own actions. */
export type RecordedAction = Exclude<ChangeAction, "audit.append">;

export const ACTIONS: Readonly<Record<RecordedAction, ActionEntry>> = { ...OF_TENANTS, ...OF_KEYS, ...OF_TENANCY, ...OF_THE_LOG };

type Check = ReturnType<typeof schemaCheck>;

/** Made when the first event of an action is recorded: most processes record few kinds. */
const checks = new Map<ChangeAction, Check>();

function checkOf(action: ChangeAction): Check {
  const check = checks.get(action) ?? schemaCheck(recordedEntry(action).metadata);
  checks.set(action, check);
  return check;
}

/** Throws: when the events of this change are not drafts of ours. */
export function recordedEntry(action: ChangeAction): ActionEntry {
  if (action === "audit.append") throw new Error("audit.append is the right to append events, and the action of none");
  return ACTIONS[action];
}

/**
 * The metadata as it will be read: JSON, with times as text.
 *
 * Throws  When the action's entry says something else of it. The words name places and rules, never a value.
 */
export function recordedMetadata(action: ChangeAction, metadata: Record<string, unknown>): Record<string, unknown> {
  const told = JSON.parse(JSON.stringify(metadata)) as Record<string, unknown>;
  const problems = checkOf(action)(told);
  if (problems.length > 0) {
    const words = problems.map(({ place, rule, stranger }) => `${[...place, ...(stranger ? [stranger.name] : [])].join(".")}: ${rule}`);
    throw new Error(`metadata of ${action} is not what its entry says: ${words.join("; ")}`);
  }
  return told;
}
