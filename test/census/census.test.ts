import { isObjectType, print } from "graphql";
import { beforeAll, describe, expect, it } from "vitest";
import { ACTIONS_OF_ROLE, type Action } from "../../src/kernel/action.js";
import { buildRegistrySchema } from "../../src/schema.js";
import { registry, type Registry } from "../testkit/registry.js";
import { unique, type Answer } from "../testkit/world.js";
import { ENTITIES, ENTRY_POINTS, type EntryPoint, type Target } from "./entry-points.js";
import { sceneMaker, sees, WHOSE, type Asker, type Scene, type Whose } from "./scene.js";

let app: Registry;
let openScene: Awaited<ReturnType<typeof sceneMaker>>;
/** What only reads leaves the scene as it was; a mutation gets one of its own for every asker. */
let shared: Scene;
beforeAll(async () => {
  app = await registry();
  openScene = await sceneMaker(app);
  shared = await openScene();
});

/** The one mutation that names nothing that is there. */
const CREATES_ITS_TENANT = "Mutation.createTenant";

const refusal = ({ caller }: Asker) => (caller.token === null ? "UNAUTHENTICATED" : "FORBIDDEN");

/** What the answer to this must be: `done`, `nothing` (there is no such thing for this caller), or a code. */
function expected({ before, inside, variables, records, entry, everybodys, refuses }: EntryPoint, asker: Asker, whose: Whose): string {
  const may = (action: Action) => asker.role !== null && ACTIONS_OF_ROLE[asker.role].has(action);
  if (!before.every(may)) return refusal(asker);
  if (everybodys) return "done";
  const found = !variables || entry === CREATES_ITS_TENANT ? asker.home !== null || entry === "Query.viewer" : sees(asker, whose);
  if (!found && refuses) return "NOT_FOUND";
  if (!found) return !records ? "nothing" : whose === "unstorable" ? "BAD_USER_INPUT" : "NOT_FOUND";
  // Staff that named no tenant act in none, so there is nothing whose fields could be refused.
  return inside.every(may) || (!variables && asker.home === "everyone's") ? "done" : refusal(asker);
}

function outcomeOf({ variables }: EntryPoint, { body }: Answer): string {
  if (body.errors) return [...new Set(body.errors.map(({ extensions }) => extensions.code))].sort().join();
  const [root] = Object.values(body.data ?? {}).flat();
  if (root?.error) return root.error.code;
  return root === null && variables ? "nothing" : "done";
}

/** Everything that a caller can see of an answer, without what it sent itself and what differs in every answer. */
function seenBy({ status, headers, body }: Answer, sent: unknown): string {
  const shown = [...headers].filter(([name]) => name !== "date");
  const texts = JSON.stringify(sent).match(/"(?:[^"\\]|\\.)+"/g) ?? [];
  return texts.reduce((text, own) => text.replaceAll(own, '"…"'), JSON.stringify([status, shown, body]));
}

/** One asker, one entry point, of everything that can be named: the right outcome, the right record, and nothing of anyone else. */
async function askFor(row: EntryPoint, name: string, { targets, askers }: Scene, asked: readonly Whose[]): Promise<void> {
  const known = askers[name] as Asker;
  const asker: Asker = row.servicesAsk && known.role === "service" ? { ...known, home: "everyone's" } : known;
  const seen = await Promise.all(asked.map(async (whose) => {
    const sent = row.variables?.(targets[whose]) ?? {};
    const requestId = unique("census");
    const answer = await asker.caller.run(row.document, sent, { "x-request-id": requestId });
    expect([name, whose, outcomeOf(row, answer)], JSON.stringify(answer.body)).toEqual([name, whose, expected(row, asker, whose)]);
    if (row.records) await expectRecorded(row, requestId, !answer.body.errors);
    const shown = seenBy(answer, [sent, requestId]);
    expectNoSecret(shown, asker, targets);
    return [whose, shown] as const;
  }));
  if (row.variables && row.entry !== CREATES_ITS_TENANT) expectSame(new Map(seen), asker);
}

/** Ids and slugs of the tenant that a tenant's own people must never meet. */
const secretsOf = (target: Target) => Object.values(target).filter((value) => value !== target.product);

/** The row behind an event, as the event's target names it. */
const TARGET_ROWS: Record<string, string> = { api_key: "api_keys where id::text", api_key_policy: "api_key_policies where tenant_id::text", tenant: "tenants where id::text", project: "tenant_projects where id::text", entitlement: "tenant_products where tenant_id || ':' || product", invitation: "tenant_invitations where id::text", provisioning: "tenant_provisioning_steps where step = 'organization' and tenant_id::text", product_request: "product_requests where id::text", tenant_export: "tenant_exports where id::text", job: "pgboss.job where id::text", environment: "tenant_environments where id::text", team: "tenant_teams where id::text", channel: "team_channels where id::text", flow: "tenant_flows where id::text", running_flow: "environment_flows where id::text" };

