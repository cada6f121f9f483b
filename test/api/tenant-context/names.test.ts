import { beforeAll, describe, expect, it } from "vitest";
import { logFields, messageSubject, resourceName, secretPaths, sessionPath, stateKey } from "../../../packages/tenant-names/src/index.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../../testkit/world.js";

let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  world = await openWorld(await registry());
  tenant = await world.tenant();
  for (const slug of ["prod", "staging"]) await tenant.environment({ slug });
  await tenant.team({ slug: "support" });
});

/** What each argument of the fields is declared as. */
const TYPES: Record<string, string> = { session: "String!", channel: "String!", profile: "SecretProfile!", key: "String!", shared: "Boolean!", kind: "ResourceKind", id: "String" };

type Where = { environment?: string; team?: string };

function ask(field: string, given: Record<string, unknown> = {}, { environment = "prod", team }: Where = {}) {
  const declared = Object.keys(given).map((name) => `, $${name}: ${TYPES[name]}`).join("");
  const args = Object.keys(given).map((name) => `${name}: $${name}`).join(", ");
  const document = `query ($environment: String, $team: String${declared}) { tenantContext(environment: $environment, team: $team) { names { ${field}${args && `(${args})`} } } }`;
  return tenant.member.run(document, { ...given, environment, team });
}

const nameOf = async (field: string, given?: Record<string, unknown>, where?: Where) => data(await ask(field, given, where))["tenantContext"].names[field];

const SUPPORT: Where = { team: "support" };

