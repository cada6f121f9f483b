/**
 * Owns the guarantees of verification that cannot be seen from outside: what it costs, that an end which was acknowledged is seen at once
 * whatever is under way, and that deadlines are exact in what is remembered. Everything is real but the moments at which reads and hashes end.
 */
import { argon2id, hash as argon2 } from "argon2";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { ApiKeyEnvironment } from "../../src/api-key/api-key.entity.js";
import { keyReads } from "../../src/api-key/api-key.facts.js";
import { openHashQueue, type HashBounds } from "../../src/api-key-verdict/api-key-verdict.hashing.js";
import { openKeySecrets, type KeySecrets } from "../../src/api-key/api-key.secret.js";
import { openKeyUsage } from "../../src/api-key-usage/api-key-usage.collector.js";
import { openKeyVerifier } from "../../src/api-key-verdict/api-key-verdict.verifier.js";
import type { KeyQuestion } from "../../src/api-key-verdict/api-key-verdict.rules.js";
import { loadCatalog } from "../../src/catalog/catalog.file.js";
import type { Catalog } from "../../src/catalog/catalog.js";
import { openKeyDoor } from "../../src/kernel/key-door.js";
import { openNotices, type Notice } from "../../src/kernel/notices.js";
import { tenantWithCrm } from "../testkit/api-keys.js";
import { forgedKey } from "../testkit/leaked-keys.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";
import { houseOf } from "../walls/visits.js";

let app: Registry;
let world: World;
let catalog: Catalog;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  catalog = await loadCatalog();
});

const NOBODY_READS = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Something that everybody waits for once it is closed. */
function openGate() {
  let pass = Promise.resolve();
  let open: () => void = () => undefined;
  const gate = { waiting: 0, close: () => void (pass = new Promise((resolve) => (open = resolve))), open: () => open(), through };
  async function through<T>(value: T): Promise<T> {
    gate.waiting++;
    await pass;
    gate.waiting--;
    return value;
  }
  return gate;
}

/** One instance's verifier, with what it has done. What it knows is told for a minute, unless somebody says otherwise. */
function instance({ bounds = {}, imported = false }: { bounds?: Partial<HashBounds>; imported?: boolean } = {}) {
  const limits = { statementTimeoutMs: 5_000, maxWaiting: 1_000 };
  const house = { ...houseOf(app), limits };
  const door = openKeyDoor(house);
  const [reads, secrets] = [keyReads(door, house), openKeySecrets({ peppers: app.config.apiKeys.peppers, log: NOBODY_READS })];
  const cost = { keys: 0, tenants: 0, hashes: 0 };
  const clock = { now: new Date() };
  const gates = { keys: openGate(), tenants: openGate(), projects: openGate(), hashes: openGate() };
  const hears: ((notice: Notice) => void)[] = [];
  const notices = openNotices({ url: null, role: "", log: NOBODY_READS, timing: { downTtlMs: 60_000 } });
  const hashing = <Made extends (...given: never[]) => Promise<boolean>>(made: Made) =>
    (async (...given: Parameters<Made>) => {
      cost.hashes++;
      return gates.hashes.through(await made(...given));
    }) as unknown as Made;
  const queue = openHashQueue(bounds);
  const usage = openKeyUsage({ door, now: () => clock.now, log: NOBODY_READS });
  const verifier = openKeyVerifier({
    reads: {
      async byLookupIds(...given) {
        cost.keys++;
        return gates.keys.through(await reads.byLookupIds(...given));
      },
      async tenant(...given) {
        cost.tenants++;
        return gates.tenants.through(await reads.tenant(...given));
      },
      async project(...given) {
        cost.tenants++;
        return gates.projects.through(await reads.project(...given));
      },
    },
    secrets: { ...secrets, matches: hashing<KeySecrets["matches"]>(secrets.matches), pretend: hashing<KeySecrets["pretend"]>(secrets.pretend) },
    queue,
    notices: Object.assign(Object.create(notices) as typeof notices, { on: (hear: (notice: Notice) => void) => void hears.push(hear) }),
    usage,
    catalog,
    imported,
    now: () => clock.now,
    operationMs: 10_000,
    log: NOBODY_READS,
  });
  const ask = (key: string, more: Partial<KeyQuestion> = {}) => verifier.verify({ key, product: "crm", ...more });
  return {
    verifier,
    clock,
    gates,
    limits,
    usage,
    queue,
    ask,
    code: async (key: string, more: Partial<KeyQuestion> = {}) => (await ask(key, more)).code as string,
    hear: (notice: Notice) => hears.forEach((hear) => hear(notice)),
    /** What this does costs so many statements about keys, about tenants and their projects, and so many hashes. */
    async costOf(work: () => unknown) {
      const before = { ...cost };
      await work();
      return { keys: cost.keys - before.keys, tenants: cost.tenants - before.tenants, hashes: cost.hashes - before.hashes };
    },
  };
}