async function expectRecorded({ records }: EntryPoint, requestId: string, done: boolean): Promise<void> {
  const events = await app.sql<{ action: string; type: string; id: string; commit: string }>(
    "select action, target_type as type, target_id as id, xmin::text as commit from audit_log where request_id = $1", [requestId]);
  expect(events.map(({ action }) => action)).toEqual(done ? [records] : []);
  for (const { type, id, commit } of events) expect(await app.sql(`select xmin::text as commit from ${TARGET_ROWS[type]} = $1`, [id])).toEqual([{ commit }]);
}

function expectNoSecret(seen: string, { home }: Asker, targets: Scene["targets"]): void {
  if (home === "everyone's") return;
  const foreign = [...(home === "own" ? [] : secretsOf(targets.own)), ...(home === "other's" ? [] : secretsOf(targets["other's"]))];
  expect(foreign.filter((secret) => seen.includes(secret))).toEqual([]);
}

/** What is not this caller's is not there: status, headers and body are the same, byte for byte. */
function expectSame(seen: ReadonlyMap<Whose, string>, asker: Asker): void {
  for (const whose of ["own", "other's"] as const) if (!sees(asker, whose)) expect(seen.get(whose)).toBe(seen.get("missing"));
}

describe("the census", () => {
  it("has a row for every entry point of the schema, and none for what is not there", () => {
    const { access, schema } = buildRegistrySchema();
    const keysOf = (name: string) => {
      const type = schema.getType(name);
      const keys = (isObjectType(type) && type.astNode?.directives?.filter((directive) => directive.name.value === "key")) || [];
      return keys.map((key) => print(key.arguments?.find(({ name: { value } }) => value === "fields")?.value as never).replaceAll('"', ""));
    };
    const inSchema = access.flatMap(({ entry, action }) => {
      const entity = /^_entities (\w+)$/.exec(entry)?.[1];
      return entity === undefined ? [`${entry} → ${action}`] : keysOf(entity).map((key) => `${entry} by ${key} → ${action}`);
    });
    const inCensus = [...new Set(ENTRY_POINTS.map(({ entry, action }) => `${entry} → ${action}`))];
    expect(inSchema.filter((row) => !inCensus.includes(row)), "add these to test/census/entry-points.ts").toEqual([]);
    expect(inCensus.filter((row) => !inSchema.includes(row)), "remove these from test/census/entry-points.ts").toEqual([]);
  });

  it.each(ENTRY_POINTS.filter(({ records }) => !records).map((row) => [`${row.entry} ${row.way}`.trim(), row] as const))("%s", async (_name, row) => {
    for (const name of Object.keys(shared.askers)) await askFor(row, name, shared, row.variables ? WHOSE : ["own"]);
  });

  it.each(ENTRY_POINTS.filter(({ records }) => records).map((row) => [row.entry, row] as const))("%s, and it is recorded in the same commit", async (_name, row) => {
    for (const name of Object.keys(shared.askers)) await askFor(row, name, await openScene(row.standing && { status: row.standing }), WHOSE);
  });

  it.each(Object.entries(ENTITIES))("fifty references to %s, own, other's, missing and malformed ones mixed", async (type, { action, keys }) => {
    const { targets, askers } = shared;
    const document = "query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }";
    const representations = Object.values(keys);
    const mixed = Array.from({ length: 50 }, (_, n) => [WHOSE[n % WHOSE.length]!, representations[n % representations.length]!] as const);
    for (const asker of Object.values(askers)) {
      const send = async (as: (one: Whose) => Whose) => {
        const of = mixed.map(([one, representation]) => ({ __typename: type, ...representation(targets[as(one)]) }));
        return { sent: of, answer: await asker.caller.run(document, { of }, { "x-request-id": "census" }) };
      };
      const { sent, answer } = await send((one) => one);
      if (asker.role === null || !ACTIONS_OF_ROLE[asker.role].has(action)) {
        expect(answer.body.data).toEqual({ _entities: mixed.map(() => null) });
        expect(answer.body.errors?.map(({ extensions }) => extensions.code)).toEqual(mixed.map(() => refusal(asker)));
      } else {
        expect(answer.body).toEqual({ data: { _entities: mixed.map(([one]) => (sees(asker, one) ? { __typename: type } : null)) } });
      }
      if (asker.home === "own") {
        const without = await send((one) => (one === "other's" ? "missing" : one));
        expect(seenBy(answer, sent)).toBe(seenBy(without.answer, without.sent));
      }
    }
  });

  it("the X-Tenant-ID header names nothing that the token does not, in the same words whether it exists or not", async () => {
    const { targets, askers } = shared;
    for (const asker of Object.values(askers).filter(({ home }) => home === "own" || home === null)) {
      for (const by of ["tenant", "slug"] as const) {
        const as = async (whose: Whose) => seenBy(await asker.caller.run("{ viewer { kind tenant { id } } myTenant { id } }", {}, { "x-tenant-id": targets[whose][by], "x-request-id": "census" }), []);
        expect(await as("other's")).toBe(await as("missing"));
        expectNoSecret(await as("other's"), asker, targets);
      }
    }
  });
});
