import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { data } from "../testkit/outcome.js";
import { openRegistry, registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type TenantInWorld } from "../testkit/world.js";

const CREATE = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }";

/** The address that the audit log has for a change made with these headers. */
async function recorded(app: Registry, tenant: TenantInWorld, headers: Record<string, string>): Promise<unknown> {
  const requestId = unique("request");
  data(await tenant.admin.run(CREATE, { input: { slug: unique("p"), name: "x" } }, { "x-request-id": requestId, ...headers }));
  const [event] = await app.sql("select host(source_ip) as address from audit_log where request_id = $1", [requestId]);
  return event?.["address"];
}

describe("the address that an audit event records", () => {
  it.each<[Record<string, string>]>([[{}], [{ "x-forwarded-for": "203.0.113.7" }], [{ "x-real-ip": "203.0.113.7" }], [{ forwarded: "for=203.0.113.7" }]])(
    "is the connection's own unless routers are trusted, whatever headers say: %j",
    async (headers) => {
      const app = await registry();
      const tenant = await (await openWorld(app)).tenant();
      expect(await recorded(app, tenant, headers)).toBe("127.0.0.1");
    },
  );

  describe("behind one trusted router", () => {
    let app: Registry;
    let tenant: TenantInWorld;
    beforeAll(async () => {
      app = await openRegistry({ environment: { TRUSTED_HOPS: "1" } });
      tenant = await (await openWorld(app)).tenant();
    });
    afterAll(() => app.close());

    it.each<[string, string, string | null]>([
      ["what the router wrote", "203.0.113.7", "203.0.113.7"],
      ["never what the caller wrote before it", "198.51.100.1, 10.0.0.1, 203.0.113.7", "203.0.113.7"],
      ["also of the newer kind", "2001:db8::7", "2001:db8::7"],
      ["without the zone of a link", "fe80::7%eth0", "fe80::7"],
      ["left out when it is no address", "unknown", null],
      ["left out when it is no address but an attempt", "'; drop table tenants; --", null],
    ])("is %s", async (_what, forwardedFor, address) => {
      expect(await recorded(app, tenant, { "x-forwarded-for": forwardedFor })).toBe(address);
    });

    it("a forwarded host that is none is refused, not our failure", async () => {
      const response = await fetch(`${app.url}/graphql?query={__typename}`, { headers: { "apollo-require-preflight": "1", "x-forwarded-host": "a b[" } });
      expect(response.status).toBe(400);
    });
  });
});
