/** Owns the interleaved traffic of two tenants and staff, and the record of what each request saw. What is broken on the way is the tests' matter. */
import { randomUUID } from "node:crypto";
import sql from "sql-template-tag";
import { faultFromDatabase } from "../../src/kernel/database-fault.js";
import { Fault } from "../../src/kernel/fault.js";
import { Project } from "../../src/project/project.entity.js";
import type { Registry } from "../testkit/registry.js";
import type { Caller, TenantInWorld } from "../testkit/world.js";
import { adminOf, houseOf, operator, service, visit } from "./visits.js";

const CONCURRENCY = 16;

/** Does its work as one of the tenants; answers whose rows it saw. */
export type Step = (mine: TenantInWorld) => Promise<string[]>;

/** `<step> <outcome>` → how often; an outcome is `ok`, a fault's code or an SQLSTATE. */
export type Tally = Record<string, number>;

export interface TrafficOptions {
  tenants: readonly [TenantInWorld, TenantInWorld];
  steps: Readonly<Record<string, Step>>;
  requests: number;
  /** Called after each request, with how many are done: the place to break something. */
  afterEach?(done: number): void;
}

/**
 * Run `requests` steps in turn, alternating between the tenants, sixteen at a time. Throws when a request saw a row that is not
 * its tenant's; every other outcome is counted.
 */
export async function drive({ tenants, steps, requests, afterEach = () => {} }: TrafficOptions): Promise<Tally> {
  const named = Object.entries(steps);
  const tally: Tally = {};
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < requests) {
      const turn = next++;
      // Three of one tenant, then three of the other: the steps meet both on every connection, in every order.
      const mine = tenants[Math.floor(turn / 3) % 2] as TenantInWorld;
      const [name, step] = named[turn % named.length] as [string, Step];
      const outcome = await step(mine).then((seen) => seen.every((id) => id === mine.id) ? "ok" : leak(name, mine, seen), outcomeOf);
      tally[`${name} ${outcome}`] = (tally[`${name} ${outcome}`] ?? 0) + 1;
      afterEach(++done);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return tally;
}

function leak(name: string, mine: TenantInWorld, seen: string[]): never {
  throw new Error(`${name} of tenant ${mine.id} saw ${seen.join(", ")}`);
}

function outcomeOf(thrown: unknown): string {
  const { code, driverError } = faultFromDatabase(thrown) as { code?: string; driverError?: { code?: string } };
  const outcome = driverError?.code ?? code;
  if (outcome === undefined) throw thrown;
  return outcome;
}

const OWN = sql`select distinct tenant_id::text as id from tenant_projects union select id::text from tenants union select current_setting('registry.tenant')`;
const ids = (rows: { id: string }[]) => rows.map(({ id }) => id);

/** What goes right and what goes wrong at the doors without anybody cutting a connection. */
export function doorSteps(app: Registry, tenants: readonly TenantInWorld[]): Record<string, Step> {
  const house = houseOf(app);
  const asked = tenants.map(({ id }) => id);
  const person = ({ id }: TenantInWorld) => visit(house, adminOf(id));
  return {
    reads: async (mine) => ids(await person(mine).read(OWN)),
    "staff narrowed": async (mine) => ids(await visit(house, operator(mine.id)).read(OWN)),
    "a service about one": async ({ id }) => ids(await visit(house, service).about([id]).read(OWN)),
    "a service about both": async (mine) => {
      const seen = ids(await visit(house, service).about(asked).read(sql`select id::text from tenants order by id`));
      if (seen.join() !== asked.toSorted().join()) throw new Error(`a service saw ${seen.join(", ")}`);
      return [mine.id];
    },
    "staff of all": async (mine) => {
      const rows = await visit(house, operator()).read<{ id: string }>(sql`select id::text from tenants`);
      if (rows.length < 2) throw new Error("staff saw only one tenant");
      return [mine.id];
    },
    creates: (mine) => person(mine).within(null).change("project.create", async (tx) => {
      const { id, tenantId } = await tx.save(tx.create(Project, { id: randomUUID(), tenantId: mine.id, slug: `p-${randomUUID().slice(0, 30)}`, name: "x" }));
      return { value: [tenantId], audit: [{ target: { type: "project", id, name: "x" }, projectId: id }] };
    }),
    "gives up after writing": (mine) => person(mine).within(null).change("project.update", async (tx) => {
      await tx.query("update tenant_projects set name = name where tenant_id = $1", [mine.id]);
      throw new Fault("FAILED_PRECONDITION", "on second thoughts");
    }),
    "does nothing": (mine) => visit(house, operator()).within(mine.id).change("tenant.update", async (tx) => {
      return { value: ids(await tx.query("select id from tenants")), unaudited: "no-op" };
    }),
    "read fails": (mine) => person(mine).read(sql`select 1 / (select 0 from tenants limit 1)`),
    "read writes": (mine) => person(mine).read(sql`update tenants set name = 'stolen'`),
    "change fails": (mine) => person(mine).within(null).change("project.update", (tx) => tx.query("select 1 / (select 0 from tenants limit 1)")),
    "change reaches over": (mine) => person(mine).within(null).change("project.create", (tx) =>
      tx.query("insert into tenant_projects (tenant_id, slug, name) values (gen_random_uuid(), 'stolen', 'stolen')")),
    "no door": async () => (await app.dataSource.query<{ id: string }[]>("select id from tenants")).map(({ id }) => id),
  };
}

const MINE = "{ myTenant { id projects(last: 3) { nodes { tenant { id } } } auditEvents(first: 3) { nodes { tenant { id } } } } }";

/** The same over HTTP, as the tenants' own people and as staff that narrowed. */
export function httpSteps(staff: Caller): Record<string, Step> {
  const ask = async (caller: Caller, headers: Record<string, string> = {}) => {
    const { body } = await caller.run(MINE, {}, headers);
    const [error] = body.errors ?? [];
    if (error) throw Object.assign(new Error(error.message), error.extensions);
    return [...JSON.stringify(body.data).matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id as string);
  };
  return {
    "http auditor": ({ auditor }) => ask(auditor),
    "http staff": ({ slug }) => ask(staff, { "x-tenant-id": slug }),
    "http admin": ({ admin }) => ask(admin),
  };
}
