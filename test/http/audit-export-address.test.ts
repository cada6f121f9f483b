/** Owns the guarantees of the address of an export of the audit log: it is good for what was asked for, for an hour, and for nothing else. */
import { createHash } from "node:crypto";
import { SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { signingKeyFrom } from "../../src/audit-proof/audit-proof.keys.js";
import { addressFor, eventsIn, linesIn } from "../testkit/audit-export.js";
import { eventsOf } from "../testkit/events.js";
import { plantEvent } from "../testkit/planted-events.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const seen = async (response: Response) => [response.status, [...response.headers].filter(([name]) => name !== "date" && name !== "x-request-id"), await response.text()];
const nowhere = async () => seen(await fetch(`${app.url}/nothing-here`));
const ticketOf = (address: string) => address.split("/").at(-1) ?? "";
const payloadOf = (ticket: string) => JSON.parse(Buffer.from(ticket.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;

/** A ticket that says what it is told to, signed with the service's own key unless told otherwise. */
function forged(payload: Record<string, unknown>, { seed = app.config.audit.keys[0]?.seed ?? Buffer.alloc(32), kid = "dev", typ = "audit-export+jwt" } = {}): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: "EdDSA", kid, typ }).sign(signingKeyFrom(kid, seed).privateKey);
}

describe("an address", () => {
  it.each<[string, (ticket: string, other: string) => string | Promise<string>]>([
    ["of another signature", (ticket, other) => [...ticket.split(".").slice(0, 2), other.split(".")[2]].join(".")],
    ["of another tenant with this signature", (ticket, other) => [ticket.split(".")[0], other.split(".")[1], ticket.split(".")[2]].join(".")],
    ["without its signature", (ticket) => ticket.split(".").slice(0, 2).join(".")],
    ["of no algorithm", (ticket) => `${Buffer.from('{"alg":"none","typ":"audit-export+jwt"}').toString("base64url")}.${ticket.split(".")[1]}.`],
    ["signed by another key under the same name", (ticket) => forged(payloadOf(ticket), { seed: createHash("sha256").update("another").digest() })],
    ["signed by a key of another name", (ticket) => forged(payloadOf(ticket), { kid: "other" })],
    ["signed as something else than a ticket", (ticket) => forged(payloadOf(ticket), { typ: "audit-viewer+jwt" })],
    ["signed for something else than an export", (ticket) => forged({ ...payloadOf(ticket), aud: "audit-viewer" })],
    ["signed for another registry", (ticket) => forged({ ...payloadOf(ticket), iss: "https://other.example" })],
    ["that never expires", (ticket) => forged({ ...payloadOf(ticket), exp: undefined })],
    ["of a tenant that is not there", (ticket) => forged({ ...payloadOf(ticket), tenant: "00000000-0000-4000-8000-000000000000" })],
    ["with more behind it", (ticket) => `${ticket}A`],
    ["below it", (ticket) => `${ticket}/events`],
    ["that is empty", () => ""],
    ["as long as a header may be", (ticket) => `${ticket}${"A".repeat(10_000)}`],
  ])("%s leads nowhere, like any path that does not exist", async (_what, changed) => {
    const [mine, theirs] = [await addressFor(app, (await world.tenant()).auditor), await addressFor(app, (await world.tenant()).auditor)];
    expect((await fetch(mine)).status).toBe(200);
    expect(await seen(await fetch(`${app.url}/audit/exports/${await changed(ticketOf(mine), ticketOf(theirs))}`))).toEqual(await nowhere());
  });

  it("of a checkpoint, which the same key signed, leads nowhere", async () => {
    const address = await addressFor(app, (await world.tenant()).auditor);
    const signed = linesIn(await (await fetch(address)).text()).flatMap((line) => (line.type === "checkpoint" ? [line.signed] : []));
    expect(signed.length).toBeGreaterThan(0);
    expect(await seen(await fetch(`${app.url}/audit/exports/${signed[0]}`))).toEqual(await nowhere());
  });

  it.each(["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("answers no %s", async (method) => {
    const address = await addressFor(app, (await world.tenant()).auditor);
    expect(await seen(await fetch(address, { method }))).toEqual(await seen(await fetch(`${app.url}/nothing-here`, { method })));
  });

  it("can be fetched until just before its hour is over, by the service's clock, and not from then on", async () => {
    const address = await addressFor(app, (await world.tenant()).auditor);
    const exp = new Date(Number(payloadOf(ticketOf(address))["exp"]) * 1_000);
    app.clock.now = new Date(exp.getTime() - 1);
    expect((await fetch(address)).status).toBe(200);
    app.clock.now = exp;
    expect(await seen(await fetch(address))).toEqual(await nowhere());
  });

  it("needs no token, and what it gives does not change with one", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    await plantEvent(app, theirs.id, { action: "theirs.own" });
    const address = await addressFor(app, mine.auditor);
    const text = await (await fetch(address, { headers: { authorization: `Bearer ${theirs.admin.token}`, "x-tenant-id": theirs.id } })).text();
    expect(eventsIn(text).map(({ columns }) => columns["tenant_id"])).toEqual(eventsIn(text).map(() => mine.id));
    expect(text).not.toContain("theirs.own");
  });

  it("is in no log line and no row, used or misused", async () => {
    const { id, auditor } = await world.tenant();
    const address = await addressFor(app, auditor);
    for (const init of [{}, { method: "POST" }]) await (await fetch(address, init)).text();
    for (const end of ["%zz", "A", "?after=x"]) await (await fetch(`${address}${end}`)).text();
    const signature = ticketOf(address).split(".")[2] ?? "";
    expect(signature.length).toBeGreaterThan(40);
    expect(app.logged.join("")).not.toContain(signature);
    expect(JSON.stringify(await eventsOf(app, id))).not.toContain(signature);
  });
});
