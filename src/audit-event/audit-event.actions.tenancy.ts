/** Owns what is recorded of what a tenant has inside it: environments, teams, channels and flows. */
import { COUNT, details, entry, orNull, TEXT, TEXTS, YES_OR_NO, type ActionEntry } from "./audit-event.action-entry.js";
import { TENANT } from "./audit-event.actions.tenants.js";
import { AuditCrud } from "./audit-event.entity.js";

const { CREATE, UPDATE } = AuditCrud;

const CHANGED = { changed: TEXTS };
const CLUSTERS = { from: orNull(TEXT), to: TEXT };
const ENVIRONMENT = { slug: TEXT, cluster: TEXT, restored: YES_OR_NO };
const TEAM = { slug: TEXT, restored: YES_OR_NO };
const CHANNEL = { team: TEXT, provider: TEXT, restored: YES_OR_NO };
const VERSION = { name: TEXT, number: COUNT, bytes: COUNT };
/** Numbers of versions; null for none. */
const RUN = { flow: TEXT, environment: TEXT, from: orNull(COUNT), to: orNull(COUNT) };
/** Clusters of an environment, or numbers of versions. */
const EITHER = { anyOf: [orNull(TEXT), COUNT] };

export const OF_TENANCY = {
  "environment.create": entry(CREATE, "An environment was made, or brought back.", details(ENVIRONMENT)),
  "environment.update": entry(UPDATE, "An environment was changed, put away or brought back.", details(CHANGED)),
  "environment.place": entry(UPDATE, "An environment was moved to another cluster.", details(CLUSTERS)),
  "team.create": entry(CREATE, "A team was made, or brought back.", details(TEAM)),
  "team.update": entry(UPDATE, "A team was changed, put away or brought back, and with it its channels.", details(CHANGED, { channels: TEXTS })),
  "channel.create": entry(CREATE, "A channel of a team was made, or brought back.", details(CHANNEL)),
  "channel.update": entry(UPDATE, "A channel of a team was changed, put away or brought back.", details(CHANGED)),
  "flow.publish": entry(CREATE, "A version of a flow was published.", details(VERSION)),
  "flow.run": entry(UPDATE, "Another version of a flow, or none, was to run in an environment.", details(RUN)),
  "bundle.apply": entry(
    UPDATE,
    "One step of a bundle was taken; its target says what it was done to.",
    details({ did: TEXT }, { ...CHANGED, ...ENVIRONMENT, ...CHANNEL, ...VERSION, ...RUN, from: EITHER, to: EITHER, channels: TEXTS, before: TENANT, after: TENANT }),
  ),
} as const satisfies Record<string, ActionEntry>;
