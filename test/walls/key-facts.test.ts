/** Owns the proof that what a verification is decided on is read whole, of the right key and tenant, and is what notices are sent of. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { keyReads, type KeyReads } from "../../src/api-key/api-key.facts.js";
import { openKeyDoor } from "../../src/kernel/key-door.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { houseOf } from "./visits.js";

const TIME = 10_000;
const HASH = "$argon2id$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ$aGFzaA";

let app: Registry;
let reads: KeyReads;
let mine: TenantInWorld;
let theirs: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  const world = await openWorld(app);
  [mine, theirs] = [await world.tenant({ trialEndsAt: new Date("2026-09-01T00:00:00Z") }), await world.tenant()];
  reads = keyReads(openKeyDoor(houseOf(app)), houseOf(app));
});

const freshId = () => randomUUID().replaceAll("-", "").slice(0, 12);

describe("a key", () => {
  it("is read with everything that decides, whosever it is, and not with anything else", async () => {
    const [project, lookupId] = [await mine.project(), freshId()];
    const { id, name } = await mine.apiKey({ lookupId, hash: HASH, projectId: project.id });
    await app.sql(
      `update api_keys set scopes = '{read,write}', pepper_id = 'p1', owner_kind = 'user', owner_id = 'ada', allowed_ips = '{10.0.0.0/8,::1}', expires_at = '2026-05-01T00:00:00.123456Z',
        rotated_at = '2026-03-01', overlap_ends_at = '2026-04-01T00:00:00Z', revoked_at = '2026-03-15T00:00:00Z' where id = $1`,
      [id],
    );
    expect(await reads.byLookupIds([lookupId], TIME)).toEqual([{
      id, tenantId: mine.id, lookupId, seat: 0, product: "crm", name, scopes: ["read", "write"], environment: "dev", projectId: project.id, ownerKind: "user", ownerId: "ada", allowedIps: ["10.0.0.0/8", "::1"],
      expiresAt: new Date("2026-05-01T00:00:00.123Z"), overlapEndsAt: new Date("2026-04-01T00:00:00Z"), revokedAt: new Date("2026-03-15T00:00:00Z"), hash: HASH, pepperId: "p1",
    }]);
  });

  it("is not read by somebody else's look-up id, nor by none", async () => {
    const lookupId = freshId();
    await theirs.apiKey({ lookupId });
    expect(await reads.byLookupIds([freshId()], TIME)).toEqual([]);
    expect(await reads.byLookupIds([], TIME)).toEqual([]);
    expect(await reads.byLookupIds([lookupId], TIME)).toHaveLength(1);
  });

  it("is carried with no more of its hash than a hash can have, however much was put there", async () => {
    const lookupId = freshId();
    await mine.apiKey({ lookupId, hash: `${HASH}${"A".repeat(1_000_000)}` });
    expect((await reads.byLookupIds([lookupId], TIME))[0]?.hash).toHaveLength(257);
  });
});

describe("what counts of its tenant", () => {
  const asked = (question: Partial<Parameters<KeyReads["tenant"]>[0]> = {}) => reads.tenant({ tenantId: mine.id, product: "crm", projectId: null, ...question }, TIME);

  it("is read with the one product and the one project that are asked about", async () => {
    const project = await mine.project({ status: "archived" });
    await app.sql(`insert into tenant_products (tenant_id, product, config, expires_at) values ($1, 'crm', '{"max_seats": 3}', '2026-06-01T00:00:00Z'), ($1, 'desk', '{}', null)`, [mine.id]);
    const tenant = { id: mine.id, slug: mine.slug, status: "active", kind: "customer", plan: "starter", trialEndsAt: new Date("2026-09-01T00:00:00Z"), frozenAt: null };
    expect(await asked({ projectId: project.id })).toEqual({
      tenant,
      entitlement: { enabled: true, source: "override", config: { max_seats: 3 }, expiresAt: new Date("2026-06-01T00:00:00Z") },
      project: { id: project.id, slug: project.slug, status: "archived" },
    });
    expect(await asked({ product: "none" })).toEqual({ tenant, entitlement: null, project: null });
  });

  it("is not another tenant's project, which is there", async () => {
    const { id } = await theirs.project();
    expect(await app.sql("select from tenant_projects where id = $1", [id])).toHaveLength(1);
    expect((await asked({ projectId: id }))?.project).toBeNull();
  });

  it("is its project, by slug or id, and not another tenant's, which is there", async () => {
    const named = (tenant: TenantInWorld, project: string) => reads.project({ tenantId: tenant.id, product: "crm", project }, TIME);
    const { id, slug } = await theirs.project({ status: "archived" });
    for (const project of [id, slug]) {
      expect(await named(theirs, project)).toEqual({ id, slug, status: "archived" });
      expect(await named(mine, project)).toBeNull();
    }
  });

  it("is nothing of a tenant that is not there", async () => {
    expect(await asked({ tenantId: randomUUID() })).toBeNull();
  });

  it("is what notices are sent of: no column is read whose change nobody would hear of", async () => {
    const watched = async (trigger: string) =>
      (await app.sql<{ name: string }>("select attname::text as name from pg_trigger t join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = any (t.tgattr) where tgname = $1", [trigger])).map(({ name }) => inCamelCase(name)).toSorted();
    const project = await mine.project();
    const facts = await asked({ product: "desk", projectId: project.id });
    const read = (row: object | null | undefined) => Object.keys(row ?? {}).filter((name) => name !== "id").toSorted();
    expect(await watched("tenants_notify_keys")).toEqual(read(facts?.tenant));
    expect(await watched("tenant_products_notify_keys")).toEqual([...read(facts?.entitlement), "product"].toSorted());
    expect(await watched("tenant_projects_notify_keys")).toEqual(read(facts?.project));
    expect(await watched("tenant_projects_notify_keys")).toEqual(read(await reads.project({ tenantId: mine.id, product: "desk", project: project.id }, TIME)));
  });
});

const inCamelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
