import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { PAGE_ARGUMENTS, PAGE_FIELDS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type World } from "../../testkit/world.js";

const TENANTS = `query ($filter: TenantFilter, $orderBy: TenantOrder, ${PAGE_VARIABLES}) {
  tenants(filter: $filter, orderBy: $orderBy, ${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} totalCount }
}`;

interface Planted {
  name?: string;
  status?: string;
  kind?: string;
  createdAt?: string;
  trialEndsAt?: string;
  frozenAt?: string;
  erp?: string;
  stripe?: string;
}

let app: Registry;
let world: World;
/** The plan of the tenants below: a filter by it makes a list of their own. */
const plan = unique("plan");
/** Two instants within one millisecond, equal names, no trial at all: everything that could make a page skip or repeat a row. */
const FIRST = "2020-01-01T00:00:00.000001Z";
const SECOND = "2020-01-01T00:00:00.000002Z";
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  const planted: Planted[] = [
    { name: "Beta", createdAt: FIRST, trialEndsAt: SECOND },
    { name: "alpha", createdAt: FIRST, trialEndsAt: FIRST },
    { name: "Alpha", createdAt: FIRST },
    { name: "Ärger", createdAt: SECOND, trialEndsAt: "2020-01-02T00:00:00Z" },
    { name: "Beta", createdAt: SECOND },
    { name: "Beta", createdAt: SECOND, trialEndsAt: SECOND },
    { name: "日本 \"quoted\" 🚀", createdAt: "2020-01-01T00:00:00Z" },
  ];
  for (const tenant of planted) await plant(tenant);
});

async function plant({ name = "Planted", status = "active", kind = "customer", createdAt, trialEndsAt, frozenAt, erp, stripe }: Planted, inPlan = plan): Promise<string> {
  const id = randomUUID();
  await app.sql(
    `insert into tenants (id, slug, name, plan, status, kind, created_at, trial_ends_at, frozen_at, archived_at, erp_customer_id, stripe_cust_id)
     values ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, now()), $8, $9, $10, $11, $12)`,
    [
      id, unique("t"), name, inPlan, status, kind, createdAt ?? null, trialEndsAt ?? null,
      frozenAt ?? (status === "frozen" ? new Date() : null), status === "archived" ? new Date() : null, erp ?? null, stripe ?? null,
    ],
  );
  return id;
}

const search = (filter: object, page: object = {}, caller = world.support, headers = {}) => caller.run(TENANTS, { filter, ...page }, headers);
const found = async (filter: object) => {
  const { nodes, totalCount } = data(await search(filter, { first: 100 }))["tenants"];
  expect(totalCount, "the count is that of the filtered list").toBe(nodes.length);
  return nodes.map(({ id }: { id: string }) => id).sort();
};