/** A tenant that has the CRM, and a key of it that no instance knows. */
async function home(fields: Record<string, unknown> = {}) {
  const tenant = await tenantWithCrm(world);
  const { plaintext, lookupId, hash, pepperId } = await openKeySecrets({ peppers: app.config.apiKeys.peppers, log: NOBODY_READS }).mint(ApiKeyEnvironment.DEV);
  const { id } = await tenant.apiKey({ lookupId, hash });
  const set = Object.entries({ pepper_id: pepperId, ...fields });
  await app.sql(`update api_keys set ${set.map(([column], at) => `${column} = $${at + 2}`).join(", ")} where id = $1`, [id, ...set.map(([, value]) => value)]);
  return { tenantId: tenant.id, id, lookupId, key: plaintext, project: tenant.project };
}

const revoke = (id: string) => app.sql("update api_keys set revoked_at = now() where id = $1", [id]);
const freeze = (id: string) => app.sql("update tenants set status = 'frozen', frozen_at = now() where id = $1", [id]);
const NOTHING = { keys: 0, tenants: 0, hashes: 0 };

describe("the cost", () => {
  it("of a key that there is not, of a wrong secret, and of a wrong secret of one that has ended, is the same: one statement, one hash", async () => {
    const [live, revoked, expired] = [await home(), await home({ revoked_at: new Date() }), await home({ expires_at: new Date(0) })];
    const { costOf, code } = instance();
    for (const lookupId of ["000000000000", live.lookupId, revoked.lookupId, expired.lookupId]) {
      expect(await costOf(async () => expect(await code(forgedKey(lookupId))).toBe("NOT_FOUND"))).toEqual({ keys: 1, tenants: 0, hashes: 1 });
    }
  });

  it("is the same the second time, and where the key is well known: what is not proven is not remembered", async () => {
    const { key, lookupId } = await home();
    const { costOf, code } = instance();
    expect(await code(key)).toBe("VALID");
    const wrong = forgedKey(lookupId);
    for (let n = 0; n < 2; n++) expect(await costOf(() => code(wrong))).toEqual({ keys: 1, tenants: 0, hashes: 1 });
  });

  it("of what can be no key is nothing, and the answer is there at once", async () => {
    const { costOf, ask } = instance();
    expect(await costOf(() => expect(ask("no key")).toMatchObject({ code: "MALFORMED" }))).toEqual(NOTHING);
  });

  it("of a key that is known is nothing, and the answer is there at once, whoever asks what of it", async () => {
    const { key } = await home();
    const { costOf, code, ask } = instance();
    expect(await costOf(() => code(key))).toEqual({ keys: 1, tenants: 1, hashes: 1 });
    const known = await costOf(() => {
      expect(ask(key)).toMatchObject({ code: "VALID" });
      expect(ask(key, { scopes: ["write"] })).toMatchObject({ code: "INSUFFICIENT_SCOPE" });
      expect(ask(key, { product: "desk" })).toMatchObject({ code: "WRONG_PRODUCT" });
    });
    expect(known).toEqual(NOTHING);
  });

  it("of a key that has ended by itself needs no tenant", async () => {
    const { key } = await home({ expires_at: new Date(0) });
    const { costOf, code } = instance();
    expect(await costOf(async () => expect(await code(key)).toBe("EXPIRED"))).toEqual({ keys: 1, tenants: 0, hashes: 1 });
    expect(await costOf(() => code(key))).toEqual(NOTHING);
  });

  it("of fifty who ask about one key at once is that of one", async () => {
    const { key } = await home();
    const { costOf, code } = instance();
    const asked = () => Promise.all(Array.from({ length: 50 }, () => code(key)));
    expect(await costOf(async () => expect(new Set(await asked())).toEqual(new Set(["VALID"])))).toEqual({ keys: 1, tenants: 1, hashes: 1 });
  });

  it("of many keys at once is few statements", async () => {
    const { costOf, code } = instance();
    const many = () => Promise.all(Array.from({ length: 150 }, (_, n) => code(forgedKey(String(n).padStart(12, "0")))));
    const { keys, hashes } = await costOf(many);
    expect([keys <= 3, hashes]).toEqual([true, 150]);
  });

  it("of reading anew what may have changed is a statement for each, and no hash", async () => {
    const { key, lookupId, tenantId } = await home();
    const { costOf, code, hear } = instance();
    await code(key);
    const after = (notice: Notice) => costOf(async () => (hear(notice), expect(await code(key)).toBe("VALID")));
    expect(await after({ kind: "key", lookupId })).toEqual({ keys: 1, tenants: 0, hashes: 0 });
    expect(await after({ kind: "tenant", tenantId })).toEqual({ keys: 0, tenants: 1, hashes: 0 });
    expect(await after({ kind: "all" })).toEqual({ keys: 1, tenants: 1, hashes: 0 });
    expect(await after({ kind: "key", lookupId: "000000000000" })).toEqual(NOTHING);
    expect(await after({ kind: "tenant", tenantId: "00000000-0000-4000-8000-000000000000" })).toEqual(NOTHING);
  });
});

