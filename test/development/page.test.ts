/** The development page as people use it: in a real browser, by mouse and by keyboard. The GraphQL service behind it is a stub. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Fastify, { type FastifyInstance } from "fastify";
import { buildSchema, graphql } from "graphql";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EXAMPLE_QUERIES } from "../../src/development/examples.js";
import { developmentPage, type PageCaller } from "../../src/development/page.js";

const CALLERS: readonly PageCaller[] = [
  { name: "acme admin", description: "Runs the tenant acme", token: "token-of-ada" },
  { name: "globex member", description: "Reads the tenant globex", token: "token-of-gil" },
  { name: "anonymous", description: "Sends no token", token: "" },
];
const TENANT_OF_TOKEN: Readonly<Record<string, string>> = { "Bearer token-of-ada": "acme", "Bearer token-of-gil": "globex" };

const SCHEMA = buildSchema(`
  type Query { viewer: Viewer  myTenant: Tenant }
  type Viewer { subject: ID!  name: String  kind: String!  roles: [String!]!  actions: [String!]! }
  type Tenant {
    id: ID!  slug: String!  name: String!  status: String!
    projects(first: Int = 20): ProjectConnection!  entitlements: [Entitlement!]!
  }
  type ProjectConnection { totalCount: Int!  nodes: [Project!]! }
  type Project { id: ID!  slug: String!  name: String! }
  type Entitlement { product: String!  status: String!  expiresAt: String }
`);

let app: FastifyInstance;
let origin: string;

beforeAll(async () => {
  app = Fastify();
  app.post<{ Body: { query: string; variables?: Record<string, unknown>; operationName?: string } }>("/graphql", async (request) =>
    graphql({
      schema: SCHEMA,
      source: request.body.query,
      variableValues: request.body.variables,
      operationName: request.body.operationName,
      rootValue: answersFor(request.headers.authorization),
    }),
  );
  await app.register(developmentPage, { callers: CALLERS, examples: EXAMPLE_QUERIES });
  origin = await app.listen({ host: "127.0.0.1", port: 0 });
});

afterAll(async () => app.close());

function answersFor(authorization: string | undefined): object {
  const slug = authorization === undefined ? undefined : TENANT_OF_TOKEN[authorization];
  if (!slug) return { viewer: null, myTenant: null };
  return {
    viewer: { subject: `subject-of-${slug}`, name: "Ada", kind: "user", roles: ["admin"], actions: ["project.read", "tenant.read"] },
    myTenant: {
      id: "00000000-0000-0000-0000-000000000001",
      slug,
      name: "Acme Corporation",
      status: "active",
      projects: { totalCount: 1, nodes: [{ id: "5b0f4c1e-2f0d-4f0a-9b8e-6f2c7d1a3e94", slug: "storefront", name: "Storefront" }] },
      entitlements: [{ product: "ledger", status: "active" }],
    },
  };
}

describe("what the page is served as", () => {
  it("allows this origin only, and no inline script", async () => {
    const { headers } = await app.inject("/");
    const policy = String(headers["content-security-policy"]);
    expect(policy.split("; ").map((directive) => directive.replace(/'nonce-[\w-]{22}'/, "'nonce'"))).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self' 'nonce'",
      "img-src 'self' data:",
      "font-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
  });

  it("never gives the same style nonce twice", async () => {
    const policies = await Promise.all([app.inject("/"), app.inject("/")]);
    expect(new Set(policies.map(({ headers }) => headers["content-security-policy"])).size).toBe(2);
  });

  it("answers every file that the page names, with its type", async () => {
    const { body } = await app.inject("/");
    const urls = [...new Set(body.match(/\/development\/assets\/[\w.-]+/g))];
    const answers = await Promise.all(urls.map(async (url) => ({ url, answer: await app.inject(url) })));
    const types = answers.map(({ url, answer }) => [url.slice("/development/assets/".length), answer.headers["content-type"]]);
    expect(Object.fromEntries(types)).toEqual({
      "icon.svg": "image/svg+xml; charset=utf-8",
      "graphiql.css": "text/css; charset=utf-8",
      "page.css": "text/css; charset=utf-8",
      "react.js": "text/javascript; charset=utf-8",
      "react-dom.js": "text/javascript; charset=utf-8",
      "graphiql.js": "text/javascript; charset=utf-8",
      "page.js": "text/javascript; charset=utf-8",
    });
    for (const { answer } of answers) expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  });

  it("does not send a file again that the browser has", async () => {
    const first = await app.inject("/development/assets/graphiql.js");
    const again = await app.inject({ url: "/development/assets/graphiql.js", headers: { "if-none-match": String(first.headers.etag) } });
    expect([again.statusCode, again.body]).toEqual([304, ""]);
  });

  it.each([
    "package.json",
    "graphiql.min.js",
    "graphiql.js.map",
    "__proto__",
    "constructor",
    "..%2fpage.js",
    "%2e%2e%2f%2e%2e%2fpackage.json",
    "%00",
  ])("answers 404 for the file %s", async (name) => {
    expect((await app.inject(`/development/assets/${name}`)).statusCode).toBe(404);
  });

  it("keeps markup in a name or a query inside the data block", async () => {
    const callers = [{ name: "</script><script src=//evil.example>", description: "<!--<script>", token: "" }];
    const hostile = Fastify();
    await hostile.register(developmentPage, { callers, examples: [] });
    const { body } = await hostile.inject("/");
    const block = /<script type="application\/json" id="settings">(.*?)<\/script>/s.exec(body)?.[1] ?? "";
    expect(JSON.parse(block)).toMatchObject({ callers });
    expect(block).not.toContain("<");
    await hostile.close();
  });

  it("refuses to start without a caller", async () => {
    await expect(Fastify().register(developmentPage, { callers: [], examples: [] })).rejects.toThrow("at least one caller");
  });
});

const browserPath = process.env["CHROMIUM_PATH"] ?? [
  "/usr/bin/chromium",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => existsSync(path));

describe.skipIf(!browserPath)(browserPath ? "in Chromium" : "NOT RUN, no Chromium found: install it or set CHROMIUM_PATH", () => {
  let browser: Browser | undefined;
  let context: BrowserContext;
  let page: Page;
  let hosts: Set<string>;
  let complaints: string[];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: browserPath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ],
    });
  });

  afterAll(async () => browser?.close());

  beforeEach(async () => {
    hosts = new Set();
    complaints = [];
    context = await browser!.newContext({ viewport: { width: 1280, height: 800 } });
    context.on("request", (request) => hosts.add(new URL(request.url()).host));
    context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    context.on("weberror", (fault) => complaints.push(String(fault.error())));
    page = await context.newPage();
    await page.goto(origin);
    await tab("WhoAmI").waitFor();
  });

  // Holds for everything that a test did, so it is asserted after every one of them.
  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
    expect([...hosts]).toEqual([new URL(origin).host]);
  });

  const tab = (name: string) => page.getByRole("tab", { name });
  const callerMenu = () => page.getByLabel("Caller", { exact: true });
  const run = () => page.getByRole("button", { name: /^Execute query/ }).click();
  const answered = (text: string) => page.getByRole("region", { name: "Result Window" }).filter({ hasText: text }).waitFor();
  const openExample = async (title: string) => {
    await page.getByRole("button", { name: "Examples" }).click();
    await page.getByRole("navigation", { name: "Example queries" }).getByRole("button", { name: title }).click();
  };

  it("asks as the chosen caller from the next request on", async () => {
    await run();
    await answered('"subject-of-acme"');

    await callerMenu().selectOption("globex member");
    await run();
    await answered('"subject-of-globex"');
  });

  it("sends no Authorization header as anonymous", async () => {
    await callerMenu().selectOption("anonymous");
    const [request] = await Promise.all([page.waitForRequest((sent) => sent.postData()?.includes("WhoAmI") === true), run()]);
    expect(await request.headerValue("authorization")).toBeNull();
    await answered('"viewer": null');
  });

  it("names who is asking, and remembers it over a reload", async () => {
    await callerMenu().selectOption("globex member");
    expect(await page.getByText("Reads the tenant globex").isVisible()).toBe(true);
    await page.reload();
    await tab("WhoAmI").waitFor();
    expect(await callerMenu().inputValue()).toBe("globex member");
    await run();
    await answered('"subject-of-globex"');
  });

  it("falls back to the first caller when the remembered one is gone", async () => {
    await page.evaluate('localStorage.setItem("tenant-registry:caller", "somebody who left")');
    await page.reload();
    expect(await callerMenu().inputValue()).toBe("acme admin");
  });

  it("opens an example with its variables in a tab of its own, as often as asked", async () => {
    await openExample("My tenant, its projects and products");
    await tab("MyTenant").waitFor();
    expect(await page.getByRole("region", { name: "Variables" }).innerText()).toContain('"projects": 10');
    await run();
    await answered('"Storefront"');

    await openExample("My tenant, its projects and products");
    await tab("MyTenant").nth(1).waitFor();
    expect(await page.getByRole("tab").allInnerTexts()).toEqual(["WhoAmI", "MyTenant", "MyTenant"]);

    await tab("WhoAmI").click();
    expect(await page.getByRole("region", { name: "Query Editor" }).innerText()).toContain("viewer");
  });

  it("has every example in the menu", async () => {
    await page.getByRole("button", { name: "Examples" }).click();
    expect(await page.getByRole("navigation", { name: "Example queries" }).getByRole("button").allInnerTexts()).toEqual(
      EXAMPLE_QUERIES.map(({ title }) => title),
    );
  });

  it("needs no mouse: choose a caller, open an example, run it", async () => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await callerMenu().and(page.locator(":focus")).waitFor();
    await page.keyboard.press("ArrowDown");
    expect(await callerMenu().inputValue()).toBe("globex member");

    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await tab("MyTenant").waitFor();
    await page.keyboard.press("Control+Enter");
    await answered('"globex"');
  });

  it("opens GraphiQL's own dialogs under the policy", async () => {
    await page.getByRole("button", { name: "Open settings dialog" }).click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Open short keys dialog" }).click();
    await page.getByRole("dialog").waitFor();
  });

  it("is dark where the system is dark", async () => {
    const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.emulateMedia({ colorScheme: "light" });
    expect(await background()).toBe("rgb(255, 255, 255)");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await background()).toBe("rgb(25, 32, 45)");
  });

  it.runIf(process.env["UPDATE_SCREENSHOT"] === "1")("UPDATE_SCREENSHOT: writes docs/graphiql.png", async () => {
    await openExample("My tenant, its projects and products");
    await tab("MyTenant").waitFor();
    await run();
    await answered('"ledger"');
    await page.screenshot({ path: fileURLToPath(new URL("../../docs/graphiql.png", import.meta.url)) });
  });
});
