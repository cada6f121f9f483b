/** Owns a deployment for tests of the process: the built service in a stage environment, on a database of its own, with the test issuer. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { freePort, type Cluster } from "./cluster.js";
import { startTestIssuer, type TestIssuer } from "./issuer.js";
import { startService, type Environment, type Program } from "./program.js";

export interface Deployment {
  databaseUrl: string;
  issuer: TestIssuer;
  /** One more instance, on a port of its own. It has migrated, and listens, when it says "Server listening". */
  instance(environment?: Environment): Promise<Instance>;
  /** SQL as the owner. */
  sql(text: string, values?: unknown[]): Promise<Record<string, any>[]>; // any: every test knows the row that it asked for
  /** The database's address for a login as production wants it: a member of the service's role, and nothing more. Migrate first. */
  login(): Promise<string>;
  /** A new tenant and a token of its administrator. */
  tenant(): Promise<{ id: string; token: string }>;
  close(): Promise<void>;
}

export type Instance = Program & { url: string };

/** The pepper of every instance, as API_KEY_PEPPERS has it. */
export const TEST_PEPPERS = `test:${Buffer.alloc(32, "pepper").toString("base64url")}`;

export async function deploy(cluster: Cluster): Promise<Deployment> {
  const [databaseUrl, issuer] = await Promise.all([cluster.freshDatabase(), startTestIssuer()]);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  pool.on("error", () => {});
  const sql: Deployment["sql"] = async (text, values) => (await pool.query(text, values)).rows;
  const logins: string[] = [];
  return {
    databaseUrl,
    issuer,
    sql,
    async login() {
      const name = `probe_${randomUUID().slice(0, 8)}`;
      const url = new URL(databaseUrl);
      [url.username, url.password] = [name, randomUUID()];
      logins.push(name);
      await sql(`CREATE ROLE ${name} LOGIN PASSWORD '${url.password}' IN ROLE registry_service`);
      return url.href;
    },
    async instance(environment = {}) {
      const address = `127.0.0.1:${await freePort()}`;
      const program = await startService({
        APP_ENV: "stage",
        ADDR: address,
        DATABASE_URL: databaseUrl,
        KEYCLOAK_ISSUER: issuer.issuer,
        API_KEY_PEPPERS: TEST_PEPPERS,
        MIGRATE_ON_START: "true",
        ...environment,
      });
      return Object.assign(program, { url: `http://${address}` });
    },
    async tenant() {
      const id = randomUUID();
      await sql("INSERT INTO tenants (id, slug, name, status) VALUES ($1, $2, 'A tenant', 'active')", [id, `t-${id.slice(0, 8)}`]);
      return { id, token: issuer.token({ tenant_id: id, realm_access: { roles: ["IT_ADMIN"] }, exp: Math.floor(Date.now() / 1000) + 3_600 }) };
    },
    async close() {
      for (const name of logins.splice(0)) await sql(`DROP ROLE ${name}`);
      await Promise.all([pool.end(), issuer.close()]);
    },
  };
}

export const LISTENING = /Server listening/;

/** A document sent to one instance, and its answer. */
export async function ask(url: string, token: string, query: string, variables: object = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, body: (await response.json()) as { data?: any; errors?: { extensions: Record<string, unknown> }[] } }; // any: every test knows the shape that it asked for
}
