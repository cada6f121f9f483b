/** Owns the proof that a viewer token lets its holder read the events that it was made for, for as long as it was made for, and do nothing else. */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { signingKeyFrom } from "../../../src/audit-proof/audit-proof.keys.js";
import { data, fault } from "../../testkit/outcome.js";
import { plantEvent, settleAll } from "../../testkit/planted-events.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { callerWith, openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const CREATE = "mutation ($input: CreateAuditViewerTokenInput!) { createAuditViewerToken(input: $input) { token } }";
const EVENTS = "query ($filter: AuditEventFilter, $query: String) { auditEvents(filter: $filter, query: $query, first: 100) { nodes { id } } }";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
});
afterEach(() => {
  app.clock.now = null;
});

const tokenFor = async ({ auditor }: TenantInWorld, input: object = {}) => data(await auditor.run(CREATE, { input }))["createAuditViewerToken"].token as string;
const viewerOf = async (home: TenantInWorld, input: object = {}) => callerWith(app, await tokenFor(home, input));
const seenBy = async (caller: Caller, variables: object = {}, headers = {}) =>
  (data(await caller.run(EVENTS, { ...variables }, headers))["auditEvents"].nodes as { id: string }[]).map(({ id }) => id);
const viewsIn = ({ id }: TenantInWorld) => app.sql("select actor_id, actor_type, metadata, host(source_ip) as ip from audit_log where tenant_id = $1 and action = 'audit.view'", [id]);

/** What a viewer token says, signed with the registry's own key unless told otherwise. */
async function forged({ claims = {}, typ = "audit-viewer+jwt", kid, seed }: { claims?: Record<string, unknown>; typ?: string; kid?: string; seed?: Buffer } = {}): Promise<string> {
  const [own] = app.config.audit.keys;
  const seconds = Math.floor((app.clock.now ?? new Date()).getTime() / 1000);
  const all = { iss: app.config.publicUrl, aud: "audit-viewer", sub: "eve", jti: randomUUID(), tenant: tenant.id, iat: seconds, exp: seconds + 300, ...claims };
  const { privateKey } = signingKeyFrom("any", seed ?? (own?.seed as Buffer));
  return new SignJWT(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))).setProtectedHeader({ alg: "EdDSA", kid: kid ?? own?.id ?? "", typ }).sign(privateKey);
}