describe("the project that is asked about, of a key that is bound to none", () => {
  const TENANT_ONLY = { keys: 0, tenants: 1, hashes: 0 };
  const archive = (id: string) => app.sql("update tenant_projects set status = 'archived' where id = $1", [id]);

  it("is read once for each of its names, and then costs nothing, and the answer is there at once", async () => {
    const { key, project } = await home();
    const { id, slug } = await project();
    const { costOf, code, ask } = instance();
    expect(await costOf(async () => expect(await code(key, { project: slug })).toBe("VALID"))).toEqual({ keys: 1, tenants: 2, hashes: 1 });
    expect(await costOf(async () => expect(await code(key, { project: id })).toBe("VALID"))).toEqual(TENANT_ONLY);
    const known = await costOf(() => {
      for (const name of [slug, id, id.toUpperCase(), null]) expect(ask(key, { project: name })).toMatchObject({ code: "VALID" });
    });
    expect(known).toEqual(NOTHING);
  });

  it("is not looked for when it is the implicit one, or by a text that can name none", async () => {
    const { key } = await home();
    const { costOf, code, ask } = instance();
    await code(key);
    const known = await costOf(() => {
      expect(ask(key, { project: "default" })).toMatchObject({ code: "VALID" });
      for (const project of ["", "a\0b", "\ud800", "Website", "website\n", "-", "x".repeat(41), "' or true --"]) expect(ask(key, { project })).toMatchObject({ code: "WRONG_PROJECT" });
    });
    expect(known).toEqual(NOTHING);
  });

  it("is not looked for of a key that is bound to another", async () => {
    const own = await home();
    const [{ id }, other] = [await own.project(), await own.project()];
    await app.sql("update api_keys set project_id = $2 where id = $1", [own.id, id]);
    const { costOf, code, ask } = instance();
    expect(await costOf(async () => expect(await code(own.key, { project: other.slug })).toBe("WRONG_PROJECT"))).toEqual({ keys: 1, tenants: 1, hashes: 1 });
    expect(await costOf(() => expect(ask(own.key, { project: id })).toMatchObject({ code: "VALID" }))).toEqual(NOTHING);
  });

  it("is another tenant's: that costs a statement each time, and what is remembered of the other tenant is not told of this one", async () => {
    const [mine, other] = [await home(), await home()];
    const theirs = await other.project();
    const { costOf, code } = instance();
    for (const project of [theirs.slug, theirs.id]) expect(await code(other.key, { project })).toBe("VALID");
    await code(mine.key);
    for (const project of [theirs.slug, theirs.id, theirs.slug]) expect(await costOf(async () => expect(await code(mine.key, { project })).toBe("WRONG_PROJECT"))).toEqual(TENANT_ONLY);
  });

  it("is not there, and is made later: nothing tells of that, and nobody has to", async () => {
    const { key, project } = await home();
    const { code } = instance();
    expect(await code(key, { project: "later" })).toBe("WRONG_PROJECT");
    await project({ slug: "later" });
    expect(await code(key, { project: "later" })).toBe("VALID");
  });

  it("is made while others wait for the answer that it is not there: who asks afterwards is told that it is", async () => {
    const { key, project } = await home();
    const { code, gates, costOf } = instance();
    await code(key);
    gates.projects.close();
    const before = code(key, { project: "just-made" });
    await vi.waitFor(() => expect(gates.projects.waiting).toBe(1));
    await project({ slug: "just-made" });
    const after = Array.from({ length: 50 }, () => code(key, { project: "just-made" }));
    gates.projects.open();
    expect(await costOf(async () => expect(new Set(await Promise.all(after))).toEqual(new Set(["VALID"])))).toEqual(TENANT_ONLY);
    expect(await before).toBe("WRONG_PROJECT");
  });

  it("is archived after it was known, and that is heard", async () => {
    const { key, project, tenantId } = await home();
    const { id, slug } = await project();
    const { code, hear } = instance();
    expect(await code(key, { project: slug })).toBe("VALID");
    await archive(id);
    hear({ kind: "tenant", tenantId });
    for (const name of [slug, id]) expect(await code(key, { project: name })).toBe("WRONG_PROJECT");
    expect(await code(key)).toBe("VALID");
  });

  it.each(["tenants", "projects"] as const)("is archived while a verification waits for its %s, and that is heard", async (at) => {
    const { key, project, tenantId } = await home();
    const { id, slug } = await project();
    const { code, gates, hear } = instance();
    gates[at].close();
    const before = code(key, { project: slug });
    await vi.waitFor(() => expect(gates[at].waiting).toBe(1));
    await archive(id);
    hear({ kind: "tenant", tenantId });
    const after = code(key, { project: slug });
    gates[at].open();
    expect([await before, await after, await code(key, { project: slug })]).toEqual(["WRONG_PROJECT", "WRONG_PROJECT", "WRONG_PROJECT"]);
  });

  it.each([[true], [false]])("is long in coming, and the key was revoked meanwhile; there is such a project: %s", async (made) => {
    const { key, id, lookupId, project } = await home();
    const { slug } = made ? await project() : { slug: "nowhere" };
    const { verifier, code, gates } = instance();
    gates.projects.close();
    const asked = code(key, { project: slug });
    await vi.waitFor(() => expect(gates.projects.waiting).toBe(1));
    await revoke(id);
    verifier.forget(lookupId);
    gates.projects.open();
    expect(await asked).toBe("REVOKED");
  });

  it("takes its place among the 64 details of its tenant", async () => {
    const { key, project } = await home();
    const { costOf, code } = instance();
    for (let n = 0; n < 64; n++) expect(await code(key, { project: (await project({ slug: `p${n}` })).slug })).toBe("VALID");
    expect(await costOf(() => code(key, { project: "p63" }))).toEqual(NOTHING);
    expect(await costOf(async () => expect(await code(key, { project: "p0" })).toBe("VALID"))).toEqual(TENANT_ONLY);
  });

  it("cannot be read: a fault, and never a verdict", async () => {
    const { key, project } = await home();
    const { slug } = await project();
    const { code, limits } = instance();
    expect(await code(key)).toBe("VALID");
    limits.maxWaiting = -1_000;
    await expect(code(key, { project: slug })).rejects.toMatchObject({ name: "Fault", code: "UNAVAILABLE", retryable: true });
    limits.maxWaiting = 1_000;
    expect(await code(key, { project: slug })).toBe("VALID");
  });
});

