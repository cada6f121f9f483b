/** Owns the fixed table of names: what the documents that products were written by show, character for character. */
import {
  type Codec, logFields, messageSubject, type Resource, resourceName, secretPaths, type SecretOwner, type SecretProfile,
  sessionPath, stateKey, subjectFilter, tenantContext, type TenantContext,
} from "../src/index.js";

export const support = tenantContext({ tenant: "acme", environment: "prod", team: "support" });
export const sales = tenantContext({ tenant: "acme", environment: "prod", team: "sales" });
export const staging = tenantContext({ tenant: "acme", environment: "staging", team: "support" });
export const helpdesk = tenantContext({ tenant: "bigcorp", environment: "prod", team: "helpdesk" });
export const noTeam = tenantContext({ tenant: "acme", environment: "prod" });

interface Row {
  /** In the words of the README's table. */
  of: string;
  name: string;
  print: () => string;
  parse: () => unknown;
  value: unknown;
}

function row<T>(of: string, codec: Codec<T>, value: T, name: string): Row {
  return { of, name, value, print: () => codec.print(value), parse: () => codec.parse(name) };
}

const place = ({ tenant, environment, team }: TenantContext) => `${tenant}/${environment}/${team ?? "–"}`;
const session = (context: TenantContext, id: string, name: string) => row(`session ${place(context)} \`${id}\``, sessionPath, { context, session: id }, name);
const state = (context: TenantContext, id: string, name: string) => row(`state ${place(context)} \`${id}\``, stateKey, { context, session: id }, name);
const subject = (context: TenantContext, channel: string, name: string) => row(`subject ${place(context)} ${channel}`, messageSubject, { context, channel }, name);
const resource = (of: string, value: Resource, name: string) => row(`resource: ${of}`, resourceName, value, name);

function secret(profile: SecretProfile, of: string, owner: SecretOwner, name: string, parts = 1): Row {
  return row(`${profile}: ${of}`, secretPaths[profile], { owner, key: name.split("/").slice(-parts) }, name);
}

const system: SecretOwner = { kind: "system" };
const cluster: SecretOwner = { kind: "cluster", cluster: "prod" };
const tenant = (slug: string, team: string | null = null): SecretOwner => ({ kind: "tenant", tenant: slug, environment: null, team });
const bot: SecretOwner = { kind: "bot", tenant: "acme", environment: null, bot: "helper" };
const user: SecretOwner = { kind: "user", tenant: "acme", environment: null, user: "ada" };

export const rows: readonly Row[] = [
  session(support, "session_001", "sessions/acme/prod/support/session_001.cbor"),
  session(support, "session_002", "sessions/acme/prod/support/session_002.cbor"),
  session(sales, "session_003", "sessions/acme/prod/sales/session_003.cbor"),
  session(staging, "session_004", "sessions/acme/staging/support/session_004.cbor"),
  session(helpdesk, "session_005", "sessions/bigcorp/prod/helpdesk/session_005.cbor"),
  session(noTeam, "session_006", "sessions/acme/prod/default/session_006.cbor"),
  session(support, "T123:C7", "sessions/acme/prod/support/=54123=3a=437.cbor"),
  session(support, "con", "sessions/acme/prod/support/=63on.cbor"),
  state(support, "session_001", "state:acme:prod:support:session_001"),
  state(helpdesk, "session_005", "state:bigcorp:prod:helpdesk:session_005"),
  state(noTeam, "session_006", "state:acme:prod:default:session_006"),
  state(support, "-1001234567890", "state:acme:prod:support:-1001234567890"),
  state(support, "../../bigcorp", "state:acme:prod:support:=2e=2e=2f=2e=2e=2fbigcorp"),
  subject(support, "slack", "greentic.messaging.ingress.prod.acme.support.slack"),
  subject(support, "telegram", "greentic.messaging.ingress.prod.acme.support.telegram"),
  subject(sales, "teams", "greentic.messaging.ingress.prod.acme.sales.teams"),
  subject(staging, "slack", "greentic.messaging.ingress.staging.acme.support.slack"),
  subject(helpdesk, "webchat", "greentic.messaging.ingress.prod.bigcorp.helpdesk.webchat"),
  subject(noTeam, "slack", "greentic.messaging.ingress.prod.acme.default.slack"),
  secret("secrets", "platform", system, "secrets/global/signing_key"),
  secret("secrets", "acme", tenant("acme"), "secrets/acme/slack_bot_token"),
  secret("secrets", "acme", tenant("acme"), "secrets/acme/openai_api_key"),
  secret("secrets", "acme, support", tenant("acme", "support"), "secrets/acme/teams/support/webhook_secret"),
  secret("secrets", "bigcorp", tenant("bigcorp"), "secrets/bigcorp/telegram_bot_token"),
  secret("secrets", "acme/prod/support", { kind: "tenant", ...support }, "secrets/acme/environments/prod/teams/support/api_key"),
  secret("secrets", "acme/prod/–", { kind: "tenant", ...noTeam }, "secrets/acme/environments/prod/api_key"),
  secret("gbo", "platform", system, "gbo/system/jwt/secret", 2),
  secret("gbo", "platform", system, "gbo/system/email/smtp-host", 2),
  secret("gbo", "platform", system, "gbo/system/llm/providers/openai/api-key", 4),
  secret("gbo", "cluster prod", cluster, "gbo/tenants/prod/infrastructure/tables", 2),
  secret("gbo", "cluster prod", cluster, "gbo/tenants/prod/config/domain", 2),
  secret("gbo", "bot helper of acme", bot, "gbo/orgs/acme/bots/helper/email"),
  secret("gbo", "bot helper of acme", bot, "gbo/orgs/acme/bots/helper/api-keys/openai", 2),
  secret("gbo", "bot helper of acme, prod", { ...bot, environment: "prod" }, "gbo/orgs/acme/environments/prod/bots/helper/email"),
  secret("gbo", "user ada of acme", user, "gbo/orgs/acme/users/ada/email"),
  secret("gbo", "user ada of acme", user, "gbo/orgs/acme/users/ada/oauth/google/client-id", 3),
  secret("gbo", "acme/prod/support", { kind: "tenant", ...support }, "gbo/orgs/acme/environments/prod/teams/support/api_key"),
  resource("acme", { tenant: "acme", environment: null, team: null, item: null }, "tenants/acme"),
  resource("acme/prod/–", { ...noTeam, item: null }, "tenants/acme/environments/prod"),
  resource("acme/prod/support", { ...support, item: null }, "tenants/acme/environments/prod/teams/support"),
  resource("channel", { ...support, environment: null, item: { kind: "channels", id: "slack" } }, "tenants/acme/teams/support/channels/slack"),
  resource("flow", { tenant: "acme", environment: null, team: null, item: { kind: "flows", id: "acme_support_flow" } }, "tenants/acme/flows/acme_support_flow"),
  resource("secret", { ...noTeam, item: { kind: "secrets", id: "api_key" } }, "tenants/acme/environments/prod/secrets/api_key"),
  resource("session", { ...support, item: { kind: "sessions", id: "session_001" } }, "tenants/acme/environments/prod/teams/support/sessions/session_001"),
];