describe("who presents a viewer token", () => {
  it("is refused when it was changed, signed with another key, for something else, by another registry, or is not good now", async () => {
    const whole = await forged();
    expect(await seenBy(callerWith(app, whole))).toEqual(expect.any(Array));
    const [head, , signature] = whole.split(".");
    const seconds = Math.floor(Date.now() / 1000);
    const bad: Record<string, string> = {
      "changed claims": [head, Buffer.from(JSON.stringify({ tenant: tenant.id })).toString("base64url"), signature].join("."),
      "no signature": whole.slice(0, whole.lastIndexOf(".") + 1),
      "another key": await forged({ seed: Buffer.alloc(32, 7) }),
      "another key's name": await forged({ kid: "other" }),
      "a checkpoint's type": await forged({ typ: "audit-checkpoint+jws" }),
      "an export's type": await forged({ typ: "audit-export+jwt" }),
      "the issuer's type": await forged({ typ: "JWT" }),
      "another registry": await forged({ claims: { iss: "https://elsewhere.example" } }),
      "another audience": await forged({ claims: { aud: "tenant-registry" } }),
      "no subject": await forged({ claims: { sub: undefined } }),
      "no tenant": await forged({ claims: { tenant: undefined } }),
      "an unknown tenant": await forged({ claims: { tenant: randomUUID() } }),
      "no end": await forged({ claims: { exp: undefined } }),
      "the past": await forged({ claims: { iat: seconds - 400, exp: seconds - 100 } }),
      "a life too long": await forged({ claims: { iat: seconds - 400, exp: seconds + 300 } }),
      "the future": await forged({ claims: { iat: seconds + 60 } }),
    };
    for (const [what, token] of Object.entries(bad)) expect([what, (await callerWith(app, token).run(EVENTS)).body.errors?.[0]?.extensions.code]).toEqual([what, "UNAUTHENTICATED"]);
  });

  it("reads until it ends, and not after", async () => {
    app.clock.now = new Date();
    const viewer = await viewerOf(tenant);
    app.clock.now = new Date(app.clock.now.getTime() + 299_000);
    await seenBy(viewer);
    app.clock.now = new Date(app.clock.now.getTime() + 10_000);
    fault(await viewer.run(EVENTS), "UNAUTHENTICATED");
  });

  it("sees its tenant's events, by every way to them, and nobody else's", async () => {
    const [home, other] = [await world.tenant(), await world.tenant()];
    const [mine, theirs] = [await plantEvent(app, home.id), await plantEvent(app, other.id)];
    const viewer = await viewerOf(home);
    expect(await seenBy(viewer)).toContain(mine);
    expect(await seenBy(viewer)).not.toContain(theirs);
    expect(await seenBy(await viewerOf(other))).toContain(theirs);
    const byId = (id: string) => viewer.run("query ($id: ID!) { auditEvent(id: $id) { id } }", { id });
    expect([data(await byId(mine)), data(await byId(theirs))]).toEqual([{ auditEvent: { id: mine } }, { auditEvent: null }]);
  });

  it("who is narrowed sees what it was narrowed to, whatever it asks for beside", async () => {
    const home = await world.tenant();
    const plant = (actor_id: string, target_id: string) => plantEvent(app, home.id, { actor_id, target_id });
    const [adaDoc, adaX, bobDoc] = [await plant("ada", "doc"), await plant("ada", "x"), await plant("bob", "doc")];
    expect((await seenBy(await viewerOf(home, { actorId: "ada" }))).sort()).toEqual([adaDoc, adaX].sort());
    expect((await seenBy(await viewerOf(home, { targetId: "doc" }))).sort()).toEqual([adaDoc, bobDoc].sort());
    const both = await viewerOf(home, { actorId: "ada", targetId: "doc" });
    expect(await seenBy(both)).toEqual([adaDoc]);
    expect(await seenBy(both, { filter: { actorId: "bob" } })).toEqual([]);
    expect(await seenBy(both, { query: "actor.id:bob" })).toEqual([]);
    expect(data(await both.run('{ auditEventCounts(by: ACTOR, filter: { from: "2020-01-01T00:00:00Z", until: "2020-01-02T00:00:00Z" }) { key } }'))).toEqual({ auditEventCounts: [] });
  });

  it("who is narrowed is not told how far the log goes, which would tell of the others' events; who is not, is", async () => {
    const home = await world.tenant();
    await plantEvent(app, home.id, { actor_id: "ada", target_id: "doc" });
    await settleAll(app);
    const questions = ["{ auditHorizon { position } }", "{ auditCheckpoints { number } }", "{ auditCheckpoint { number } }", '{ auditConsistencyProof(from: "1", to: "2") { __typename } }'];
    const narrowed = await viewerOf(home, { actorId: "ada" });
    for (const question of questions) fault(await narrowed.run(question), "FORBIDDEN");
    const whole = await viewerOf(home);
    expect(data(await whole.run("{ auditHorizon { position } }"))).toMatchObject({ auditHorizon: { position: expect.stringMatching(/^[1-9]/) } });
  });

  it("may name its tenant, and no other", async () => {
    const other = await world.tenant();
    const viewer = await viewerOf(tenant);
    for (const name of [tenant.id, tenant.slug, tenant.id.toUpperCase()]) await seenBy(viewer, {}, { "x-tenant-id": name });
    for (const name of [other.id, other.slug, randomUUID(), "x"]) fault(await viewer.run(EVENTS, {}, { "x-tenant-id": name }), "NOT_FOUND");
  });

  it("does nothing but read events: no tenant, no keys, no list of people, and no change", async () => {
    const viewer = await viewerOf(tenant);
    expect(data(await viewer.run("{ viewer { kind roles actions } }"))["viewer"]).toEqual({ kind: "USER", roles: ["audit_viewer"], actions: ["audit_event.read", "viewer.read"] });
    for (const document of [
      "{ myTenant { id } }", "{ auditEvents { nodes { tenant { id } } } }", "{ products { key } }",
      `mutation { updateTenant(input: { id: "${tenant.id}", name: "x" }) { tenant { id } } }`, `mutation { exportTenant(input: {}) { downloadUrl } }`,
    ]) {
      expect((await viewer.run(document)).body.errors?.map(({ extensions }) => extensions.code), document).toEqual(expect.arrayContaining(["FORBIDDEN"]));
    }
  });

  it("reads the log of a tenant that is archived, and of one that is archived meanwhile", async () => {
    const home = await world.tenant();
    const event = await plantEvent(app, home.id);
    const viewer = await viewerOf(home);
    await app.sql("update tenants set status = 'archived', archived_at = now() where id = $1", [home.id]);
    expect(await seenBy(viewer)).toContain(event);
    expect(await seenBy(await viewerOf(home))).toContain(event);
  });
});

describe("that the log was looked at", () => {
  it("is recorded once for each token, under who looks, before the first answer", async () => {
    const home = await world.tenant();
    const token = await tokenFor(home, { forActor: "dana" });
    expect(await viewsIn(home)).toEqual([]);
    const viewer = callerWith(app, token);
    await Promise.all([1, 2, 3].map(() => viewer.run("{ auditEvents { nodes { action } } }")));
    await seenBy(viewer);
    const { jti } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { jti: string };
    expect(await viewsIn(home)).toEqual([{ actor_id: "dana", actor_type: "user", metadata: { token: jti }, ip: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) }]);
    await seenBy(await viewerOf(home, { forActor: "dana" }));
    expect(await viewsIn(home)).toHaveLength(2);
  });

  it("is recorded once also when another instance has recorded it", async () => {
    const home = await world.tenant();
    const jti = randomUUID();
    await app.sql("insert into audit_external_ids (tenant_id, product, external_id, event_id) values ($1, 'tenant-registry', 'view:' || $2, $2::uuid)", [home.id, jti]);
    await seenBy(callerWith(app, await forged({ claims: { jti, tenant: home.id } })));
    expect(await viewsIn(home)).toEqual([]);
  });

  it("or nobody looks: when it cannot be recorded there is no answer, and the next time it is tried again", async () => {
    const home = await world.tenant();
    const viewer = await viewerOf(home);
    await app.sql(`create function refuse_views() returns trigger language plpgsql as $$ begin raise exception 'the log is full'; end $$`);
    await app.sql("create trigger refuse_views before insert on audit_log for each row when (new.action = 'audit.view') execute function refuse_views()");
    try {
      fault(await viewer.run(EVENTS), "INTERNAL_SERVER_ERROR");
    } finally {
      await app.sql("drop trigger refuse_views on audit_log");
      await app.sql("drop function refuse_views()");
    }
    await seenBy(viewer);
    expect(await viewsIn(home)).toHaveLength(1);
  });
});
