import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { addressFor, eventsIn, verdictOn } from "../../testkit/audit-export.js";
import { actionsIn, eventsOf } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { plantEvent, settleAll } from "../../testkit/planted-events.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const ERASE = "mutation ($input: EraseAuditPersonInput!) { eraseAuditPerson(input: $input) { events complete } }";
const HOLD = `mutation ($input: PlaceLegalHoldInput!) { placeLegalHold(input: $input) { policy { version } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const erase = (caller: Caller, tenantId: string, actorId: string, headers = {}) => caller.run(ERASE, { input: { tenantId, actorId } }, headers);
const erased = async (tenant: TenantInWorld, person: string) => data(await erase(world.operator, tenant.id, person))["eraseAuditPerson"];

/** Every column in which a person can be, said of `person`. */
const did = (person: string) => ({
  actor_id: person, actor_name: `${person} Lovelace`, actor_type: "user", actor_href: `https://people.example/${person}`, actor_fields: JSON.stringify({ mail: person }), source_ip: "192.0.2.7", user_agent: `browser of ${person}`,
});
const suffered = (person: string) => ({ target_id: person, target_type: "user", target_name: `${person} Lovelace`, target_href: `https://people.example/${person}`, target_fields: JSON.stringify({ mail: person }) });
const told = (person: string) => ({ description: `about ${person}`, fields: JSON.stringify({ who: person }), metadata: JSON.stringify({ who: { name: person } }) });

const rowOf = async (uid: string) =>
  (await app.sql(`select action, actor_id, actor_name, actor_type, actor_href, actor_fields, host(source_ip) as source_ip, user_agent, target_id, target_type, target_name, target_href, target_fields,
    description, fields, metadata from audit_log where uid = $1`, [uid]))[0] ?? {};
/** An export of everything up to now. */
async function whole(tenant: TenantInWorld): Promise<string> {
  await settleAll(app);
  return (await fetch(await addressFor(app, tenant.auditor))).text();
}
const NO_ACTOR = { actor_id: null, actor_name: null, actor_href: null, actor_fields: null, source_ip: null, user_agent: null };
const NO_TARGET = { target_id: null, target_name: null, target_href: null, target_fields: null };
const NO_TEXT = { description: null, fields: null, metadata: {} };

