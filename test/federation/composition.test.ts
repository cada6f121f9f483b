import { readFile } from "node:fs/promises";
import { composeSchemaContract } from "@theguild/federation-composition";
import {
  buildSchema,
  getIntrospectionQuery,
  isInputObjectType,
  isObjectType,
  parse,
  print,
  specifiedDirectives,
  validateSchema,
  visit,
  type DirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
} from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildRegistrySchema } from "../../src/schema.js";
import { data, fault } from "../testkit/outcome.js";
import { openRegistry, registry, type Registry } from "../testkit/registry.js";
import { callerWith } from "../testkit/world.js";
import { COMPOSERS, type Composition, type SubgraphSource } from "./composers.js";
import { BILLING_SDL, SUPPORT_SDL } from "./neighbour.js";

const COMMITTED = await readFile("schema.graphql", "utf8");
const NEIGHBOURS = [
  { name: "support", url: "http://support.example/graphql", sdl: SUPPORT_SDL },
  { name: "billing", url: "http://billing.example/graphql", sdl: BILLING_SDL },
];
const names = Object.keys(COMPOSERS) as (keyof typeof COMPOSERS)[];

const joined = (sdl: string): SubgraphSource[] => [{ name: "registry", url: "http://registry.example/graphql", sdl }, ...NEIGHBOURS];

let app: Registry;
let live: string;
beforeAll(async () => {
  app = await registry();
  live = data(await callerWith(app, null).run("{ _service { sdl } }"))["_service"].sdl;
});

/** `Tenant.erpCustomerId @tag(name: "platform")` for every application of a directive to a type, field or input field. */
function applications(document: DocumentNode): string[] {
  const found: string[] = [];
  const path: string[] = [];
  const note = (directives: readonly DirectiveNode[] | undefined) => {
    for (const { name, arguments: args = [] } of directives ?? []) {
      found.push(`${path.join(".")} @${name.value}${args.length > 0 ? `(${args.map(print).sort().join(", ")})` : ""}`);
    }
  };
  const enter = (node: { name: { value: string }; directives?: readonly DirectiveNode[] }) => {
    path.push(node.name.value);
    note(node.directives);
  };
  const leave = () => void path.pop();
  const named = { enter, leave };
  visit(document, { ObjectTypeDefinition: named, InputObjectTypeDefinition: named, EnumTypeDefinition: named, FieldDefinition: named, InputValueDefinition: named });
  return found.sort();
}

function fieldsOf(schema: GraphQLSchema | undefined, name: string): string[] {
  const type = schema?.getType(name);
  return isObjectType(type) || isInputObjectType(type) ? Object.keys(type.getFields()) : [];
}

describe.each(names)("under the composition of %s", (name) => {
  const compose = COMPOSERS[name];
  let composed: Composition;
  beforeAll(() => void (composed = compose(joined(COMMITTED))));

  it("the registry composes with its neighbours, without a hint", () => {
    expect(composed).toMatchObject({ errors: [], hints: [] });
  });

  it("it composes alone, and from what the running service publishes", () => {
    expect(compose(joined(COMMITTED).slice(0, 1))).toMatchObject({ errors: [], hints: [] });
    expect(compose(joined(live))).toMatchObject({ errors: [], hints: [] });
  });

  it("what a router enforces or contracts is still in the supergraph, at every place", () => {
    const ours = applications(parse(COMMITTED)).filter((application) => /@(authenticated|requiresScopes|tag|inaccessible|cost|listSize)\b/.test(application));
    expect(ours.length).toBeGreaterThan(50);
    const theirs = new Set(applications(composed.supergraph as DocumentNode));
    const isPriced = (application: string) => /@(cost|listSize)\b/.test(application) && composed.priced.includes(application.split(" ")[0] ?? "");
    expect(ours.filter((application) => !theirs.has(application) && !isPriced(application))).toEqual([]);
  });

  it("clients see the neighbours' fields on ours, and not what is inaccessible", () => {
    const fields = (type: string) => fieldsOf(composed.api, type);
    expect(fields("Tenant")).toEqual(expect.arrayContaining(["name", "supportTickets", "invoices", "identityConsole"]));
    expect(fields("Project")).toEqual(expect.arrayContaining(["slug", "supportTickets"]));
    expect(fields("User")).toEqual(expect.arrayContaining(["id", "displayName"]));
    expect(fields("Product")).toEqual(expect.arrayContaining(["key", "title"]));
    expect(fields("Tenant")).not.toContain("keycloakOrganizationId");
  });

  it("a page's place can be a neighbour's too, only because it is shareable", () => {
    expect(compose(joined(COMMITTED.replace("type PageInfo @shareable", "type PageInfo"))).errors.join()).toMatch(/shareable/i);
  });

  it("a neighbour that reaches for a field which is not there is refused", () => {
    const broken = SUPPORT_SDL.replaceAll("keycloakOrganizationId", "keycloakRealm");
    expect(compose([...joined(COMMITTED).filter(({ name }) => name !== "support"), { name: "support", url: "", sdl: broken }]).errors).not.toEqual([]);
  });
});

describe("_service", () => {
  it("publishes exactly what is committed as schema.graphql", () => {
    expect(live).toBe(COMMITTED);
  });

  describe("with introspection off", () => {
    let closed: Registry;
    beforeAll(async () => void (closed = await openRegistry({ environment: { GRAPHQL_INTROSPECTION: "false" } })));
    afterAll(() => closed.close());

    it("still answers routers", async () => {
      const nobody = callerWith(closed, null);
      fault(await nobody.run(getIntrospectionQuery()), "GRAPHQL_VALIDATION_FAILED");
      expect(data(await nobody.run("{ _service { sdl } }"))).toEqual({ _service: { sdl: COMMITTED } });
    });
  });
});