describe("tenants", () => {
  it("unauthenticated: nobody without a token searches", async () => {
    fault(await search({}, {}, world.anonymous), "UNAUTHENTICATED");
  });

  it("forbidden: only staff search, not even an admin its own tenant", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.service]) fault(await search({}, {}, caller), "FORBIDDEN");
  });

  it("someone else's: staff who narrowed to one tenant find no other, and count no other", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    expect(data(await search({ nameContains: other.slug }))["tenants"].totalCount).toBe(1);
    for (const caller of [world.support, world.operator]) {
      const { nodes, totalCount } = data(await search({}, {}, caller, { "x-tenant-id": one.id }))["tenants"];
      expect({ nodes, totalCount }).toEqual({ nodes: [{ id: one.id }], totalCount: 1 });
    }
  });

  describe("filter", () => {
    it.each(["demo", "trial", "active", "frozen", "archived"])("status %s finds those and no others", async (status) => {
      const own = unique("plan");
      const ids = new Map<string, string>();
      for (const one of ["demo", "trial", "active", "frozen", "archived"]) ids.set(one, await plant({ status: one }, own));
      expect(await found({ plan: own, status: [status.toUpperCase()] })).toEqual([ids.get(status)]);
      expect(await found({ plan: own, status: [status.toUpperCase(), "DEMO"] })).toEqual([...new Set([ids.get(status), ids.get("demo")])].sort());
      expect(await found({ plan: own, status: [] })).toEqual([]);
    });

    it("status is where a tenant stands at this moment, to the millisecond and for each as it is told, whatever is stored", async () => {
      const [own, now] = [unique("plan"), "2031-05-01T10:00:00.000Z"];
      for (const status of ["demo", "active", "archived"]) await plant({ status, trialEndsAt: "2020-01-01T00:00:00Z" }, own);
      await plant({ status: "trial" }, own);
      for (const trialEndsAt of ["2031-05-01T09:59:59.999999Z", now, "2031-05-01T10:00:00.000999Z", "2031-05-01T10:00:00.001Z"]) await plant({ status: "trial", trialEndsAt }, own);
      for (const time of ["2031-04-01T10:00:00.000Z", "2031-04-01T10:00:00.000999Z", "2031-04-01T10:00:00.001Z"]) {
        await plant({ status: "trial", trialEndsAt: time }, own);
        await plant({ status: "frozen", frozenAt: time }, own);
      }
      app.clock.now = new Date(now);
      try {
        const support = await world.caller({ realm_access: { roles: ["platform-support"] } });
        const told = async (filter: object) => {
          const { tenants } = data(await support.run("query ($filter: TenantFilter) { tenants(filter: $filter, first: 100) { totalCount nodes { id status } } }", { filter: { plan: own, ...filter } }));
          expect(tenants.totalCount).toBe(tenants.nodes.length);
          return (tenants.nodes as { id: string; status: string }[]).sort((a, b) => (a.id < b.id ? -1 : 1));
        };
        const all = await told({});
        const counts = { DEMO: 1, TRIAL: 2, ACTIVE: 1, FROZEN: 5, ARCHIVED: 5 };
        for (const [status, count] of Object.entries(counts)) {
          expect(await told({ status: [status] })).toEqual(all.filter((one) => one.status === status));
          expect([status, all.filter((one) => one.status === status).length]).toEqual([status, count]);
        }
        expect(await told({ status: ["FROZEN", "TRIAL"] })).toEqual(all.filter(({ status }) => status === "FROZEN" || status === "TRIAL"));
      } finally {
        app.clock.now = null;
      }
    });

    it("kind, plan, ERP and Stripe references are matched as a whole", async () => {
      const [own, erp, stripe] = [unique("plan"), unique("erp"), unique("cus")];
      const [customer, demo] = [await plant({ erp, stripe }, own), await plant({ kind: "demo", status: "demo" }, own)];
      expect(await found({ plan: own, kind: "CUSTOMER" })).toEqual([customer]);
      expect(await found({ plan: own, kind: "DEMO" })).toEqual([demo]);
      expect(await found({ plan: own })).toEqual([customer, demo].sort());
      expect(await found({ erpCustomerId: erp })).toEqual([customer]);
      expect(await found({ stripeCustomerId: stripe })).toEqual([customer]);
      for (const filter of [{ plan: own.slice(0, -1) }, { erpCustomerId: erp.slice(0, -1) }, { stripeCustomerId: stripe.toUpperCase() }]) expect(await found(filter)).toEqual([]);
    });

    it.each(["plan", "erpCustomerId", "stripeCustomerId"])("an empty %s is a condition that nothing fulfils, not no condition", async (field) => {
      expect(await found({ [field]: "" })).toEqual([]);
    });

    it("the end of the trial is compared to the microsecond, its limits excluded; tenants without a trial have none", async () => {
      const own = unique("plan");
      await plant({}, own);
      const [early, late] = [await plant({ trialEndsAt: "2030-01-01T00:00:00Z" }, own), await plant({ trialEndsAt: "2030-01-01T00:00:00.000001Z" }, own)];
      expect(await found({ plan: own, trialEndsAfter: "2030-01-01T00:00:00Z" })).toEqual([late]);
      expect(await found({ plan: own, trialEndsBefore: "2030-01-01T00:00:00Z" })).toEqual([]);
      expect(await found({ plan: own, trialEndsBefore: "2030-01-01T00:00:00.001Z" })).toEqual([early, late].sort());
      expect(await found({ plan: own, trialEndsAfter: "2029-12-31T23:59:59.999Z", trialEndsBefore: "2030-01-01T01:00:00+01:00" })).toEqual([]);
    });

    it("a name is found by any part of it or of the slug, whatever the letter case", async () => {
      const own = unique("plan");
      const id = await plant({ name: "Ärger & Söhne GmbH" }, own);
      const [row] = await app.sql<{ slug: string }>("select slug from tenants where id = $1", [id]);
      for (const text of ["Ärger", "söhne gmbh", "& S", row?.slug.slice(1), row?.slug.toUpperCase()]) expect(await found({ plan: own, nameContains: text })).toEqual([id]);
      expect(await found({ plan: own, nameContains: "Aerger" })).toEqual([]);
    });

    it.each(["%", "_", "\\", "100%", "a_b", "\\%", "%%"])("%j is itself and no wildcard", async (text) => {
      const own = unique("plan");
      const id = await plant({ name: `x${text}x` }, own);
      await plant({ name: "100 percent a-b x" }, own);
      expect(await found({ plan: own, nameContains: text })).toEqual([id]);
    });

    it("null is no condition, and all that are given must hold", async () => {
      const own = unique("plan");
      const id = await plant({ name: "one", status: "trial" }, own);
      await plant({ name: "one" }, own);
      const none = { kind: null, nameContains: null, trialEndsBefore: null, trialEndsAfter: null, erpCustomerId: null, stripeCustomerId: null };
      expect(await found({ ...none, plan: own, status: null })).toHaveLength(2);
      expect(await found({ ...none, plan: own, status: ["TRIAL"], nameContains: "one" })).toEqual([id]);
      expect(await found({ plan: own, status: ["TRIAL"], nameContains: "two" })).toEqual([]);
    });
  });

  describe("order", () => {
    const KEYS = { CREATED_AT: "created_at", NAME: "name", SLUG: "slug", TRIAL_ENDS_AT: "coalesce(trial_ends_at, 'infinity')" };
    const cases = Object.entries(KEYS).flatMap(([field, key]) => [false, true].map((descending) => ({ field, descending, key })));
    const inOrder = async (key: string, descending: boolean) => {
      const direction = descending ? "desc" : "asc";
      const rows = await app.sql<{ id: string }>(`select id from tenants where plan = $1 order by ${key} ${direction}, id ${direction}`, [plan]);
      return rows.map(({ id }) => id);
    };
    const at = (answer: Record<string, any>) => answer["tenants"]; // any: as in walk

    it.each(cases)("$field, descending $descending: pages from either end hold every tenant once, in order", async ({ field, descending, key }) => {
      const all = await inOrder(key, descending);
      expect(all).toHaveLength(7);
      const list = { caller: world.support, document: TENANTS, variables: { filter: { plan }, orderBy: { field, descending } }, at };
      for (const size of [1, 3, 7, 100]) {
        expect(await walk({ ...list, size, direction: "forward" })).toEqual(all);
        expect(await walk({ ...list, size, direction: "backward" })).toEqual(all);
      }
    });

    it("newest first unless asked otherwise, twenty at a time", async () => {
      const own = unique("plan");
      for (let second = 0; second < 21; second++) await plant({ createdAt: new Date(Date.UTC(2020, 0, 1, 0, 0, second)).toISOString() }, own);
      const rows = await app.sql<{ id: string }>("select id from tenants where plan = $1 order by created_at desc", [own]);
      const { nodes, pageInfo, totalCount } = data(await search({ plan: own }))["tenants"];
      expect(nodes).toEqual(rows.slice(0, 20));
      expect([pageInfo.hasNextPage, pageInfo.hasPreviousPage, totalCount]).toEqual([true, false, 21]);
    });

    it("tenants that are created while a list is walked neither push others off a page nor onto it twice", async () => {
      const own = unique("plan");
      for (let i = 0; i < 5; i++) await plant({ createdAt: `2020-01-01T00:00:0${i}Z` }, own);
      const before = (await app.sql<{ id: string }>("select id from tenants where plan = $1 order by created_at desc", [own])).map(({ id }) => id);
      const ids = await walk({ caller: world.support, document: TENANTS, variables: { filter: { plan: own } }, at, size: 2, direction: "forward", between: () => plant({}, own) });
      expect(ids).toEqual(before);
    });

    it.each([
      ["of four bytes a letter", "🚀".repeat(200)],
      ["of what JSON escapes", `"\\`.repeat(100)],
      ["of letters with variants", "é\ufe0f".repeat(100)],
    ])("a list with the longest names is walked to its end: %s", async (_, name) => {
      const own = unique("plan");
      for (let i = 0; i < 3; i++) await plant({ name }, own);
      expect(await walk({ caller: world.support, document: TENANTS, variables: { filter: { plan: own }, orderBy: { field: "NAME" } }, at, size: 1, direction: "forward" })).toHaveLength(3);
    });

    it("an empty list has no cursors and nothing before or after it", async () => {
      expect(data(await search({ plan: unique("plan") }))["tenants"]).toEqual({
        edges: [],
        nodes: [],
        pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
        totalCount: 0,
      });
    });
  });

  describe("invalid", () => {
    it.each([
      [{ first: 0 }, "first"],
      [{ first: -1 }, "first"],
      [{ first: 101 }, "first"],
      [{ last: 0 }, "last"],
      [{ last: -1 }, "last"],
      [{ last: 101 }, "last"],
      [{ first: 1, last: 1 }, "last"],
      [{ first: 1, before: "x" }, "before"],
      [{ last: 1, after: "x" }, "after"],
      [{ after: "x".repeat(5000) }, "after"],
      [{ after: "a\u0000" }, "after"],
    ])("the page %o is refused", async (page, field) => {
      fault(await search({ plan }, page), "BAD_USER_INPUT", field);
    });

    it.each([[{ first: 2 ** 31 }], [{ first: 1.5 }], [{ first: "1" }]])("the page %o is not even of the right type", async (page) => {
      fault(await search({ plan }, page), "BAD_USER_INPUT");
    });

    it("null is the same as leaving it out", async () => {
      expect(data(await search({ plan }, { first: null, after: null, last: null, before: null, orderBy: null }))["tenants"].nodes).toHaveLength(7);
    });

    const forge = (...members: unknown[]) => Buffer.from(JSON.stringify(members)).toString("base64url");
    const id = "00000000-0000-0000-0000-000000000001";
    const by = "tenant.created_at.desc";
    it.each([
      ["garbage", "garbage"],
      ["nothing", ""],
      ["half a cursor", forge(by, "2020-01-01 00:00:00+00", id).slice(0, 20)],
      ["JSON that is no list", Buffer.from("{}").toString("base64url")],
      ["null", Buffer.from("null").toString("base64url")],
      ["another order", forge("tenant.name.asc", "Beta", id)],
      ["another list", forge("project.created_at.asc", "2020-01-01 00:00:00+00", id)],
      ["an id that is none", forge(by, "2020-01-01 00:00:00+00", "x")],
      ["an id that is a list", forge(by, "2020-01-01 00:00:00+00", [id])],
      ["no id", forge(by, "2020-01-01 00:00:00+00")],
      ["a key that is no text", forge(by, 7, id)],
      ["a key that is no time", forge(by, "yesterday", id)],
      ["a key that is no possible time", forge(by, "2020-02-30 00:00:00+00", id)],
      ["a time beyond all calendars", forge(by, "999999-01-01 00:00:00+00", id)],
      ["SQL", forge(by, "2020-01-01 00:00:00+00' or true --", id)],
    ])("a cursor is refused when it is %s", async (_, cursor) => {
      fault(await search({ plan }, { first: 2, after: cursor }), "BAD_USER_INPUT");
      fault(await search({ plan }, { last: 2, before: cursor }), "BAD_USER_INPUT");
    });

    it("a cursor of a text order with a null character in it is refused", async () => {
      const orderBy = { field: "NAME" };
      fault(await search({ plan }, { orderBy, after: forge("tenant.name.asc", "a\u0000", id) }), "BAD_USER_INPUT", "after");
      data(await search({ plan }, { orderBy, after: forge("tenant.name.asc", "a\ud800", id) }));
    });

    it("a cursor of the same order the other way round is refused", async () => {
      const order = (descending: boolean) => ({ orderBy: { field: "NAME", descending } });
      const { pageInfo } = data(await search({ plan }, { first: 2, ...order(false) }))["tenants"];
      fault(await search({ plan }, { first: 2, after: pageInfo.endCursor, ...order(true) }), "BAD_USER_INPUT", "after");
    });

    it("a cursor that staff forged reaches no further than the filter", async () => {
      expect(data(await search({ plan: unique("plan") }, { after: forge(by, "9999-01-01 00:00:00+00", id) }))["tenants"].nodes).toEqual([]);
    });

    it.each(["plan", "nameContains", "erpCustomerId", "stripeCustomerId"])("%s with a null character or half a surrogate pair is refused, not stumbled over", async (field) => {
      for (const text of ["a\u0000b", "\ud800", "\udfffx"]) fault(await search({ [field]: text }), "BAD_USER_INPUT", field);
    });

    it.each([
      ["nameContains", ""],
      ["nameContains", "x".repeat(101)],
      ["plan", "x".repeat(101)],
      ["erpCustomerId", "x".repeat(201)],
      ["stripeCustomerId", "x".repeat(201)],
      ["status", ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"]],
    ])("the filter %s %j is refused", async (field, value) => {
      fault(await search({ [field]: value }), "BAD_USER_INPUT", field);
    });

    it.each([{ trialEndsBefore: "yesterday" }, { trialEndsBefore: "2026-02-30T00:00:00Z" }, { status: ["active"] }, { kind: "NONE" }])("the filter %o is not of the right type", async (filter) => {
      fault(await search(filter), "BAD_USER_INPUT");
    });

    it("the first and the last instants there are can be asked for", async () => {
      for (const instant of ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"]) {
        data(await search({ plan, trialEndsAfter: instant }));
        data(await search({ plan, trialEndsBefore: instant }));
      }
    });
  });
});