describe("deadlines in what is remembered", () => {
  it.each<[string, (end: Date) => { key?: Record<string, unknown>; tenant?: Record<string, unknown>; entitlement?: Record<string, unknown> }, string]>([
    ["of the key", (end) => ({ key: { expires_at: end } }), "EXPIRED"],
    ["of its time beside a successor", (end) => ({ key: { rotated_at: new Date(0), overlap_ends_at: end } }), "REVOKED"],
    ["of the tenant's trial", (end) => ({ tenant: { status: "trial", trial_ends_at: end } }), "TENANT_FROZEN"],
    ["of the entitlement", (end) => ({ entitlement: { expires_at: end } }), "NOT_ENTITLED"],
  ])("are exact to the millisecond without a statement: the end %s", async (_what, changes, ended) => {
    const end = new Date(Date.now() + 3_600_000);
    const { key: row = {}, tenant = {}, entitlement = {} } = changes(end);
    const { key, tenantId } = await home(row);
    const write = async (table: string, where: string, values: Record<string, unknown>) => {
      for (const [column, value] of Object.entries(values)) await app.sql(`update ${table} set ${column} = $2 where ${where} = $1`, [tenantId, value]);
    };
    await write("tenants", "id", tenant);
    await write("tenant_products", "tenant_id", entitlement);
    const { costOf, code, ask, clock } = instance();
    expect(await code(key)).toBe("VALID");
    const known = await costOf(() => {
      for (const [ms, expected] of [[-1, "VALID"], [0, ended], [1, ended], [-1, "VALID"]] as const) {
        clock.now = new Date(end.getTime() + ms);
        expect(ask(key)).toMatchObject({ code: expected, checkedAt: clock.now });
      }
    });
    expect(known).toEqual(NOTHING);
  });

  it("are exact for the grace of a frozen tenant, too: read-only until it is over", async () => {
    const { key, tenantId } = await home();
    const frozenAt = new Date();
    await app.sql("update tenants set status = 'frozen', frozen_at = $2 where id = $1", [tenantId, frozenAt]);
    const { ask, clock } = instance();
    const end = frozenAt.getTime() + 30 * 86_400_000;
    expect(await ask(key, { acceptReadOnly: true })).toMatchObject({ code: "TENANT_FROZEN", readOnly: true, tenantId });
    clock.now = new Date(end - 1);
    expect(ask(key, { acceptReadOnly: true })).toMatchObject({ readOnly: true });
    clock.now = new Date(end);
    expect(ask(key, { acceptReadOnly: true })).toMatchObject({ code: "TENANT_FROZEN", readOnly: false, tenantId: null });
  });
});

