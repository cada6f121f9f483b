/** Owns the contender "PostGraphile 5", with its own row-security settings or without. Run by Node 22 as it is: it needs no build. */
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

const withRowSecurity = process.argv[2] === "row-security";
const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: Number(process.env["POOL_SIZE"]) });

/** The same walls as ours: a role without rights of its own and the tenant, both for one transaction. */
function settingsOf(tenantId: string | string[] | undefined): Record<string, string> {
  if (typeof tenantId === "string") return { role: "registry_tenant", "registry.tenant": tenantId };
  return { role: "registry_overview" };
}

const preset: GraphileConfig.Preset = {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  plugins: [
    // Audit events keep their tenant as a value; PostGraphile follows only foreign keys.
    jsonPgSmartTags({ version: 1, config: { class: { audit_log: { tags: { foreignKey: "(tenant_id) references tenants (id)" } } } } }),
  ],
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ pool, schemas: ["public"] })],
  grafast: {
    context: ({ node }) => (withRowSecurity ? { pgSettings: settingsOf(node?.req.headers["x-bench-tenant"]) } : {}),
    explain: false,
  },
  grafserv: { graphiql: false, watch: false },
};

const server = createServer();
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(Number(process.env["PORT"]), "127.0.0.1");
