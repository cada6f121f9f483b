/** Owns every place of every name at which a component stands, texts that must not stand there, and what a refusal is. */
import {
  logFields, messageSubject, NameRefusedError, type Resource, resourceName, type SecretOwner, secretPaths, sessionPath, stateKey, subjectFilter, tenantContext,
} from "../src/index.js";
import { support } from "./table.js";

export type Component = string | null;
/** What takes the component, whatever it is: plain JavaScript has no types to stop it. */
export type Print = (component: never) => unknown;

const inSecrets = (owner: SecretOwner, ...key: string[]) => secretPaths.secrets.print({ owner, key });
const inGbo = (owner: SecretOwner, ...key: string[]) => secretPaths.gbo.print({ owner, key });
const resource = (parts: Partial<Resource>) => resourceName.print({ ...support, item: null, ...parts });
const item = (kind: "channels" | "flows" | "sessions" | "secrets", id: string) => resource({ item: { kind, id } });
const whole = { kind: "tenant", ...support } as const;
const system = { kind: "system" } as const;

export const slugPlaces: Readonly<Record<string, readonly Print[]>> = {
  tenant: [
    (tenant) => tenantContext({ ...support, tenant }),
    (tenant) => sessionPath.print({ context: { ...support, tenant }, session: "1" }),
    (tenant) => stateKey.print({ context: { ...support, tenant }, session: "1" }),
    (tenant) => messageSubject.print({ context: { ...support, tenant }, channel: "slack" }),
    (tenant) => subjectFilter({ tenant }),
    (tenant) => inSecrets({ ...whole, tenant }, "api_key"),
    (tenant) => inGbo({ ...whole, tenant }, "api_key"),
    (tenant) => inGbo({ kind: "bot", tenant, environment: null, bot: "helper" }, "email"),
    (tenant) => inGbo({ kind: "user", tenant, environment: null, user: "ada" }, "email"),
    (tenant) => resource({ tenant }),
    (tenant) => logFields.print({ ...support, tenant }),
    (tenant) => logFields.parse({ tenant_id: tenant, env_id: "prod", team_id: null }),
  ],
  environment: [
    (environment) => tenantContext({ ...support, environment }),
    (environment) => sessionPath.print({ context: { ...support, environment }, session: "1" }),
    (environment) => stateKey.print({ context: { ...support, environment }, session: "1" }),
    (environment) => messageSubject.print({ context: { ...support, environment }, channel: "slack" }),
    (environment) => inSecrets({ ...whole, environment }, "api_key"),
    (environment) => inGbo({ ...whole, environment }, "api_key"),
    (environment) => inGbo({ kind: "bot", tenant: "acme", environment, bot: "helper" }, "email"),
    (environment) => inGbo({ kind: "user", tenant: "acme", environment, user: "ada" }, "email"),
    (environment) => resource({ environment }),
    (environment) => logFields.print({ ...support, environment }),
    (environment) => logFields.parse({ tenant_id: "acme", env_id: environment, team_id: null }),
  ],
  team: [
    (team) => sessionPath.print({ context: { ...support, team }, session: "1" }),
    (team) => stateKey.print({ context: { ...support, team }, session: "1" }),
    (team) => messageSubject.print({ context: { ...support, team }, channel: "slack" }),
    (team) => inSecrets({ ...whole, team }, "api_key"),
    (team) => inGbo({ ...whole, team }, "api_key"),
    (team) => resource({ team }),
    (team) => logFields.print({ ...support, team }),
    (team) => logFields.parse({ tenant_id: "acme", env_id: "prod", team_id: team }),
  ],
  channel: [(channel) => messageSubject.print({ context: support, channel }), (channel) => item("channels", channel)],
  cluster: [(cluster) => inGbo({ kind: "cluster", cluster }, "config", "domain")],
};

export const keyPlaces: Readonly<Record<string, readonly Print[]>> = {
  key: [
    (key) => inSecrets(system, key),
    (key) => inGbo(whole, "llm", key),
    (key) => inGbo(system, "a", "b", "c", key),
    (key) => item("secrets", key),
  ],
  flow: [(flow) => item("flows", flow)],
};

export const encodedPlaces: Readonly<Record<string, readonly Print[]>> = {
  session: [
    (session) => sessionPath.print({ context: support, session }),
    (session) => stateKey.print({ context: support, session }),
    (session) => item("sessions", session),
  ],
  bot: [(bot) => inGbo({ kind: "bot", tenant: "acme", environment: null, bot }, "email")],
  user: [(user) => inGbo({ kind: "user", tenant: "acme", environment: null, user }, "email")],
};

export const devices = ["con", "prn", "aux", "nul", "com0", "com1", "com9", "lpt0", "lpt1", "lpt9"];

/** What is no text, though some of it would turn into one. */
export const noTexts: readonly unknown[] = [
  undefined, 7, true, ["acme"], { toString: () => "acme" }, new String("acme"), Symbol("acme"), () => "acme", Object.create(null),
];

/** Texts that mean something somewhere, or look like another text. */
export const neverPlain: readonly string[] = [
  "", ".", "..", "a.b", "a/b", "a\\b", "../x", "a:b", "A", "aB", "a b", " a", "a ", "*", ">", "a*", "a>", "+", "%", "%2e", "=2e", "\0", "a\0", "\n", "a\n", "\na",
  "é", "e\u0301", "ａ", "ſ", "К", "a\u200b", "\ud800", "-a", "a-", "_a", "a_", "{a}", "a?", "[a]", "a#b", "a&b", "~", "$a", "a;b", "a,b", "a@b",
  "a".repeat(65), "a".repeat(5_000_000),
];

/** What was refused, or undefined when nothing was. Any other error is passed on. */
export function refusal(attempt: () => unknown): NameRefusedError | undefined {
  try {
    attempt();
  } catch (error) {
    if (error instanceof NameRefusedError) return error;
    throw error;
  }
}