describe("an end that was acknowledged is seen by whoever asks afterwards", () => {
  it.each(["keys", "hashes", "tenants"] as const)("while a first verification of the same key waits for its %s", async (at) => {
    const { key, id, lookupId } = await home();
    const { verifier, code, gates } = instance();
    gates[at].close();
    const before = code(key);
    await vi.waitFor(() => expect(gates[at].waiting).toBe(1));
    await revoke(id);
    verifier.forget(lookupId);
    const after = code(key);
    gates[at].open();
    expect(await after).toBe("REVOKED");
    expect(["VALID", "REVOKED"]).toContain(await before);
    expect(await code(key)).toBe("REVOKED");
  });

  it("while what is known of it is being read anew", async () => {
    const { key, id, lookupId } = await home();
    const { verifier, code, gates } = instance();
    await code(key);
    verifier.forget(lookupId);
    gates.keys.close();
    const before = code(key);
    await vi.waitFor(() => expect(gates.keys.waiting).toBe(1));
    await revoke(id);
    verifier.forget(lookupId);
    const after = code(key);
    gates.keys.open();
    expect([await before, await after, await code(key)]).toEqual(["REVOKED", "REVOKED", "REVOKED"]);
  });

  it("and so is a tenant's that was heard of while its facts were being read", async () => {
    const { key, tenantId } = await home();
    const { code, gates, hear } = instance();
    gates.tenants.close();
    const before = code(key);
    await vi.waitFor(() => expect(gates.tenants.waiting).toBe(1));
    await freeze(tenantId);
    hear({ kind: "tenant", tenantId });
    const after = code(key);
    gates.tenants.open();
    expect([await before, await after, await code(key)]).toEqual(["TENANT_FROZEN", "TENANT_FROZEN", "TENANT_FROZEN"]);
  });

  it("and is told by whoever asked before, too, where the tenant's facts were long in coming: a verdict says how old it can be", async () => {
    const { key, id, lookupId } = await home();
    const { verifier, code, gates, costOf } = instance();
    gates.tenants.close();
    const asked = code(key);
    await vi.waitFor(() => expect(gates.tenants.waiting).toBe(1));
    await revoke(id);
    verifier.forget(lookupId);
    gates.tenants.open();
    expect(await costOf(async () => expect(await asked).toBe("REVOKED"))).toEqual({ keys: 1, tenants: 0, hashes: 0 });
  });

  it("and so is anything that happened before notices came again", async () => {
    const { key, id } = await home();
    const { code, gates, hear } = instance();
    gates.keys.close();
    const before = code(key);
    await vi.waitFor(() => expect(gates.keys.waiting).toBe(1));
    await revoke(id);
    hear({ kind: "all" });
    const after = code(key);
    gates.keys.open();
    expect([await after, await code(key)]).toEqual(["REVOKED", "REVOKED"]);
    await before;
  });

  it("of a key that is gone", async () => {
    const { key, id, lookupId } = await home();
    const { verifier, code } = instance();
    expect(await code(key)).toBe("VALID");
    await app.sql("delete from api_keys where id = $1", [id]);
    verifier.forget(lookupId);
    expect(await code(key)).toBe("NOT_FOUND");
  });

  it("of a secret that was replaced: the old one is as wrong as any other, and takes as long", async () => {
    const [{ key, id, lookupId }, other] = [await home(), await home()];
    const { verifier, code, costOf } = instance();
    expect(await code(key)).toBe("VALID");
    await app.sql("update api_keys set hash = (select hash from api_keys where id = $2) where id = $1", [id, other.id]);
    verifier.forget(lookupId);
    expect(await code(key)).toBe("NOT_FOUND");
    expect(await costOf(() => code(key))).toEqual({ keys: 1, tenants: 0, hashes: 1 });
  });
});

