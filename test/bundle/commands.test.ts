import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NoAnswerError, openClient, type RegistryClient } from "../../src/bundle-cli/bundle-cli.client.js";
import { linesOf } from "../../src/bundle-cli/bundle-cli.print.js";
import { commandsFor, openScratch, type Commands } from "../testkit/bundles.js";
import { actionsIn } from "../testkit/events.js";
import { openRegistry, registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique } from "../testkit/world.js";

let app: Registry;
let commands: Commands;
let client: RegistryClient;
let scratch: Awaited<ReturnType<typeof openScratch>>;
beforeAll(async () => {
  app = await registry();
  client = openClient(app.url, (await openWorld(app)).operator.token ?? "");
  commands = await commandsFor(app, client);
  scratch = await openScratch();
});
afterAll(() => scratch.remove());

const two = async () => {
  const slugs = [unique("t"), unique("t")].sort() as [string, string];
  return { slugs, file: await scratch.file("two.yaml", `tenants:\n  ${slugs[0]}:\n    teams: { support: {} }\n  ${slugs[1]}:\n    teams: { sales: {} }\n`) };
};
const there = async (slugs: readonly string[]) => (await app.sql<{ slug: string }>("select t.slug from tenants t join tenant_teams m on m.tenant_id = t.id where t.slug = any($1) order by 1", [slugs])).map(({ slug }) => slug);

/** The registry, but for what happens to the n-th bundle that is really applied. */
function when(n: number, happens: (run: () => Promise<unknown>) => Promise<unknown>): RegistryClient {
  let applied = 0;
  return {
    async run<T>(document: string, variables: object): Promise<T> {
      const isApplied = (variables as { input?: { dryRun: boolean } }).input?.dryRun === false;
      const run = () => client.run<T>(document, variables);
      return (isApplied && (applied += 1) === n ? happens(run) : run()) as Promise<T>;
    },
  };
}

describe("apply", () => {
  it("what is wrong with the second tenant keeps the first one from being touched, and is told by file and line", async () => {
    const slug = unique("t");
    const file = await scratch.file("wrong.yaml", `tenants:\n  ${slug}: {}\n  ${slug}-2:\n    teams:\n      support:\n        channels:\n          slack:\n            provider: messaging-slakc\n`);
    expect(await commands.apply([file])).toEqual({
      code: 1,
      out: "",
      error: `The bundle ${file} has a problem:\n- line 8: tenants.${slug}-2.teams.support.channels.slack.provider must be one of the platform's providers of channels\n`,
    });
    expect(await app.sql("select slug from tenants where slug like $1", [`${slug}%`])).toEqual([]);
  });

  it("stopped between two tenants leaves one done and the other as it was; the next run finishes", async () => {
    const { slugs, file } = await two();
    const broken = await commandsFor(app, when(2, async () => Promise.reject(new NoAnswerError("The registry refuses: Not now (FORBIDDEN)", true))));
    const told = await broken.apply([file]);
    expect(told).toMatchObject({ code: 3, error: `${slugs[1]}: The registry refuses: Not now (FORBIDDEN)\nDone before: ${slugs[0]}. Whoever applies again does not do that twice.\n` });
    expect(await there(slugs)).toEqual([slugs[0]]);
    expect(await commands.apply([file])).toMatchObject({ code: 0, out: expect.stringMatching(new RegExp(`^${slugs[0]}\n  no change\n[^]*Done: ${slugs[1]}\\.\n$`)) });
    expect(await there(slugs)).toEqual(slugs);
  });

  it("refused before anything was done ends with 1; when nobody knows what was done, with 3", async () => {
    const { slugs, file } = await two();
    const refused = await commandsFor(app, when(1, async () => Promise.reject(new NoAnswerError("No", true))));
    expect(await refused.apply([file])).toMatchObject({ code: 1, error: `${slugs[0]}: No\n` });
    const lost = await commandsFor(app, when(1, async (run) => {
      await run();
      throw new NoAnswerError("The registry cannot be reached (ECONNRESET).", false);
    }));
    expect(await lost.apply([file])).toMatchObject({ code: 3, error: `${slugs[0]}: The registry cannot be reached (ECONNRESET).\nIt may have been done all the same: apply again to see.\n` });
    expect(await there(slugs)).toEqual([slugs[0]]);
    expect(await commands.apply([file])).toMatchObject({ code: 0 });
    const [{ id }] = (await app.sql<{ id: string }>("select id from tenants where slug = $1", [slugs[0]])) as [{ id: string }];
    expect(await actionsIn(app, id)).toEqual(["tenant.create", "bundle.apply"]);
  });

  it("somebody who is faster is told of: what is shown as done was done", async () => {
    const { slugs, file } = await two();
    const late = await commandsFor(app, when(1, async (run) => {
      await commands.apply([file]);
      return run();
    }));
    const { code, out } = await late.apply([file]);
    expect(code).toBe(0);
    expect(out).toContain(`Meanwhile it had changed; what was done:\n${slugs[0]}\n  no change\n`);
  });

  it("without a tenant in the files does nothing", async () => {
    expect(await commands.apply([await scratch.file("none.yaml", "tenants: {}\n")])).toEqual({ code: 0, out: "", error: "" });
  });

  it("a tenant that is more than the registry takes at once is refused in a sentence", async () => {
    const flows = Array.from({ length: 6 }, (_, n) => `      f${n}: { nodes: [{ id: a, type: b, config: { text: ${"x".repeat(60_000)} } }] }`).join("\n");
    const slug = unique("t");
    const told = await commands.apply([await scratch.file("large.yaml", `tenants:\n  ${slug}:\n    flows:\n${flows}\n`)]);
    expect(told).toMatchObject({ code: 1, out: "" });
    expect(told.error).toMatch(new RegExp(`^${slug}: The registry refuses: .* \\(\\w+\\)\n$`));
  });
});