describe("names", () => {
  it.each<[field: string, given: Record<string, unknown>, where: Where, expected: string]>([
    ["sessionPath", { session: "session_001" }, SUPPORT, "sessions/{t}/prod/support/session_001.cbor"],
    ["sessionPath", { session: "session_006" }, {}, "sessions/{t}/prod/default/session_006.cbor"],
    ["sessionPath", { session: "T123:C7" }, SUPPORT, "sessions/{t}/prod/support/=54123=3a=437.cbor"],
    ["stateKey", { session: "../../bigcorp" }, SUPPORT, "state:{t}:prod:support:=2e=2e=2f=2e=2e=2fbigcorp"],
    ["stateKey", { session: "-1001234567890" }, { environment: "staging" }, "state:{t}:staging:default:-1001234567890"],
    ["messageSubject", { channel: "slack" }, SUPPORT, "greentic.messaging.ingress.prod.{t}.support.slack"],
    ["messageSubject", { channel: "slack" }, {}, "greentic.messaging.ingress.prod.{t}.default.slack"],
    ["subjectFilter", {}, SUPPORT, "greentic.messaging.ingress.prod.{t}.support.>"],
    ["subjectFilter", {}, {}, "greentic.messaging.ingress.prod.{t}.default.>"],
    ["secretPath", { key: "api_key" }, SUPPORT, "secrets/{t}/environments/prod/teams/support/api_key"],
    ["secretPath", { key: "api_key" }, {}, "secrets/{t}/environments/prod/api_key"],
    ["secretPath", { key: "webhook_secret", shared: true }, SUPPORT, "secrets/{t}/teams/support/webhook_secret"],
    ["secretPath", { key: "slack_bot_token", shared: true }, {}, "secrets/{t}/slack_bot_token"],
    ["secretPath", { key: "oauth/google/client-id", profile: "GBO" }, SUPPORT, "gbo/orgs/{t}/environments/prod/teams/support/oauth/google/client-id"],
    ["resourceName", {}, SUPPORT, "tenants/{t}/environments/prod/teams/support"],
    ["resourceName", { kind: "CHANNELS", id: "slack" }, SUPPORT, "tenants/{t}/teams/support/channels/slack"],
    ["resourceName", { kind: "FLOWS", id: "acme_support_flow" }, SUPPORT, "tenants/{t}/flows/acme_support_flow"],
    ["resourceName", { kind: "SESSIONS", id: "session_001" }, SUPPORT, "tenants/{t}/environments/prod/teams/support/sessions/session_001"],
    ["resourceName", { kind: "SECRETS", id: "api_key" }, {}, "tenants/{t}/environments/prod/secrets/api_key"],
  ])("%s of %o in %o", async (field, given, where, expected) => {
    expect(await nameOf(field, given, where)).toBe(expected.replace("{t}", tenant.slug));
  });

  it("logFields are the slugs, and null for no team", async () => {
    expect(await nameOf("logFields", {}, SUPPORT)).toEqual({ tenant_id: tenant.slug, env_id: "prod", team_id: "support" });
    expect(await nameOf("logFields")).toEqual({ tenant_id: tenant.slug, env_id: "prod", team_id: null });
  });

  it("are read back by the package to the same context", async () => {
    const context = { tenant: tenant.slug, environment: "prod", team: "support" };
    const session = "19:Ünïcode@thread.v2";
    expect(sessionPath.parse(await nameOf("sessionPath", { session }, SUPPORT))).toEqual({ context, session });
    expect(stateKey.parse(await nameOf("stateKey", { session }, SUPPORT))).toEqual({ context, session });
    expect(messageSubject.parse(await nameOf("messageSubject", { channel: "slack" }, SUPPORT))).toEqual({ context, channel: "slack" });
    expect(secretPaths.gbo.parse(await nameOf("secretPath", { key: "a/b", profile: "GBO" }, SUPPORT))).toEqual({ owner: { kind: "tenant", ...context }, key: ["a", "b"] });
    expect(resourceName.parse(await nameOf("resourceName", { kind: "SESSIONS", id: session }, SUPPORT))).toEqual({ ...context, item: { kind: "sessions", id: session } });
    expect(logFields.parse(await nameOf("logFields", {}, SUPPORT))).toEqual(context);
  });

  it.each<[field: string, given: Record<string, unknown>, argument: string]>([
    ["sessionPath", { session: "" }, "session"],
    ["sessionPath", { session: "x".repeat(251) }, "session"],
    ["stateKey", { session: "é".repeat(100) }, "session"],
    ["messageSubject", { channel: "a.b" }, "channel"],
    ["messageSubject", { channel: "default" }, "channel"],
    ["messageSubject", { channel: ">" }, "channel"],
    ["messageSubject", { channel: "con" }, "channel"],
    ["secretPath", { key: "" }, "key"],
    ["secretPath", { key: "/api_key" }, "key"],
    ["secretPath", { key: "../bigcorp/api_key" }, "key"],
    ["secretPath", { key: "teams/sales/api_key", shared: true }, "key"],
    ["secretPath", { key: "environments/staging/api_key", shared: true }, "key"],
    ["secretPath", { key: "a/b/c/d/e" }, "key"],
    ["secretPath", { key: ["a", "b", "c", "d"].map((part) => part.repeat(64)).join("/").concat("x"), profile: "GBO" }, "key"],
    ["resourceName", { kind: "CHANNELS", id: "Slack" }, "id"],
    ["resourceName", { kind: "FLOWS", id: "a.b" }, "id"],
    ["resourceName", { kind: "FLOWS" }, "id"],
    ["resourceName", { kind: "SESSIONS", id: "" }, "id"],
    ["resourceName", { id: "slack" }, "kind"],
  ])("invalid: %s of %o is the caller's fault, and is not repeated", async (field, given, argument) => {
    const { message } = fault(await ask(field, given, SUPPORT), "BAD_USER_INPUT", argument);
    for (const value of Object.values(given).filter((one) => typeof one === "string" && one.length > 3 && one !== "default" && one !== given["kind"])) expect(message).not.toContain(value);
  });

  it("invalid: half of a surrogate pair is no session", async () => {
    fault(await ask("sessionPath", { session: "\ud800" }, SUPPORT), "BAD_USER_INPUT", "session");
  });

  it("invalid: a channel is a team's", async () => {
    fault(await ask("resourceName", { kind: "CHANNELS", id: "slack" }), "BAD_USER_INPUT", "kind");
  });

  it("one refused name leaves the others of the document as they are", async () => {
    const { body } = await tenant.member.run('{ tenantContext(environment: "prod") { environment names { subjectFilter stateKey(session: "a") } } bad: tenantContext(environment: "prod") { names { stateKey(session: "") } } }');
    expect(body.data).toEqual({ tenantContext: { environment: "prod", names: { subjectFilter: expect.any(String), stateKey: `state:${tenant.slug}:prod:default:a` } }, bad: null });
    expect(body.errors).toMatchObject([{ path: ["bad", "names", "stateKey"], extensions: { code: "BAD_USER_INPUT", field: "session" } }]);
  });

  it("differ between two tenants in the tenant's place and nowhere else", async () => {
    const other = await world.tenant();
    await other.environment({ slug: "prod" });
    const document = `{ tenantContext(environment: "prod") { names { sessionPath(session: "a") stateKey(session: "a") messageSubject(channel: "a") subjectFilter secretPath(key: "a") gbo: secretPath(key: "a", profile: GBO) resourceName } } }`;
    const [mine, theirs] = [data(await tenant.member.run(document)), data(await other.member.run(document))].map(({ tenantContext }) => tenantContext.names as Record<string, string>);
    for (const [field, made] of Object.entries(mine ?? {})) {
      expect(made).not.toBe(theirs?.[field]);
      expect(made.replace(tenant.slug, other.slug)).toBe(theirs?.[field]);
    }
  });
});