describe("eraseAuditPerson", () => {
  it("unauthenticated and forbidden: nobody but an operator erases", async () => {
    const tenant = await world.tenant();
    const uid = await plantEvent(app, tenant.id, did("ada"));
    const before = await rowOf(uid);
    fault(await erase(world.anonymous, tenant.id, "ada"), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor, tenant.admin, world.support, world.service]) fault(await erase(caller, tenant.id, "ada"), "FORBIDDEN");
    expect([await rowOf(uid), await actionsIn(app, tenant.id)]).toEqual([before, ["test.happened"]]);
  });

  it("a tenant that is not there is not found, and neither is one outside the narrowing", async () => {
    const [mine, theirs, person] = [await world.tenant(), await world.tenant(), unique("ada")];
    const uid = await plantEvent(app, theirs.id, did(person));
    const before = await rowOf(uid);
    const refused = await erase(world.operator, randomUUID(), person);
    fault(refused, "NOT_FOUND");
    expect((await erase(world.operator, theirs.id, person, { "x-tenant-id": mine.id })).body).toEqual(refused.body);
    expect(await rowOf(uid)).toEqual(before);
  });

  it.each(["", "x".repeat(256), "a\0b", "\ud800"])("invalid: the person %j is refused", async (person) => {
    const tenant = await world.tenant();
    fault(await erase(world.operator, tenant.id, person), "BAD_USER_INPUT", "actorId");
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("while a legal hold is in place nobody is erased, and nothing is recorded", async () => {
    const tenant = await world.tenant();
    const uid = await plantEvent(app, tenant.id, did("ada"));
    const before = await rowOf(uid);
    data(await world.operator.run(HOLD, { input: { tenantId: tenant.id, reason: "case 7" } }));
    fault(await erase(world.operator, tenant.id, "ada"), "FAILED_PRECONDITION");
    expect([await rowOf(uid), await actionsIn(app, tenant.id)]).toEqual([before, ["test.happened", "audit.place_hold"]]);
  });

  it("whoever is in no event is gone already: nothing is recorded", async () => {
    const tenant = await world.tenant();
    const uid = await plantEvent(app, tenant.id, { ...did("ada"), ...told("grace") });
    const before = await rowOf(uid);
    for (const person of ["grace", "ad", "ADA", "ada "]) expect(await erased(tenant, person)).toEqual({ events: 0, complete: true });
    expect([await rowOf(uid), await actionsIn(app, tenant.id)]).toEqual([before, ["test.happened"]]);
  });

  it("the same person in another tenant's events stays there", async () => {
    const [mine, theirs, person] = [await world.tenant(), await world.tenant(), unique("ada")];
    const [own, foreign] = [await plantEvent(app, mine.id, did(person)), await plantEvent(app, theirs.id, { ...did(person), ...suffered(person), ...told(person) })];
    await settleAll(app);
    const before = await rowOf(foreign);
    expect(before).toMatchObject({ actor_id: person });
    expect(await erased(mine, person)).toEqual({ events: 1, complete: true });
    expect(await rowOf(own)).toMatchObject(NO_ACTOR);
    expect(await rowOf(foreign)).toEqual(before);
    expect(await verdictOn(app, await whole(theirs))).toMatchObject({ valid: true, erased: 0 });
  });

  it("takes her out as who did it, as what it was done to, and out of these events' texts, and leaves the rest of them", async () => {
    const [tenant, person] = [await world.tenant(), unique("ada")];
    const other = { ...did("grace"), ...suffered("grace") };
    const by = await plantEvent(app, tenant.id, { ...other, ...did(person), ...told(person), action: "done.by" });
    const to = await plantEvent(app, tenant.id, { ...other, ...suffered(person), ...told(person), action: "done.to" });
    const both = await plantEvent(app, tenant.id, { ...did(person), ...suffered(person), action: "done.both" });
    const neither = await plantEvent(app, tenant.id, { ...other, action: "done.neither" });
    await settleAll(app);
    const late = await plantEvent(app, tenant.id, { ...did(person), ...told(person), action: "done.late" });
    const [beforeBy, beforeTo, beforeNeither] = [await rowOf(by), await rowOf(to), await rowOf(neither)];
    expect(await erased(tenant, person)).toEqual({ events: 4, complete: true });
    expect(await rowOf(by)).toEqual({ ...beforeBy, ...NO_ACTOR, ...NO_TEXT });
    expect(await rowOf(to)).toEqual({ ...beforeTo, ...NO_TARGET, ...NO_TEXT });
    for (const uid of [both, late]) expect(await rowOf(uid)).toMatchObject({ ...NO_ACTOR, ...NO_TARGET, ...NO_TEXT });
    expect(await rowOf(neither)).toEqual(beforeNeither);
    expect((await eventsOf(app, tenant.id)).at(-1)).toEqual({
      action: "audit.erase_person", actorType: "user", targetType: "audit_log", targetId: tenant.id, targetName: tenant.slug, projectId: null, product: null,
      metadata: { events: 4, unsettled: 1, places: "1ax,2tx,3atx", actor_role: "operator" },
    });
  });

  it("leaves her nowhere: no table of the log has her id any more, nor does what the service logged", async () => {
    const [tenant, person] = [await world.tenant(), unique("ada")];
    await plantEvent(app, tenant.id, { ...did(person), ...suffered(person), ...told(person) });
    await settleAll(app);
    const said = app.logged.length;
    await erased(tenant, person);
    await settleAll(app);
    for (const table of ["audit_log", "audit_chain", "audit_external_ids", "audit_checkpoints", "audit_policies"]) {
      expect([table, JSON.stringify(await app.sql(`select * from ${table} where tenant_id = $1`, [tenant.id])).includes(person)]).toEqual([table, false]);
    }
    expect(app.logged.slice(said).join("")).not.toContain(person);
  });

  it("search finds her no more, and her events by what is left of them", async () => {
    const [tenant, person] = [await world.tenant(), unique("ada")];
    await plantEvent(app, tenant.id, { ...did(person), ...told(person), action: "note.signed" });
    const found = async (filter: object) => data(await tenant.auditor.run("query ($filter: AuditEventFilter) { auditEvents(filter: $filter) { nodes { action actorId actorType } } }", { filter }))["auditEvents"].nodes;
    expect(await found({ actorId: person })).toHaveLength(1);
    await erased(tenant, person);
    expect(await found({ actorId: person })).toEqual([]);
    expect(await found({ text: person })).toEqual([]);
    expect(await found({ action: "note.signed" })).toEqual([{ action: "note.signed", actorId: null, actorType: "user" }]);
  });

  it.each(["trial", "active", "frozen", "archived", "demo"])("is done in a tenant that is %s", async (status) => {
    const tenant = await world.tenant({ status, kind: status === "demo" ? "demo" : "customer" });
    await plantEvent(app, tenant.id, did("ada"));
    expect(await erased(tenant, "ada")).toEqual({ events: 1, complete: true });
  });

  it("done again it finds nothing, and of several at once each event is taken by one", async () => {
    const tenant = await world.tenant();
    for (let n = 0; n < 20; n++) await plantEvent(app, tenant.id, did("ada"));
    const answers = await Promise.all(Array.from({ length: 5 }, () => erased(tenant, "ada")));
    expect(answers.reduce((sum, { events }) => sum + (events as number), 0)).toBe(20);
    expect(answers.every(({ complete }) => complete === true)).toBe(true);
    expect(await erased(tenant, "ada")).toEqual({ events: 0, complete: true });
    expect((await actionsIn(app, tenant.id)).filter((action) => action === "audit.erase_person")).toHaveLength(1);
  });

  it("of very many events it takes the first thousands, says that some are left, and does the rest when it is asked again", async () => {
    const tenant = await world.tenant();
    await app.sql("insert into audit_log (tenant_id, action, actor_id, description) select $1, 'a.b', 'ada', 'n ' || n from generate_series(1, 3500) n", [tenant.id]);
    await settleAll(app);
    expect(await erased(tenant, "ada")).toEqual({ events: 3_000, complete: false });
    expect(await erased(tenant, "ada")).toEqual({ events: 500, complete: true });
    expect(await app.sql("select count(*)::int as left from audit_log where tenant_id = $1 and actor_id = 'ada'", [tenant.id])).toEqual([{ left: 0 }]);
    expect((await actionsIn(app, tenant.id)).filter((action) => action === "audit.erase_person")).toHaveLength(4);
    expect(await verdictOn(app, await whole(tenant))).toMatchObject({ valid: true, erased: 3_500 });
  });

  it("an external id of such an event is repeated no more: what it stood for is not known", async () => {
    const tenant = await world.tenant();
    const uid = await plantEvent(app, tenant.id, { ...did("ada"), product: "crm", external_id: "e-1" });
    await app.sql("insert into audit_external_ids (tenant_id, product, external_id, event_id, digest) values ($1, 'crm', 'e-1', $2, '\\x01')", [tenant.id, uid]);
    await erased(tenant, "ada");
    expect(await app.sql("select event_id, digest from audit_external_ids where tenant_id = $1", [tenant.id])).toEqual([{ event_id: uid, digest: null }]);
  });
});

describe("what is verified offline after an erasure", () => {
  it("is still the chain that was signed before, with the erased events counted and without her", async () => {
    const [tenant, person] = [await world.tenant(), unique("ada")];
    for (let n = 0; n < 3; n++) await plantEvent(app, tenant.id, { ...did(person), ...suffered("grace"), ...told(person) });
    const before = await whole(tenant);
    expect(before).toContain(person);
    const kept = before.split("\n").filter((line) => line.startsWith('{"type":"checkpoint"')).map((line) => (JSON.parse(line) as { signed: string }).signed);
    await erased(tenant, person);
    const after = await whole(tenant);
    expect(await verdictOn(app, after, kept)).toMatchObject({ valid: true, erased: 3, failure: null });
    expect(after).not.toContain(person);
    // The other person of the same events goes later, whose groups are others; that is told of both.
    await erased(tenant, "grace");
    expect(await verdictOn(app, await whole(tenant), kept)).toMatchObject({ valid: true, erased: 3, failure: null });
  });

  it("holds too when she recorded erasures herself: what they say stays, who she was does not", async () => {
    const [tenant, subject] = [await world.tenant(), unique("operator")];
    const her = await world.caller({ sub: subject, name: subject, realm_access: { roles: ["platform-operator"] } });
    await plantEvent(app, tenant.id, did("ada"));
    await settleAll(app);
    data(await erase(her, tenant.id, "ada"));
    await settleAll(app);
    expect(await erased(tenant, subject)).toEqual({ events: 1, complete: true });
    const text = await whole(tenant);
    expect(text).not.toContain(subject);
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, erased: 2, failure: null });
    expect(eventsIn(text)[1]?.columns).toMatchObject({ action: "audit.erase_person", actor_id: null, metadata: expect.stringContaining('"places": "1ax"') });
  });

  it("is refused when nothing recorded says so, and named is the first such event", async () => {
    const tenant = await world.tenant();
    for (const person of ["grace", "ada", "ada"]) await plantEvent(app, tenant.id, did(person));
    await settleAll(app);
    await app.sql("select set_config('registry.tenant', $1::text, true), (select count(*) from audit_log_erase($1::uuid, 'ada'))", [tenant.id]);
    expect(await verdictOn(app, await whole(tenant))).toMatchObject({ valid: false, failure: { reason: "erasure_unrecorded", position: 2 } });
  });

  it("holds when it was erased while events were written and settled", async () => {
    const tenant = await world.tenant();
    const written = Array.from({ length: 60 }, async (_, n) => {
      await plantEvent(app, tenant.id, did("ada"));
      if (n % 10 === 0) await Promise.all([app.service.audit.settle(), erased(tenant, "ada")]);
    });
    await Promise.all(written);
    await erased(tenant, "ada");
    const text = await whole(tenant);
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, failure: null });
    expect(eventsIn(text).filter(({ columns }) => columns["actor_id"] === "ada")).toEqual([]);
  });
});