describe("a fault, and never a verdict", () => {
  const UNAVAILABLE = { name: "Fault", code: "UNAVAILABLE", retryable: true };

  it("at once, with nothing read, when too many keys wait to be compared", async () => {
    const { code, costOf, gates } = instance({ bounds: { atOnce: 1, maxWaiting: 1 } });
    gates.hashes.close();
    const taken = ["000000000000", "111111111111"].map((lookupId) => code(forgedKey(lookupId)));
    await vi.waitFor(() => expect(gates.hashes.waiting).toBe(1));
    expect(await costOf(() => expect(code(forgedKey("222222222222"))).rejects.toMatchObject(UNAVAILABLE))).toEqual(NOTHING);
    gates.hashes.open();
    expect(await Promise.all(taken)).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  });

  it("when what may have changed cannot be read, and the verdict as soon as it can", async () => {
    const { key, lookupId, tenantId } = await home();
    const { code, hear, limits } = instance();
    expect(await code(key)).toBe("VALID");
    for (const notice of [{ kind: "key", lookupId }, { kind: "tenant", tenantId }] as const) {
      hear(notice);
      limits.maxWaiting = -1_000;
      await expect(code(key)).rejects.toMatchObject(UNAVAILABLE);
      limits.maxWaiting = 1_000;
      expect(await code(key)).toBe("VALID");
    }
  });

  it("for all who wait for the same comparison, and for nobody after them", async () => {
    const { key } = await home();
    const { code, limits } = instance();
    limits.maxWaiting = -1_000;
    const asked = await Promise.allSettled([code(key), code(key), code(key)]);
    expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    limits.maxWaiting = 1_000;
    expect(await code(key)).toBe("VALID");
  });
});

describe("a key whose pepper is not here", () => {
  it.each<[string, Record<string, unknown>]>([
    ["was revoked", { revoked_at: new Date() }],
    ["has ended by itself", { expires_at: new Date(0) }],
    ["has ended beside its successor", { rotated_at: new Date(0), overlap_ends_at: new Date(0) }],
  ])("and that %s is none, at the cost of one that there is not: its pepper may be gone for good, and who asks about many is to get an answer", async (_what, ended) => {
    const { key, lookupId } = await home({ pepper_id: "gone", ...ended });
    const { verifier, code, costOf } = instance();
    for (const text of [key, forgedKey(lookupId)]) {
      expect(await costOf(async () => expect(await code(text)).toBe("NOT_FOUND"))).toMatchObject({ keys: 1, tenants: 0 });
      expect(await verifier.prove("scanner", text)).toBeNull();
    }
  });

  it("and that works elsewhere is not denied", async () => {
    const { key } = await home({ pepper_id: "gone" });
    const { verifier, code } = instance();
    await expect(code(key)).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
    await expect(verifier.prove("scanner", key)).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
  });
});