/** Names that go one way only, or are no text. */
export const filters: readonly { of: string; name: string; print: () => string }[] = [
  { of: "filter acme", name: "greentic.messaging.ingress.*.acme.>", print: () => subjectFilter({ tenant: "acme" }) },
  { of: "filter acme/prod", name: "greentic.messaging.ingress.prod.acme.>", print: () => subjectFilter({ tenant: "acme", environment: "prod" }) },
  { of: "filter acme/prod/support", name: "greentic.messaging.ingress.prod.acme.support.>", print: () => subjectFilter(support) },
  { of: "filter acme/prod/–", name: "greentic.messaging.ingress.prod.acme.default.>", print: () => subjectFilter(noTeam) },
  { of: "filter acme, support", name: "greentic.messaging.ingress.*.acme.support.>", print: () => subjectFilter({ tenant: "acme", team: "support" }) },
  { of: "log acme/prod/support", name: '{"tenant_id":"acme","env_id":"prod","team_id":"support"}', print: () => JSON.stringify(logFields.print(support)) },
  { of: "log acme/prod/–", name: '{"tenant_id":"acme","env_id":"prod","team_id":null}', print: () => JSON.stringify(logFields.print(noTeam)) },
];

/** The places of the platform's own secrets, one for every environment variable that they replace. */
export const systemSecrets: Readonly<Record<string, string>> = {
  JWT_SECRET: "gbo/system/jwt/secret",
  LLM_KEY: "gbo/system/llm/providers/openai/api-key",
  OPENAI_API_KEY: "gbo/system/llm/providers/openai/api-key",
  SMTP_HOST: "gbo/system/email/smtp-host",
  SMTP_USER: "gbo/system/email/smtp-user",
  SMTP_PASS: "gbo/system/email/smtp-password",
  SMTP_FROM: "gbo/system/email/smtp-from",
  FORGEJO_URL: "gbo/system/alm/url",
  FORGEJO_TOKEN: "gbo/system/alm/token",
  FORGEJO_DEFAULT_ORG: "gbo/system/alm/default-org",
  AWS_ACCESS_KEY_ID: "gbo/system/cloud/access-key",
  AWS_SECRET_ACCESS_KEY: "gbo/system/cloud/secret-key",
  AWS_REGION: "gbo/system/cloud/region",
  S3_ENDPOINT: "gbo/system/cloud/s3-endpoint",
  ZITADEL_ISSUER_URL: "gbo/system/directory/zitadel-issuer",
  ZITADEL_CLIENT_ID: "gbo/system/directory/zitadel-client-id",
  REQUIRE_AUTH: "gbo/system/security/require-auth",
  ANONYMOUS_PATHS: "gbo/system/security/anonymous-paths",
  APP_URL: "gbo/system/app/url",
  BOTSERVER_ENV: "gbo/system/app/environment",
  LLM_URL: "gbo/system/llm/url",
  LLM_MODEL: "gbo/system/llm/model",
  BOTMODELS_URL: "gbo/system/models/url",
};
