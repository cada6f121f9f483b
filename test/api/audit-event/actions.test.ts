import { beforeAll, describe, expect, it } from "vitest";
import { schemaCheck } from "../../../src/catalog/catalog.json-schema.js";
import { ACTIONS, recordedEntry, recordedMetadata } from "../../../src/audit-event/audit-event.actions.js";
import { CHANGE_ACTIONS, SYSTEM_ACTIONS } from "../../../src/kernel/action.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../../testkit/world.js";

const LIST = "{ auditActions { action crud description isFailure metadataSchema } }";
type Listed = { action: string; crud: string; description: string; isFailure: boolean; metadataSchema: Record<string, any> }; // any: the shape is a schema's

let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  world = await openWorld(await registry());
  tenant = await world.tenant();
});

const listed = async (): Promise<Listed[]> => data(await tenant.auditor.run(LIST))["auditActions"];

describe("the registry's own actions", () => {
  it("unauthenticated: nobody without a token is told them", async () => void fault(await world.anonymous.run(LIST), "UNAUTHENTICATED"));

  it("forbidden: who does not read the log is not told them", async () => {
    for (const caller of [tenant.member, world.service]) fault(await caller.run(LIST), "FORBIDDEN");
  });

  it("are all that a change can be recorded as, in order", async () => {
    const actions = [...CHANGE_ACTIONS, ...SYSTEM_ACTIONS].filter((action) => action !== "audit.append");
    expect((await listed()).map(({ action }) => action)).toEqual(actions.sort());
  });

  it("say what they do, and which of them tell of failures", async () => {
    for (const { crud, description, isFailure, action } of await listed()) {
      expect(["CREATE", "READ", "UPDATE", "DELETE"]).toContain(crud);
      expect(description).toMatch(/^[A-Z].+\.$/);
      expect([action, isFailure]).toEqual([action, action === "keycloak.provision_failed"]);
    }
  });

  it.each(Object.keys(ACTIONS))("%s has a JSON Schema that nothing else fits", (action) => {
    const { metadata } = recordedEntry(action as keyof typeof ACTIONS);
    expect(schemaCheck(metadata)({ stranger: 1 })).not.toEqual([]);
  });

  it("are as the document says", async () => {
    const line = ({ action, crud, description, metadataSchema: { properties, required } }: Listed) => {
      const members = Object.keys(properties).filter((name) => name !== "actor_role").map((name) => (required.includes(name) ? `\`${name}\`` : `\`${name}\`?`));
      return `| \`${action}\` | ${crud.toLowerCase()} | ${description} | ${members.join(", ")} |`;
    };
    const text = [
      "# What the registry records itself",
      "",
      "Every action of the registry's own events, what it does to its target, and what their metadata holds; `?` marks what only some of them have. Where somebody of",
      "the platform's staff did it, there is also `actor_role`. The JSON Schema of each is in the graph: `{ auditActions { action metadataSchema } }`. What products append",
      "has actions of their own.",
      "",
      "| action | crud | what happened | metadata |",
      "|---|---|---|---|",
      ...(await listed()).map(line),
      "",
    ].join("\n");
    await expect(text).toMatchFileSnapshot("../../../docs/audit-actions.md");
  });
});

describe("metadata of the registry's own events", () => {
  it("is told as JSON", () => {
    expect(recordedMetadata("tenant.export", { expiresAt: new Date(0), actor_role: "operator" })).toEqual({ expiresAt: "1970-01-01T00:00:00.000Z", actor_role: "operator" });
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["lacks a member", {}, /project\.create .*slug/],
    ["has one of another kind", { slug: 7 }, /slug/],
    ["has one that nobody knows", { slug: "p1", password: "s3cret" }, /password/],
  ])("is refused when it %s, without a word of its values", (_, metadata, words) => {
    const record = () => recordedMetadata("project.create", metadata);
    expect(record).toThrow(words);
    expect(record).not.toThrow(/s3cret/);
  });

  it("there is none of the right to append", () => expect(() => recordedEntry("audit.append")).toThrow("the action of none"));
});
