/** Owns the page that people open in development: GraphiQL at `/`. Who the callers are, and that production has no page, is `main.ts`'s. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { ExampleQuery } from "./examples.js";
import { pageAssets } from "./page-assets.js";

/** Somebody whom the page can speak as. */
export interface PageCaller {
  /** The text of the menu entry; unique. */
  readonly name: string;
  /** One sentence about what this caller may see. */
  readonly description: string;
  /** A bearer token; empty for a caller without one. */
  readonly token: string;
}

export interface DevelopmentPageOptions {
  /** In the order of the menu; the first is chosen until somebody chooses. */
  readonly callers: readonly PageCaller[];
  readonly examples: readonly ExampleQuery[];
}

const GRAPHQL_PATH = "/graphql";
const ASSET_PATH = "/development/assets";

/**
 * A Fastify plugin that serves GraphiQL at `/`, with a menu of callers and one of examples. Nothing is loaded from another host.
 *
 * The tokens are in the page for everybody who can reach it: register it only where tokens are worth nothing, never in production.
 *
 * Faults   Error when the development dependencies are not installed; Error when there is no caller.
 */
export async function developmentPage(app: FastifyInstance, options: DevelopmentPageOptions): Promise<void> {
  if (options.callers.length === 0) throw new Error("The development page needs at least one caller");
  const assets = await pageAssets();

  app.get("/", (_request, reply) => {
    const nonce = randomBytes(16).toString("base64url");
    return secured(reply, nonce).header("cache-control", "no-store").type("text/html; charset=utf-8").send(html(options, nonce));
  });

  app.get<{ Params: { name: string } }>(`${ASSET_PATH}/:name`, (request, reply) => {
    const asset = assets.get(request.params.name);
    if (!asset) return reply.callNotFound();
    // Stored, but asked about every time: another version of the service on the same port brings other files.
    secured(reply).header("cache-control", "no-cache").header("etag", asset.etag);
    if (request.headers["if-none-match"] === asset.etag) return reply.code(304).send();
    return reply.type(asset.type).send(asset.body);
  });
}

/**
 * Only this origin, no inline script. `data:` is for the fonts and cursors inside GraphiQL's own style sheet; the style nonce is for
 * the one style element that its menus add to the page while they are open.
 */
function secured(reply: FastifyReply, styleNonce?: string): FastifyReply {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${styleNonce ? ` 'nonce-${styleNonce}'` : ""}`,
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return reply
    .header("content-security-policy", policy.join("; "))
    .header("x-content-type-options", "nosniff")
    .header("referrer-policy", "no-referrer");
}

function html({ callers, examples }: DevelopmentPageOptions, styleNonce: string): string {
  const settings = { endpoint: GRAPHQL_PATH, callers, examples, styleNonce };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tenant-registry · GraphiQL</title>
<link rel="icon" href="${ASSET_PATH}/icon.svg">
<link rel="stylesheet" href="${ASSET_PATH}/graphiql.css">
<link rel="stylesheet" href="${ASSET_PATH}/page.css">
</head>
<body>
<header class="bar">
  <img class="mark" src="${ASSET_PATH}/icon.svg" alt="">
  <h1 class="product">tenant-registry</h1>
  <span class="stage">development</span>
  <button type="button" id="examples-button" popovertarget="examples">Examples<span class="chevron" aria-hidden="true">▾</span></button>
  <button type="button" id="usage-button" popovertarget="usage">Usage<span class="chevron" aria-hidden="true">▾</span></button>
  <div class="caller">
    <span class="caller-description" id="caller-description" aria-live="polite"></span>
    <label for="caller">Caller</label>
    <select id="caller" aria-describedby="caller-description"></select>
  </div>
</header>
<nav class="examples" id="examples" aria-label="Example queries" popover><ul id="examples-list"></ul></nav>
<section class="usage" id="usage" aria-label="Usage" popover>
  <p id="usage-summary"></p>
  <svg id="usage-chart" viewBox="0 0 600 190" role="img" aria-labelledby="usage-summary" hidden></svg>
  <p class="usage-legend" id="usage-legend" hidden><span class="usage-key usage-answered"></span>answered<span class="usage-key usage-failed"></span>answered with an error</p>
</section>
<main id="graphiql"></main>
<script type="application/json" id="settings">${dataBlock(settings)}</script>
<script src="${ASSET_PATH}/react.js"></script>
<script src="${ASSET_PATH}/react-dom.js"></script>
<script src="${ASSET_PATH}/graphiql.js"></script>
<script src="${ASSET_PATH}/page.js"></script>
<script src="${ASSET_PATH}/usage.js"></script>
</body>
</html>
`;
}

/** JSON that cannot end the script element it stands in, whatever a name or a query contains. */
function dataBlock(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