describe("proving a key for whoever found it", () => {
  it("tells its row, also of one that has ended, without what it is compared with", async () => {
    const { key, id, tenantId, lookupId } = await home({ revoked_at: new Date() });
    const row = await instance().verifier.prove("scanner", key);
    expect(row).toMatchObject({ id, tenantId, lookupId });
    expect(Object.keys(row ?? {})).not.toEqual(expect.arrayContaining(["hash"]));
    expect(JSON.stringify(row)).not.toContain("argon2");
  });

  it("tells nothing of anything else, and remembers nothing", async () => {
    const { key, lookupId } = await home();
    const { verifier, costOf } = instance();
    for (const text of ["", lookupId, key.slice(0, -1), forgedKey(lookupId), forgedKey("000000000000")]) expect(await verifier.prove("scanner", text)).toBeNull();
    for (let n = 0; n < 2; n++) expect(await costOf(() => verifier.prove("scanner", key))).toEqual({ keys: 1, tenants: 0, hashes: 1 });
  });
});

describe("keys from elsewhere", () => {
  const TEXT = "legacy-0a1b2c3d4e5f";
  const LOOKUP = `~${Buffer.from(TEXT.slice(0, 8)).toString("hex")}`;
  const FOREIGN = "$argon2id$v=19$m=64,t=1,p=1";

  /** A key of another service, in its seat among those that begin the same. */
  async function foreign(text: string, seat: number) {
    const tenant = await tenantWithCrm(world);
    const hash = await argon2(text, { type: argon2id, memoryCost: 64, timeCost: 1, parallelism: 1 });
    const { id } = await tenant.apiKey({ lookupId: LOOKUP, hash });
    await app.sql("update api_keys set lookup_seat = $2, environment = null where id = $1", [id, seat]);
    return { id, tenantId: tenant.id };
  }

  it("are found beside another tenant's that begins the same and whose pepper is not here; what is none of them may be that one", async () => {
    const [theirs, mine] = [await foreign(`${TEXT}-theirs`, 1), await foreign(`${TEXT}-mine`, 2)];
    await app.sql("update api_keys set pepper_id = 'gone' where id = $1", [theirs.id]);
    const { ask } = instance({ imported: true });
    expect(await ask(`${TEXT}-mine`)).toMatchObject({ code: "VALID", tenantId: mine.tenantId });
    for (const text of [`${TEXT}-theirs`, `${TEXT}-nobodys`]) await expect(ask(text)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await app.sql("delete from api_keys where lookup_id = $1", [LOOKUP]);
  });

  it("are found among those that begin the same, only where they are looked for, and are hashed anew when there is time", async () => {
    const texts = [`${TEXT}-one`, `${TEXT}-two`];
    const planted: { id: string; tenantId: string }[] = [];
    for (const [seat, text] of texts.entries()) {
      const { id, tenantId } = await foreign(text, seat + 1);
      planted.push({ id, tenantId });
    }
    const { ask, code, usage, verifier } = instance({ imported: true });
    for (const [at, text] of texts.entries()) expect(await ask(text)).toMatchObject({ code: "VALID", tenantId: planted[at]?.tenantId });
    expect(await code(`${TEXT}-three`)).toBe("NOT_FOUND");
    expect(await instance().code(texts[0] ?? "")).toBe("MALFORMED");
    const hashes = async () => (await app.sql<{ hash: string }>("select hash from api_keys where id = any($1)", [planted.map(({ id }) => id)])).map(({ hash }) => hash);
    await vi.waitFor(async () => {
      await usage.flush();
      expect((await hashes()).filter((hash) => hash.startsWith(FOREIGN))).toEqual([]);
    });
    verifier.forget(LOOKUP);
    for (const text of texts) expect(await code(text)).toBe("VALID");
    await app.sql("delete from api_keys where lookup_id = $1", [LOOKUP]);
  });
});
