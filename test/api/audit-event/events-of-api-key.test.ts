/** Owns the proof that the log can be searched for one API key, by whatever somebody has of it, and that nobody learns anything by it. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { revokeKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { successorOf, wholeKey, type WholeKey } from "../../testkit/leaked-keys.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const OWN = "query ($apiKey: String) { auditEvents(filter: { apiKey: $apiKey }) { nodes { action targetId } } }";
const NESTED = "query ($tenant: ID!, $apiKey: String) { tenant(id: $tenant) { auditEvents(filter: { apiKey: $apiKey }) { nodes { action targetId } } } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const ask = (caller: Caller, apiKey: string | null) => caller.run(OWN, { apiKey });
type Events = { action: string; targetId: string }[];
const found = async (caller: Caller, apiKey: string) => (data(await ask(caller, apiKey))["auditEvents"].nodes as Events).map(({ action }) => action).sort();

/** Something that a product did with the key in its hand. */
const useIn = ({ id }: TenantInWorld, key: Pick<WholeKey, "id">) =>
  app.sql("insert into audit_log (tenant_id, action, actor_id, actor_type) values ($1, 'contact.delete', $2, 'api_key')", [id, key.id]);

/** A tenant with a key that was used, rotated and revoked, and another one like it. */
async function history() {
  const tenant = await tenantWithCrm(world);
  const [key, other] = [await wholeKey(tenant), await wholeKey(tenant)];
  await useIn(tenant, key);
  await useIn(tenant, other);
  const successor = await successorOf(key, tenant, 3_600);
  data(await revokeKey(tenant.admin, { id: key.id }));
  return { tenant, key, successor, other };
}

const OF_THE_KEY = ["api_key.create", "api_key.revoke", "api_key.rotate", "contact.delete"];
const waysToName = ({ id, lookupId, plaintext }: WholeKey) => [id, id.toUpperCase(), lookupId, plaintext];

describe("the events of an API key", () => {
  it("are what was done to it and with it, whether its id is given, its look-up id or the key itself", async () => {
    const { tenant, key, successor, other } = await history();
    for (const name of waysToName(key)) expect(await found(tenant.auditor, name)).toEqual(OF_THE_KEY);
    for (const name of waysToName(successor)) expect(await found(tenant.admin, name)).toEqual(["api_key.rotate"]);
    for (const name of waysToName(other)) expect(await found(tenant.admin, name)).toEqual(["api_key.create", "contact.delete"]);
    const nested = data(await tenant.auditor.run(NESTED, { tenant: tenant.id, apiKey: key.plaintext }));
    expect((nested["tenant"].auditEvents.nodes as Events).map(({ action }) => action).sort()).toEqual(OF_THE_KEY);
  });

  it("someone else's: another tenant finds nothing by any name of it, and staff find it", async () => {
    const [mine, theirs] = [await history(), await history()];
    for (const name of waysToName(theirs.key)) {
      expect(await found(theirs.tenant.auditor, name)).toEqual(OF_THE_KEY);
      for (const caller of [mine.tenant.auditor, mine.tenant.admin]) expect(await found(caller, name)).toEqual([]);
      for (const caller of [world.support, world.operator]) expect(await found(caller, name)).toEqual(OF_THE_KEY);
    }
  });

  it("forbidden: whoever may not read the log does not find out whether it is there", async () => {
    const { tenant, key } = await history();
    for (const caller of [tenant.member, world.service]) fault(await ask(caller, key.plaintext), "FORBIDDEN");
    fault(await ask(world.anonymous, key.plaintext), "UNAUTHENTICATED");
  });

  it("are still found when the key has been erased with its tenant", async () => {
    const { tenant, key } = await history();
    await app.sql("delete from api_keys where tenant_id = $1", [tenant.id]);
    for (const name of waysToName(key)) expect(await found(world.support, name)).toEqual(expect.arrayContaining(["api_key.create", "api_key.revoke"]));
  });

  it.each([
    ["has a form of its own", `abc-live-${"x".repeat(24)}`],
    ["looks like an id", randomUUID()],
    ["looks like a look-up id", randomUUID().replaceAll("-", "").slice(0, 12)],
  ])("of a key that another service made are found by its beginning, also when it %s", async (_what, text) => {
    const tenant = await world.tenant();
    const lookupId = `~${Buffer.from(text.slice(0, 8)).toString("hex")}`;
    const { id } = await tenant.apiKey({ lookupId });
    await useIn(tenant, { id });
    for (const name of [text, lookupId, id]) expect(await found(tenant.auditor, name)).toEqual(["contact.delete"]);
  });

  it("are none for what names no key, or only nearly", async () => {
    const { tenant, key } = await history();
    const { plaintext, lookupId, id } = key;
    const names = ["", "%", lookupId.slice(0, -1), `${lookupId}%`, plaintext.slice(0, -1), `${plaintext}0`, plaintext.slice(0, -37), ` ${plaintext}`, id.slice(0, -1), "~", "~' or true --", "trk_prod_____________"];
    for (const name of names) expect([name, await found(tenant.auditor, name)]).toEqual([name, []]);
  });

  it("null is no condition", async () => {
    const { tenant } = await history();
    expect((data(await ask(tenant.auditor, null))["auditEvents"].nodes as Events).length).toBeGreaterThan(OF_THE_KEY.length);
  });

  it.each([["x".repeat(201)], ["a\u0000"], ["\ud800"]])("invalid: %j is refused", async (name) => {
    fault(await ask((await world.tenant()).auditor, name), "BAD_USER_INPUT", "apiKey");
  });
});
