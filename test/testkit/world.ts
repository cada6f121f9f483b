/** Owns the people and rows that tests speak of: tenants with their callers, platform staff, and what they ask. */
import { randomUUID } from "node:crypto";
import { hierarchyOf, type Hierarchy } from "./hierarchy.js";
import type { Registry } from "./registry.js";

export interface Answer {
  status: number;
  headers: Headers;
  body: { data?: Record<string, any>; errors?: AnswerError[] }; // any: every test knows the shape that it asked for
}

export interface AnswerError {
  message: string;
  path?: (string | number)[];
  extensions: { code: string; field?: string; retryable?: boolean; reference?: string };
}

/** Somebody who can send documents. */
export interface Caller {
  token: string | null;
  run(document: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>;
}

export interface TenantInWorld extends Hierarchy {
  id: string;
  slug: string;
  admin: Caller;
  auditor: Caller;
  member: Caller;
  project(fields?: { slug?: string; name?: string; status?: string }): Promise<{ id: string; slug: string }>;
  entitlement(product?: string): Promise<{ id: string; product: string }>;
  productRequest(fields?: { product?: string; status?: string; createdAt?: string }): Promise<{ id: string }>;
  /** One that can never be verified, unless it is given what it is found by. */
  apiKey(fields?: { lookupId?: string; hash?: string; projectId?: string }): Promise<{ id: string; name: string }>;
  idpConfig(): Promise<{ id: string }>;
  auditEvent(fields?: { action?: string; createdAt?: string }): Promise<{ id: string }>;
  /** Somebody who is to be invited as soon as the tenant's organisation can be made, which just failed. */
  invitation(fields?: { email?: string; state?: string }): Promise<{ id: string; email: string }>;
  /** In the queue, in a state of the queue's own. */
  job(fields?: { kind?: string; state?: string }): Promise<{ id: string }>;
}

export interface World {
  /** Frozen and archived ones are so since this moment, unless told otherwise. */
  tenant(fields?: { status?: string; kind?: string; trialEndsAt?: Date; frozenAt?: Date; plan?: string; name?: string }): Promise<TenantInWorld>;
  operator: Caller;
  support: Caller;
  service: Caller;
  anonymous: Caller;
  caller(claims: Record<string, unknown>): Promise<Caller>;
}

/** Names are unique, so files share one registry without seeing each other's rows. */
export function unique(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

export async function openWorld(registry: Registry): Promise<World> {
  const caller = async (claims: Record<string, unknown>) => callerWith(registry, await registry.issuer.token(claims));
  const staff = (role: string) => caller({ realm_access: { roles: [role] } });
  return {
    caller,
    operator: await staff("platform-operator"),
    support: await staff("platform-support"),
    service: await caller({ product: "crm" }),
    anonymous: callerWith(registry, null),
    async tenant({ status = "active", kind = "customer", trialEndsAt, frozenAt, plan = "starter", name = "A tenant" } = {}) {
      const id = randomUUID();
      const slug = unique("t");
      const now = registry.clock.now ?? new Date();
      await registry.sql(
        `insert into tenants (id, slug, name, status, kind, plan, trial_ends_at, frozen_at, archived_at, erp_customer_id, stripe_cust_id, sales_owner)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'dana')`,
        [
          id, slug, name, status, kind, plan, trialEndsAt ?? null,
          frozenAt ?? (status === "frozen" ? now : null), status === "archived" ? now : null, `erp-${slug}`, `cus-${slug}`,
        ],
      );
      const person = (role: string) => caller({ tenant_id: id, realm_access: { roles: [role] } });
      return {
        id,
        slug,
        admin: await person("IT_ADMIN"),
        auditor: await person("AUDITOR"),
        member: await person("MEMBER"),
        ...rowsOf(registry, id),
        ...hierarchyOf(registry, id),
      };
    },
  };
}

function rowsOf({ sql }: Registry, tenantId: string) {
  const insert = async (text: string, values: unknown[]) => (await sql<{ id: string }>(text, values))[0] as { id: string };
  return {
    async project({ slug = unique("p"), name = "A project", status = "active" } = {}) {
      return { slug, ...(await insert("insert into tenant_projects (tenant_id, slug, name, status) values ($1, $2, $3, $4) returning id", [tenantId, slug, name, status])) };
    },
    async entitlement(product = "crm") {
      await sql("insert into tenant_products (tenant_id, product) values ($1, $2)", [tenantId, product]);
      return { id: `${tenantId}:${product}`, product };
    },
    productRequest: ({ product = "crm", status = "open", createdAt }: { product?: string; status?: string; createdAt?: string } = {}) =>
      insert(
        `insert into product_requests (tenant_id, product, status, requested_by, note, created_at) values ($1, $2, $3, 'dana', 'for sales', coalesce($4, now())) returning id`,
        [tenantId, product, status, createdAt ?? null],
      ),
    async apiKey({ lookupId, hash = "*", projectId }: { lookupId?: string; hash?: string; projectId?: string } = {}) {
      const name = unique("key");
      const key = await insert(
        "insert into api_keys (tenant_id, product, name, hash, prefix, environment, lookup_id, project_id) values ($1, 'crm', $2, $3, 'abcdefgh', 'dev', $4, $5) returning id",
        [tenantId, name, hash, lookupId ?? null, projectId ?? null],
      );
      return { name, ...key };
    },
    idpConfig: () => insert(`insert into tenant_idp_config (tenant_id, type, metadata) values ($1, 'oidc', '{"client_id": "portal"}') returning id`, [tenantId]),
    auditEvent: ({ action = "test.happened", createdAt }: { action?: string; createdAt?: string } = {}) =>
      insert("insert into audit_log (tenant_id, action, created_at) values ($1, $2, coalesce($3, now())) returning uid as id", [tenantId, action, createdAt ?? null]),
    async invitation({ email = `${unique("ada")}@example.com`, state = "pending" } = {}) {
      await sql(
        `insert into tenant_provisioning_steps (tenant_id, step, state, attempts, last_error)
         values ($1, 'organization', 'failed', 1, 'conflict'), ($1, 'invitation', 'pending', 0, null), ($1, 'verification', 'pending', 0, null) on conflict do nothing`,
        [tenantId],
      );
      return { email, ...(await insert("insert into tenant_invitations (tenant_id, email, name, state) values ($1, $2, 'Ada Lovelace', $3) returning id", [tenantId, email, state])) };
    },
    job: ({ kind = "tenant.provision", state = "failed" }: { kind?: string; state?: string } = {}) =>
      insert(
        `insert into pgboss.job (name, data, state, retry_limit, retry_count, started_on, completed_on, output)
         values ($1, jsonb_build_object('tenantId', $2::text), $3::pgboss.job_state, 2, 2, now(), case when $3::pgboss.job_state > 'active' then now() end,
                 '{"code": "UNAVAILABLE", "message": "Keycloak does not answer"}') returning id`,
        [kind, tenantId, state],
      ),
  };
}

export function callerWith(registry: Registry, token: string | null): Caller {
  return {
    token,
    async run(query, variables = {}, headers = {}) {
      const response = await fetch(`${registry.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, headers: response.headers, body: (await response.json()) as Answer["body"] };
    },
  };
}
