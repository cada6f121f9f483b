import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "../testkit/events.js";
import { lastingOperator, later, mappingOf, newCustomer, provisioningOf, statesOf } from "../testkit/provisioning.js";
import { registry, type Registry } from "../testkit/registry.js";
import type { Caller } from "../testkit/world.js";

let app: Registry;
let operator: Caller;
beforeAll(async () => {
  app = await registry();
  operator = lastingOperator(app);
});
afterEach(() => {
  app.clock.now = null;
  app.keycloak.meddle = null;
});

const organizationOf = (id: string) => app.keycloak.organizationsOf(id)[0]!;

describe("a new customer", () => {
  it("is registered before anything is asked of Keycloak, and is then led there step by step", async () => {
    app.clock.now = new Date("2026-06-01T10:00:00.000Z");
    const before = app.keycloak.calls.length;
    const { id, slug, email } = await newCustomer(operator);
    expect(app.keycloak.calls.slice(before)).toEqual([]);
    const step = { attempts: 0, lastError: null, lastAttemptAt: null, completedAt: null };
    expect(await provisioningOf(operator, id)).toEqual({
      organization: { ...step, step: "ORGANIZATION", state: "PENDING", nextAttemptAt: "2026-06-01T10:00:00.000Z" },
      invitation: { ...step, step: "INVITATION", state: "PENDING", nextAttemptAt: "2026-06-01T10:00:00.000Z" },
      verification: { ...step, step: "VERIFICATION", state: "PENDING", nextAttemptAt: null },
      invitations: [{ id: expect.any(String), email, name: "Ada Lovelace", state: "PENDING", sentAt: null, expiresAt: null, acceptedAt: null, roleGrantedAt: null, version: 1 }],
    });

    await app.jobs.drain();
    const organization = organizationOf(id);
    expect(organization).toMatchObject({ name: `Customer ${slug}`, alias: slug, enabled: true, redirectUrl: "http://localhost:3000", attributes: { tenant_id: [id], tenant_status: ["active"] } });
    const done = { attempts: 1, state: "DONE", lastError: null, lastAttemptAt: "2026-06-01T10:00:00.000Z", nextAttemptAt: null, completedAt: "2026-06-01T10:00:00.000Z" };
    expect(await provisioningOf(operator, id)).toMatchObject({
      organization: done,
      invitation: done,
      verification: { state: "PENDING", attempts: 0, nextAttemptAt: "2026-06-01T10:01:00.000Z" },
      invitations: [{ state: "PENDING", sentAt: "2026-06-01T10:00:00.000Z", expiresAt: "2026-06-01T22:00:00.000Z" }],
    });
    expect(await mappingOf(app, id)).toBe(organization.id);
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);

    app.keycloak.accept(app.keycloak.mailsTo(email)[0]!);
    await later(app, 60);
    expect(await provisioningOf(operator, id)).toMatchObject({
      verification: { state: "DONE", nextAttemptAt: null, completedAt: "2026-06-01T10:01:00.000Z" },
      invitations: [{ state: "ACCEPTED", acceptedAt: "2026-06-01T10:01:00.000Z", roleGrantedAt: "2026-06-01T10:01:00.000Z" }],
    });
    expect(app.keycloak.rolesOf(id, email)).toEqual(["IT_ADMIN"]);
    expect((await eventsOf(app, id)).map(({ action, actorType, targetType, metadata }) => [action, actorType, targetType, metadata])).toEqual([
      ["tenant.create", "user", "tenant", expect.anything()],
      ["keycloak.provision", "system", "provisioning", { step: "organization", organization: organization.id, status: "active" }],
      ["keycloak.provision", "system", "invitation", { step: "invitation", errand: "invite", state: "pending" }],
      ["keycloak.provision", "system", "invitation", { step: "verification", state: "accepted" }],
      ["keycloak.provision", "system", "invitation", { step: "verification", errand: "grant", role: "IT_ADMIN" }],
    ]);
    expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "DONE"]);
  });
});
