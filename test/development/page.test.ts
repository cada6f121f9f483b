/** The development page as people use it: in a real browser, by mouse and by keyboard, on the program as it starts with nothing configured. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Fastify from "fastify";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EXAMPLE_QUERIES } from "../../src/development/examples.js";
import { developmentPage } from "../../src/development/page.js";
import { freePort } from "../testkit/cluster.js";
import { startService, stopPrograms } from "../testkit/program.js";
import { notRun } from "../testkit/missing.js";

const ADMINISTRATOR = "Acme administrator";
const NEIGHBOUR = "Bigcorp administrator";
const OPERATOR = "Platform operator";
const MY_TENANT = "My tenant, its projects and products";

let directory: string;
let origin: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "registry-page-"));
  const address = `127.0.0.1:${await freePort()}`;
  const service = await startService({ DATA_DIR: directory, ADDR: address });
  await service.says(/Its answer:\n\n.+\n/);
  origin = `http://${address}`;
});

afterAll(async () => {
  await stopPrograms();
  await rm(directory, { recursive: true, force: true });
});

describe("what the page is served as", () => {
  it("allows this origin only, and no inline script", async () => {
    const { headers } = await fetch(origin);
    const policy = String(headers.get("content-security-policy"));
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
    expect([headers.get("x-content-type-options"), headers.get("cache-control")]).toEqual(["nosniff", "no-store"]);
  });

  it("never gives the same style nonce twice", async () => {
    const answers = await Promise.all([fetch(origin), fetch(origin)]);
    expect(new Set(answers.map(({ headers }) => headers.get("content-security-policy"))).size).toBe(2);
  });

  it("answers every file that the page names, with its type", async () => {
    const body = await (await fetch(origin)).text();
    const paths = [...new Set(body.match(/\/development\/assets\/[\w.-]+/g))];
    const answers = await Promise.all(paths.map(async (path) => ({ path, answer: await fetch(origin + path) })));
    const types = answers.map(({ path, answer }) => [path.slice("/development/assets/".length), answer.headers.get("content-type")]);
    expect(Object.fromEntries(types)).toEqual({
      "icon.svg": "image/svg+xml; charset=utf-8",
      "graphiql.css": "text/css; charset=utf-8",
      "page.css": "text/css; charset=utf-8",
      "react.js": "text/javascript; charset=utf-8",
      "react-dom.js": "text/javascript; charset=utf-8",
      "graphiql.js": "text/javascript; charset=utf-8",
      "page.js": "text/javascript; charset=utf-8",
      "usage.js": "text/javascript; charset=utf-8",
    });
    for (const { answer } of answers) expect([answer.status, answer.headers.get("x-content-type-options")]).toEqual([200, "nosniff"]);
  });

  it("does not send a file again that the browser has", async () => {
    const url = `${origin}/development/assets/graphiql.js`;
    const first = await fetch(url);
    const again = await fetch(url, { headers: { "if-none-match": String(first.headers.get("etag")) } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
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
    expect((await fetch(`${origin}/development/assets/${name}`)).status).toBe(404);
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

describe.skipIf(!browserPath)(browserPath ? "in Chromium" : notRun("no Chromium found: install it or set CHROMIUM_PATH"), () => {
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

  it("asks as the chosen caller from the next request on: each administrator sees one tenant, and nobody sees none", async () => {
    await openExample(MY_TENANT);
    await tab("MyTenant").waitFor();
    await run();
    await answered('"slug": "acme"');

    await callerMenu().selectOption(NEIGHBOUR);
    await run();
    await answered('"slug": "bigcorp"');

    await callerMenu().selectOption("Anonymous");
    await run();
    await answered('"code": "UNAUTHENTICATED"');
  });

  it("sends no Authorization header as anonymous", async () => {
    await callerMenu().selectOption("Anonymous");
    const [request] = await Promise.all([page.waitForRequest((sent) => sent.postData()?.includes("WhoAmI") === true), run()]);
    expect(await request.headerValue("authorization")).toBeNull();
    await answered('"code": "UNAUTHENTICATED"');
  });

  it("names who is asking, and remembers it over a reload", async () => {
    await callerMenu().selectOption(OPERATOR);
    expect(await page.getByText("Reads every tenant, and changes one at a time.").isVisible()).toBe(true);
    await page.reload();
    await tab("WhoAmI").waitFor();
    expect(await callerMenu().inputValue()).toBe(OPERATOR);
    await run();
    await answered(`"name": "${OPERATOR}"`);
  });

  it("falls back to the first caller when the remembered one is gone", async () => {
    await page.evaluate('localStorage.setItem("tenant-registry:caller", "somebody who left")');
    await page.reload();
    expect(await callerMenu().inputValue()).toBe(ADMINISTRATOR);
  });

  it("opens an example with its variables in a tab of its own, as often as asked", async () => {
    await openExample(MY_TENANT);
    await tab("MyTenant").waitFor();
    expect(await page.getByRole("region", { name: "Variables" }).innerText()).toContain('"projects": 10');

    await openExample(MY_TENANT);
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
    for (const _ of ["Examples", "Usage", "Caller"]) await page.keyboard.press("Tab");
    await callerMenu().and(page.locator(":focus")).waitFor();
    await page.keyboard.type("Bigcorp");
    expect(await callerMenu().inputValue()).toBe(NEIGHBOUR);

    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await tab("MyTenant").waitFor();
    await page.keyboard.press("Control+Enter");
    await answered('"slug": "bigcorp"');
  });

  describe("the chart of use", () => {
    const openUsage = () => page.getByRole("button", { name: "Usage" }).click();
    const usage = () => page.getByRole("region", { name: "Usage" });
    const says = (pattern: RegExp) => usage().locator("p").filter({ hasText: pattern }).waitFor();
    const today = (pattern: RegExp) => usage().locator("svg title").filter({ hasText: pattern }).waitFor({ state: "attached" });

    it("counts what the chosen caller's tenant asks, by itself while it is open, and nothing of another tenant's", async () => {
      const failing = "{ viewer { nothing } }";
      const { callers } = JSON.parse(await page.locator("#settings").textContent() ?? "") as { callers: { name: string; token: string }[] };
      const token = callers.find(({ name }) => name === ADMINISTRATOR)?.token;
      await run();
      await answered(`"name": "${ADMINISTRATOR}"`);
      await openUsage();
      await says(/^acme, the last 30 days \(UTC\): /);
      const refused = await fetch(`${origin}/graphql`, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${token}` }, body: JSON.stringify({ query: failing }) });
      expect(await refused.json()).toHaveProperty("errors");
      await today(/ \(today\): ([2-9]|\d{2,}) operations, [1-9]\d* errors?\n/);
      expect(await usage().locator("svg .usage-day").count()).toBe(30);

      await page.keyboard.press("Escape");
      await callerMenu().selectOption(NEIGHBOUR);
      await openUsage();
      await today(/ \(today\): [1-9]\d* operations?, 0 errors\n/);
      await says(/^bigcorp, .* Today: [1-9]\d* operations?, 0 errors\.$/);
    });

    it("tells one who acts in no tenant which caller to choose", async () => {
      for (const caller of [OPERATOR, "Anonymous"]) {
        await callerMenu().selectOption(caller);
        await openUsage();
        await says(/^Choose a tenant's caller/);
        expect(await usage().locator("svg").isVisible()).toBe(false);
        await page.keyboard.press("Escape");
        await usage().waitFor({ state: "hidden" });
      }
    });
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

  if (process.env["UPDATE_SCREENSHOT"] === "1") it("UPDATE_SCREENSHOT: writes docs/graphiql.png", async () => {
    await openExample(MY_TENANT);
    await tab("MyTenant").waitFor();
    await run();
    await answered('"slug": "acme"');
    await page.screenshot({ path: fileURLToPath(new URL("../../docs/graphiql.png", import.meta.url)) });
  });

  // The last ones, because one of them creates a project.
  it.each(EXAMPLE_QUERIES)("runs the example without an error: $title", async ({ title, query }) => {
    const name = /(?:query|mutation) (\w+)/.exec(query)?.[1] ?? "";
    await callerMenu().selectOption(title.startsWith("Operators: ") ? OPERATOR : ADMINISTRATOR);
    await openExample(title);
    await page.getByRole("tab").nth(1).filter({ hasText: name }).waitFor();
    const [response] = await Promise.all([page.waitForResponse((one) => one.request().postData()?.includes(name) === true), run()]);
    const { data, errors } = (await response.json()) as { data: object; errors?: object[] };
    expect(errors).toBeUndefined();
    expect(Object.values(data)).toEqual([expect.anything()]);
    await answered('"data"');
  });
});