describe("schema.graphql", () => {
  it("links federation 2.9, the highest that all three take, and imports exactly what it uses", () => {
    const [, version, list = ""] = /@link\(\s*url: "https:\/\/specs\.apollo\.dev\/federation\/(v[\d.]+)"\s*import: \[([^\]]*)\]/.exec(COMMITTED) ?? [];
    expect(version).toBe("v2.9");
    const used = new Set<string>();
    visit(parse(COMMITTED), { Directive: ({ name }) => void used.add(name.value) });
    for (const name of ["link", ...specifiedDirectives.map((directive) => directive.name)]) used.delete(name);
    expect(list.split(", ")).toEqual([...used].map((name) => `"@${name}"`).sort());
  });

  it("tags as platform exactly what only platform staff may do", () => {
    const staffOnly = buildRegistrySchema().access.filter(({ entry, roles }) => !entry.startsWith("_entities") && roles.every((role) => role === "support" || role === "operator"));
    const tagged = applications(parse(COMMITTED)).filter((application) => application.endsWith('@tag(name: "platform")'));
    expect(tagged).toEqual(staffOnly.map(({ entry }) => `${entry.replace(" (given)", "")} @tag(name: "platform")`).sort());
    expect(tagged.length).toBeGreaterThan(10);
  });
});

describe("the contract for portals, everything but what is tagged platform", () => {
  const services = joined(COMMITTED).map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
  const contract = (exclude: string[]) => {
    const { errors, publicSdl } = composeSchemaContract(services, { include: new Set(), exclude: new Set(exclude) });
    expect(errors).toBeUndefined();
    return buildSchema(publicSdl ?? "");
  };
  const whole = contract([]);
  const portal = contract(["platform"]);
  const typesOf = (schema: typeof whole) => Object.keys(schema.getTypeMap());

  it("is a valid schema", () => {
    expect(validateSchema(portal)).toEqual([]);
  });

  it("has a tenant's own mutations and none of an operator's", () => {
    expect(Object.keys(portal.getMutationType()?.getFields() ?? {}).sort()).toEqual([
      "archiveProject",
      "createApiKey",
      "createChannel",
      "createProject",
      "createTeam",
      "exportTenant",
      "publishFlow",
      "reportLeakedApiKey",
      "requestProduct",
      "resendInvitation",
      "restoreProject",
      "revokeApiKey",
      "revokeInvitation",
      "rotateApiKey",
      "runFlow",
      "startTrial",
      "updateApiKeyPolicy",
      "updateChannel",
      "updateEnvironment",
      "updateProject",
      "updateTeam",
      "updateTenant",
    ]);
    expect(Object.keys(whole.getMutationType()?.getFields() ?? {})).toEqual(expect.arrayContaining(["createTenant", "grantEntitlement"]));
  });

  it("loses the types that only operators reach, and no others", () => {
    expect(typesOf(whole).filter((type) => !typesOf(portal).includes(type)).sort()).toEqual([
      "ActivateTenantInput",
      "ActivateTenantPayload",
      "ApplyBundleInput",
      "ApplyBundlePayload",
      "ArchiveTenantInput",
      "ArchiveTenantPayload",
      "BundleProblem",
      "BundleStep",
      "BundleStepKind",
      "BundleStepThing",
      "CancelTenantInput",
      "CancelTenantPayload",
      "CreateEnvironmentInput",
      "CreateEnvironmentPayload",
      "CreateTenantInput",
      "CreateTenantPayload",
      "DecideProductRequestInput",
      "DecideProductRequestPayload",
      "ExtendTrialInput",
      "ExtendTrialPayload",
      "GrantEntitlementInput",
      "GrantEntitlementPayload",
      "ImportApiKeysInput",
      "ImportApiKeysPayload",
      "ImportedApiKeyInput",
      "Job",
      "JobConnection",
      "JobEdge",
      "JobError",
      "JobFilter",
      "JobState",
      "KeycloakDrift",
      "KeycloakDriftConnection",
      "KeycloakDriftEdge",
      "KeycloakDriftKind",
      "PlaceEnvironmentInput",
      "PlaceEnvironmentPayload",
      "ProductRequestFilter",
      "ProductRequestOutcome",
      "ReactivateTenantInput",
      "ReactivateTenantPayload",
      "RepairKeycloakDriftInput",
      "RepairKeycloakDriftPayload",
      "RetryJobInput",
      "RetryJobPayload",
      "RetryProvisioningInput",
      "RetryProvisioningPayload",
      "Route",
      "RouteConnection",
      "RouteEdge",
      "TenantConnection",
      "TenantEdge",
      "TenantFilter",
      "TenantOrder",
      "TenantOrderField",
      "UpdateEntitlementInput",
      "UpdateEntitlementPayload",
      "WithdrawEntitlementInput",
      "WithdrawEntitlementPayload",
    ]);
  });

  it("shows no commercial data of a tenant, to read or to set", () => {
    for (const name of ["Tenant", "UpdateTenantInput"]) {
      const fields = fieldsOf(portal, name);
      expect(fields).toContain("name");
      expect(fields.filter((field) => /contract|erp|stripe|sales|keycloak/i.test(field))).toEqual([]);
    }
  });
});
