/** Owns the proof that no table and no column is forgotten at a tenant's exit: the database's catalogue is compared with what is erased and what is taken out. */
import { beforeAll, describe, expect, it } from "vitest";
import { ERASED_TABLES } from "../../src/tenant/tenant.erasure.js";
import { EXPORT_FILES } from "../../src/tenant-export/tenant-export.files.js";
import { registry, type Registry } from "../testkit/registry.js";

/** Tables with a tenant's rows that its archiving leaves alone. A line here needs a reason. */
const KEPT: Record<string, string> = {
  tenants: "the tombstone: that there was such a tenant, so that its name is not used again and its audit log means something",
  audit_log: "what was done stays attributable when its tenant is gone",
  tenant_provisioning_steps: "what the identity provider has still to be told, which is done after the archiving; no personal data",
  "pgboss.job": "whose turn it is and nothing else; the same archiving asks for one, and the library deletes what is done",
};

/** Tables with a tenant's rows of which an export holds nothing. */
const NOT_TAKEN_OUT: Record<string, string> = {
  entitlement_notices: "reminders that were sent: each is an event of the audit log",
  tenant_notices: "reminders that were sent: each is an event of the audit log",
  tenant_exports: "each is an event of the audit log; the rest of the row is the hash of a secret",
  idempotency_keys: "answers that were given before; what they tell is in the other files",
  tenant_provisioning_steps: "how far the platform has come with its own work",
  "pgboss.job": "the platform's own work",
};

/** Columns of the other tables that stay at home. */
const WITHHELD: Record<string, Record<string, string>> = {
  tenants: {
    status: "the manifest says where the tenant stands at that moment, whatever is stored",
    archived_at: "there is no export of an archived tenant",
    erp_customer_id: "the platform's commercial records",
    stripe_cust_id: "the platform's commercial records",
    sales_owner: "the platform's commercial records",
    contract_start: "the platform's commercial records",
    contract_end: "the platform's commercial records",
    cancel_note: "the platform's commercial records",
    keycloak_org_id: "another system's id, and nothing to build on",
  },
  api_keys: {
    hash: "a secret's",
    pepper_id: "which of the platform's own secrets went into the hash",
    lookup_seat: "tells imported keys of several tenants apart: it would tell each that others have the like",
  },
  audit_log: { id: "shared by all tenants: it would tell each how busy the others are" },
  product_requests: { decided_by: "the platform's own people", note: "what sales wrote down for itself" },
  tenant_invitations: { errand: "how far the platform has come with its own work" },
};

let app: Registry;
let tables: Map<string, string[]>;
beforeAll(async () => {
  app = await registry();
  const rows = await app.sql<{ name: string; columns: string[] }>(`
    select case n.nspname when current_schema() then c.relname else n.nspname || '.' || c.relname end as name,
      array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped order by attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and exists (select from pg_policy where polrelid = c.oid and polname = 'tenant_scope') order by 1`);
  tables = new Map(rows.map(({ name, columns }) => [name, columns]));
});

describe("every table with a tenant's rows", () => {
  it("is every table that has a column to say whose its rows are", async () => {
    const owned = await app.sql<{ name: string }>(
      "select table_name as name from information_schema.columns where table_schema = current_schema() and column_name = 'tenant_id' order by 1",
    );
    expect(owned.map(({ name }) => name).filter((name) => !tables.has(name))).toEqual([]);
    expect(tables.size).toBeGreaterThan(10);
  });

  it("is emptied when the tenant is archived, or kept for a reason", () => {
    expect([...tables.keys()].toSorted(), "add it to ERASED_TABLES, and call makeErasable in its migration").toEqual([...ERASED_TABLES, ...Object.keys(KEPT)].toSorted());
  });

  it("may be emptied by registry_eraser exactly when it is, under both policies", async () => {
    const policies = await app.sql(`
      select c.relname as name, array_agg(concat_ws(' ', polname, polcmd, polpermissive) order by polname) as policies
      from pg_policy p join pg_class c on c.oid = p.polrelid where 'registry_eraser'::regrole = any (polroles) and polname <> 'not_in_use' group by 1 order by 1`);
    const both = ["eraser_scope * t", "only_archived_or_demo d f"];
    expect(policies).toEqual([...ERASED_TABLES.map((name) => ({ name, policies: both })), { name: "tenants", policies: ["eraser_scope r t"] }].toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  });

  it("is taken out by an export, or stays at home for a reason", () => {
    expect([...tables.keys()].toSorted(), "add it to EXPORT_FILES").toEqual([...EXPORT_FILES.map(({ table }) => table), ...Object.keys(NOT_TAKEN_OUT)].toSorted());
  });

  it("refers to no row of another tenant: where a row goes because another goes, both are the same tenant's", async () => {
    const references = await app.sql<{ name: string; columns: string[] }>(`
      select conrelid::regclass || ' → ' || confrelid::regclass as name,
        array(select attname::text from pg_attribute where attrelid = conrelid and attnum = any (conkey)) as columns
      from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace order by 1`);
    expect(references.length).toBeGreaterThan(5);
    expect(references.filter(({ columns }) => !columns.includes("tenant_id"))).toEqual([]);
  });
});

describe.each(EXPORT_FILES.map((file) => [file.name, file] as const))("the file %s", (_name, { table, columns }) => {
  it("has every column of its table, or leaves it at home for a reason", () => {
    const meant = [...Object.keys(columns), ...Object.keys(WITHHELD[table] ?? {}), ...(table === "tenants" ? [] : ["tenant_id"])];
    expect(meant.toSorted(), "name it in EXPORT_FILES or in WITHHELD").toEqual(tables.get(table)?.toSorted());
  });
});
