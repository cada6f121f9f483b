import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const BY_SLUG = `query ($slug: String!) { tenantBySlug(slug: $slug) { id slug } }`;

let world: World;
beforeAll(async () => {
  world = await openWorld(await registry());
});

const ask = (caller: Caller, slug: string, headers = {}) => caller.run(BY_SLUG, { slug }, headers);

describe("tenantBySlug", () => {
  it.each(["", "x", "-", "A", "a\u0000b", "\ud800", "%", "_____", "x".repeat(300), "' or 1=1 --"])("invalid: %j is the slug of no tenant", async (slug) => {
    expect(data(await ask(world.support, slug))).toEqual({ tenantBySlug: null });
  });

  it("a malformed slug takes nothing away from the good ones beside it", async () => {
    const tenant = await world.tenant();
    const document = `query ($good: String!, $bad: String!) { good: tenantBySlug(slug: $good) { id } bad: tenantBySlug(slug: $bad) { id } }`;
    for (const bad of ["a\u0000b", "\udfff"]) {
      expect(data(await world.support.run(document, { good: tenant.slug, bad }))).toEqual({ good: { id: tenant.id }, bad: null });
    }
  });

  it("a slug is written in one way only", async () => {
    const { slug, member } = await world.tenant();
    for (const other of [slug.toUpperCase(), ` ${slug}`, `${slug} `, `${slug}\n`]) expect(data(await ask(member, other))).toEqual({ tenantBySlug: null });
  });

  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous, (await world.tenant()).slug), "UNAUTHENTICATED");
  });

  it("forbidden: a service and a person without a tenant see none", async () => {
    const { slug } = await world.tenant();
    for (const caller of [world.service, await world.caller({})]) fault(await ask(caller, slug), "FORBIDDEN");
  });

  it("someone else's: a tenant that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    expect(data(await ask(theirs.member, theirs.slug))["tenantBySlug"].id).toBe(theirs.id);
    const answer = await ask(mine.admin, theirs.slug);
    expect(data(answer)).toEqual({ tenantBySlug: null });
    expect(answer.body).toEqual((await ask(mine.admin, unique("t"))).body);
  });

  it("staff find every tenant, and only the one that they narrowed to", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    expect(data(await ask(world.support, other.slug))["tenantBySlug"].id).toBe(other.id);
    expect(data(await ask(world.support, other.slug, { "x-tenant-id": one.slug }))).toEqual({ tenantBySlug: null });
  });

  it.each(["active", "frozen"])("ok: a member finds its own tenant, %s or not", async (status) => {
    const tenant = await world.tenant({ status });
    expect(data(await ask(tenant.member, tenant.slug))).toEqual({ tenantBySlug: { id: tenant.id, slug: tenant.slug } });
  });
});
