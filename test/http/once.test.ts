/** Owns the guarantee that one request is executed once, whatever becomes of its fields. */
import { beforeAll, describe, expect, it } from "vitest";
import { data } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
});

const create = (slug: string) => `createProject(input: { slug: "${slug}", name: "A project" }) { project { slug } }`;
const refused = ({ body }: Awaited<ReturnType<World["operator"]["run"]>>) => body.errors?.map(({ path, extensions: { code } }) => [path, code]);

describe("a request of which one field fails", () => {
  it("is done once: what succeeded before it is not tried again, and is recorded once", async () => {
    const slug = unique("p");
    expect(refused(await tenant.admin.run(`mutation { first: ${create(slug)} second: ${create("NO SLUG")} }`))).toEqual([[["second"], "BAD_USER_INPUT"]]);
    expect(await app.sql("select slug from tenant_projects where tenant_id = $1", [tenant.id])).toEqual([{ slug }]);
    expect(await app.sql("select action from audit_log where tenant_id = $1", [tenant.id])).toEqual([{ action: "project.create" }]);
  });

  it("answers the others, also those that Postgres wrote", async () => {
    const answer = await tenant.member.run(`{ myTenant { slug } tenant(id: "${tenant.id}") { slug salesOwner } }`);
    expect(answer.body.data).toEqual({ myTenant: { slug: tenant.slug }, tenant: { slug: tenant.slug, salesOwner: null } });
    expect(refused(answer)).toEqual([[["tenant", "salesOwner"], "FORBIDDEN"]]);
    expect(data(await tenant.member.run("{ myTenant { slug } }"))).toEqual({ myTenant: { slug: tenant.slug } });
  });
});
