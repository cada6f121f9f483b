/** Owns the proof that a caller who is narrowed to some events of a tenant reads no others, whatever it asks for and in whichever way. */
import { beforeAll, describe, expect, it } from "vitest";
import { AuditCrud } from "../../src/audit-event/audit-event.entity.js";
import { AuditEventCountBy, AuditEventOrder } from "../../src/audit-event/audit-event.inputs.js";
import { auditEventReads } from "../../src/audit-event/audit-event.reads.js";
import { actionsOf, type EventNarrowing, type Principal } from "../../src/kernel/principal.js";
import { plantEvent, settleEvent } from "../testkit/planted-events.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { houseOf, visit } from "./visits.js";

let app: Registry;
let tenant: TenantInWorld;
let ids: Record<"byAda" | "toDoc" | "adaToDoc" | "byCrm" | "other" | "theirs", string>;
beforeAll(async () => {
  app = await registry();
  const world = await openWorld(app);
  tenant = await world.tenant();
  const theirs = await world.tenant();
  const plant = async (tenantId: string, columns: object) => {
    const id = await plantEvent(app, tenantId, { crud: "d", description: "same words", ...columns });
    await settleEvent(app, id);
    return id;
  };
  ids = {
    byAda: await plant(tenant.id, { actor_id: "ada", target_id: "x" }),
    toDoc: await plant(tenant.id, { actor_id: "bob", target_id: "doc" }),
    adaToDoc: await plant(tenant.id, { actor_id: "ada", target_id: "doc" }),
    byCrm: await plant(tenant.id, { product: "crm", writer: "key:1" }),
    other: await plant(tenant.id, { product: "crm" }),
    theirs: await plant(theirs.id, { actor_id: "ada", target_id: "doc" }),
  };
});

function readsOf(narrowedTo: EventNarrowing | undefined) {
  const principal: Principal = { kind: "user", subject: "a page", name: null, roles: ["audit_viewer"], tenantId: tenant.id, ...(narrowedTo && { narrowedTo }) };
  return { principal, reads: auditEventReads(visit(houseOf(app), principal), principal) };
}

const CASES: [what: string, narrowedTo: EventNarrowing | undefined, sees: (keyof typeof ids)[]][] = [
  ["not narrowed, and sees its whole tenant", undefined, ["byAda", "toDoc", "adaToDoc", "byCrm", "other"]],
  ["narrowed to an actor", { actorId: "ada" }, ["byAda", "adaToDoc"]],
  ["narrowed to a target", { targetId: "doc" }, ["toDoc", "adaToDoc"]],
  ["narrowed to both", { actorId: "ada", targetId: "doc" }, ["adaToDoc"]],
  ["narrowed to what a product recorded, and not what was recorded about it", { product: "crm" }, ["byCrm"]],
  ["narrowed to what a product recorded of one actor", { product: "crm", actorId: "ada" }, []],
  ["narrowed to an empty subject", { actorId: "" }, []],
  ["narrowed to nothing", {}, []],
];

describe.each(CASES)("who is %s", (_what, narrowedTo, names) => {
  const seen = () => names.map((name) => ids[name]).sort();

  it("finds no others by id", async () => {
    const { reads } = readsOf(narrowedTo);
    const found = await Promise.all(Object.values(ids).map((id) => reads.byId.load(id)));
    expect(found.flatMap((event) => event?.id ?? []).sort()).toEqual(seen());
  });

  it.each([
    ["newest first", AuditEventOrder.NEWEST_FIRST],
    ["in the log's order", AuditEventOrder.SETTLED],
  ])("searches no others %s, by anything that all have", async (_order, order) => {
    const { reads } = readsOf(narrowedTo);
    for (const asked of [{}, { filter: { crud: AuditCrud.DELETE } }, { filter: { action: "test.*" } }, { query: "words crud:d" }]) {
      const { nodes } = await reads.search(asked, order, { first: 100 });
      expect(nodes.map(({ id }) => id).sort()).toEqual(seen());
    }
    expect((await reads.search({ filter: { actorId: "bob" } }, order, {})).nodes.map(({ id }) => id)).toEqual(seen().filter((id) => id === ids.toDoc));
  });

  it("counts no others", async () => {
    const { reads } = readsOf(narrowedTo);
    const now = Date.now();
    const filter = { from: new Date(now - 86_400_000), until: new Date(now + 86_400_000) };
    const counts = await reads.counts(AuditEventCountBy.ACTION, { filter });
    expect(counts).toEqual(names.length > 0 ? [{ key: "test.happened", count: names.length }] : []);
  });

  it("may not look at a tenant, below which its whole log is listed, nor do anything else", () => {
    expect(actionsOf(readsOf(narrowedTo).principal)).toEqual(["audit_event.read", "viewer.read"]);
  });
});
