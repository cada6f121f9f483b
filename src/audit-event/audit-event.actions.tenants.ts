/** Owns what is recorded of tenants, of what they have bought, and of their place at the identity provider. */
import { COUNT, COUNTS, details, entry, object, orNull, TEXT, TEXTS, TIME, YES_OR_NO, type ActionEntry } from "./audit-event.action-entry.js";
import { AuditCrud } from "./audit-event.entity.js";

const { CREATE, READ, UPDATE, DELETE } = AuditCrud;

/** From one state to another. */
const STEP = { from: TEXT, to: TEXT };
const FROZEN = { frozenAt: orNull(TIME), reason: orNull(TEXT) };
const AHEAD = { daysLeft: COUNT, deadline: TIME };
const END = { expires_at: orNull(TIME) };
const CHANGED = { changed: TEXTS };
/** What of a tenant is told before and after a change. */
export const TENANT = object({ name: TEXT, plan: TEXT, keycloakOrganizationId: orNull(TEXT) });

export const OF_TENANTS = {
  "tenant.create": entry(CREATE, "A tenant was registered.", details({ slug: TEXT, kind: TEXT, plan: TEXT, status: TEXT }, { trialEndsAt: orNull(TIME) })),
  "tenant.update": entry(UPDATE, "Data of a tenant was changed.", details({ ...CHANGED, before: TENANT, after: TENANT })),
  "tenant.update_commercial": entry(UPDATE, "The right to change commercial data; such a change is recorded as `tenant.update`."),
  "tenant.activate": entry(UPDATE, "A tenant became a paying customer.", details(STEP)),
  "tenant.extend_trial": entry(UPDATE, "A tenant's trial was given a later end.", details({ ...STEP, before: orNull(TIME), after: TIME })),
  "tenant.cancel": entry(UPDATE, "A tenant was frozen.", details({ ...STEP, reason: TEXT })),
  "tenant.reactivate": entry(UPDATE, "A frozen tenant was brought back.", details({ ...STEP, ...FROZEN })),
  "tenant.archive": entry(DELETE, "A tenant was erased but for its tombstone and its audit log.", details({ ...STEP, ...FROZEN, erased: COUNTS })),
  "tenant.export": entry(READ, "An export of a tenant's data was asked for.", details({ expiresAt: TIME })),
  "tenant.trial_ending": entry(UPDATE, "That a tenant's trial ends soon was announced.", details(AHEAD)),
  "tenant.trial_end": entry(UPDATE, "A tenant's trial ended, and the tenant was frozen.", details({ ...STEP, ...FROZEN })),
  "tenant.grace_ending": entry(UPDATE, "That a frozen tenant is archived soon was announced.", details(AHEAD)),
  "tenant.grace_end": entry(DELETE, "A tenant that had been frozen for long enough was erased but for its tombstone and its audit log.", details({ ...STEP, ...FROZEN, erased: COUNTS })),
  "demo.reset": entry(UPDATE, "A demo tenant was put back to its golden snapshot.", details({ removed: COUNTS, restored: COUNTS })),
  "usage.count": entry(UPDATE, "How much a tenant used the registry was counted; that leaves no event."),
  "job.retry": entry(UPDATE, "A job that had failed for good was to be tried again.", details({ attempts: COUNT, lastError: orNull({ ...object({ code: TEXT, message: TEXT }), type: "object" }) })),

  "project.create": entry(CREATE, "A project was made.", details({ slug: TEXT })),
  "project.update": entry(UPDATE, "Data of a project was changed.", details(CHANGED)),
  "project.archive": entry(UPDATE, "A project was put away."),
  "project.restore": entry(UPDATE, "An archived project was brought back."),

  "entitlement.grant": entry(CREATE, "A tenant was given a product.", details({ again: YES_OR_NO, ...END })),
  "entitlement.update": entry(UPDATE, "Settings or the end of an entitlement were changed.", details(CHANGED)),
  "entitlement.withdraw": entry(DELETE, "A product was taken back from a tenant."),
  "entitlement.start_trial": entry(CREATE, "A tenant began to try a product.", details(END)),
  "entitlement.expiring": entry(UPDATE, "That an entitlement ends soon was announced.", details({ source: TEXT, ...AHEAD })),
  "entitlement.expire": entry(DELETE, "An entitlement reached its end.", details({ source: TEXT, ...END })),
  "product_request.create": entry(CREATE, "A tenant asked for a product."),
  "product_request.decide": entry(UPDATE, "What became of a request for a product was noted.", details({ outcome: TEXT })),

  "provisioning.retry": entry(UPDATE, "What was open of a tenant's provisioning was to be tried again.", details({ open: TEXTS })),
  "invitation.resend": entry(UPDATE, "An invitation was to be sent again."),
  "invitation.revoke": entry(DELETE, "An invitation was taken back."),
  "keycloak.repair": entry(UPDATE, "A tenant's organisation was to be brought back to what the registry knows."),
  "keycloak.provision": entry(
    UPDATE,
    "A step of provisioning was done at the identity provider.",
    details({ step: TEXT }, { organization: orNull(TEXT), status: TEXT, errand: TEXT, state: TEXT, role: TEXT, reason: TEXT }),
  ),
  "keycloak.provision_failed": {
    ...entry(
      UPDATE,
      "A step of provisioning failed at the identity provider.",
      details({ step: TEXT }, { error: TEXT, reason: TEXT, attempts: COUNT, next_attempt_at: orNull(TIME), state: TEXT }),
    ),
    isFailure: true,
  },
} as const satisfies Record<string, ActionEntry>;