describe("export", () => {
  it("of a tenant that there is not writes nothing", async () => {
    const output = scratch.path("nothing.yaml");
    expect(await commands.export(["no-such-tenant"], output)).toEqual({ code: 1, out: "", error: "There is no tenant no-such-tenant.\n" });
    expect(await commands.export(["no-such-tenant"], scratch.path("no/such/directory.yaml"))).toMatchObject({ code: 1 });
  });

  it("leaves archived tenants out, and goes through as many pages as there are", async () => {
    // All tenants of a registry of its own: those of other tests are many, and some of them too large.
    const own = await openRegistry();
    try {
      await own.sql("insert into tenants (slug, name, status, plan) select 't-' || n, 'A tenant', 'active', 'starter' from generate_series(100, 204) n");
      await (await openWorld(own)).tenant({ status: "archived" });
      const { code, out } = await (await commandsFor(own)).export();
      expect(code).toBe(0);
      expect([...out.matchAll(/^ {2}(\S+):$/gm)].map(([, slug]) => slug)).toEqual(Array.from({ length: 105 }, (_, n) => `t-${n + 100}`));
    } finally {
      await own.close();
    }
  });
});

describe("a registry that is none", () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => {
    server.closeAllConnections();
    server.close();
  }));
  async function answering(listener: RequestListener): Promise<Commands> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return commandsFor(app, openClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, "a.b.c"));
  }

  it.each<[string, RequestListener, RegExp]>([
    ["a page", (_, response) => response.end("<h1>Hello</h1>"), /^What answers at http:\/\/127\.0\.0\.1:\d+ is not the registry \(HTTP 200\)\.\n$/],
    ["an error without JSON", (_, response) => response.writeHead(502).end("Bad Gateway"), /is not the registry \(HTTP 502\)\.\n$/],
    ["a redirection, which the token does not follow", (_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), /is not the registry \(HTTP 302\)\.\n$/],
    ["JSON of something else", (_, response) => response.end('[{"data": 1}]'), /is not the registry \(HTTP 200\)\.\n$/],
    ["another graph", (_, response) => response.end('{"data": {}}'), /is not the registry \(HTTP 200\)\.\n$/],
    ["an error of something else", (_, response) => response.writeHead(400).end('{"errors": [{"code": 7}]}'), /is not the registry \(HTTP 400\)\.\n$/],
    ["an answer without end", (_, response) => void new Readable({ read() { this.push(Buffer.alloc(65_536, "x")); } }).pipe(response), /is not the registry \(HTTP 200\)\.\n$/],
    ["a hang-up", (_, response) => void response.destroy(), /cannot be reached \(\w+\)\.\n$/],
    ["an error that colours the terminal", (_, response) => response.end('{"errors": [{"message": "a\\u001b[31mb\\nc", "extensions": {"code": "X"}}]}'), /^The registry refuses: a\\u001b\[31mb\\u000ac \(X\)\n$/],
  ])("%s is a sentence", async (_what, listener, sentence) => {
    const { code, out, error } = await (await answering(listener)).export();
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toMatch(sentence);
  });

  it.each(["ftp://a", "localhost:8090", "http://u:p@a", "http://a?b", "http://a#b", ""])("%j is no address of one", (url) => {
    expect(() => openClient(url, "a.b.c")).toThrow(/^--url must be the registry's address/);
  });
});

describe("a step's line", () => {
  it("is one line, whatever somebody wrote into it, and not endless", () => {
    const after = { name: "a\u001b[31m\n\u2028\u202eb\u0085", config: { text: "x".repeat(1_000) } };
    const [, line, summary] = linesOf("acme", [{ kind: "ADD", what: "TEAM", name: "support", before: null, after }], []).split("\n");
    expect(line).toMatch(/^ {2}\+ team support name "a\\u001b\[31m\\n\\u2028\\u202eb\\u0085", config \{"text":"x+… \(\d+ more characters\)$/);
    expect(line?.length).toBeLessThan(400);
    expect(summary).toBe("  1 to add, 0 to change, 0 to remove");
  });

  it("tells of what is kept, and how it would go", () => {
    const gone = (name: string) => ({ kind: "REMOVE", what: "TEAM", name, before: { name }, after: null }) as const;
    expect(linesOf("acme", [], [gone("a")])).toBe("acme\n  no change, 1 not in the bundle (kept; --prune removes it)\n");
    expect(linesOf("acme", [gone("a")], [gone("b"), gone("c")])).toBe("acme\n  - team a\n  0 to add, 0 to change, 1 to remove, 2 not in the bundle (kept; --prune removes them)\n");
  });
});
