/** Owns which files the development page may load, read once at start. It knows nothing of HTTP beyond their media types. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PAGE_SCRIPT } from "./page-script.js";
import { PAGE_ICON, PAGE_STYLE } from "./page-style.js";
import { PAGE_USAGE_SCRIPT } from "./page-usage-script.js";

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** Strong validator: a digest of the body. */
  readonly etag: string;
}

const JAVASCRIPT = "text/javascript; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const SVG = "image/svg+xml; charset=utf-8";

/** name → [package, file inside it, media type]. graphiql 4 comes with a browser build, which expects React 18 as a global. */
const PACKAGE_FILES = {
  "react.js": ["react", "umd/react.production.min.js", JAVASCRIPT],
  "react-dom.js": ["react-dom", "umd/react-dom.production.min.js", JAVASCRIPT],
  "graphiql.js": ["graphiql", "graphiql.min.js", JAVASCRIPT],
  "graphiql.css": ["graphiql", "graphiql.min.css", CSS],
} as const;

/**
 * Everything that `/development/assets/` can answer, by name. A name outside this map does not exist, so no request reaches the disk.
 *
 * Faults   Error when the development dependencies are not installed, as in the production image.
 */
export async function pageAssets(): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>([
    ["page.js", asset(JAVASCRIPT, Buffer.from(PAGE_SCRIPT))],
    ["usage.js", asset(JAVASCRIPT, Buffer.from(PAGE_USAGE_SCRIPT))],
    ["page.css", asset(CSS, Buffer.from(PAGE_STYLE))],
    ["icon.svg", asset(SVG, Buffer.from(PAGE_ICON))],
  ]);
  for (const [name, [packageName, file, type]] of Object.entries(PACKAGE_FILES)) {
    assets.set(name, asset(type, withoutSourceMap(await packageFile(packageName, file))));
  }
  return assets;
}

const resolve = createRequire(import.meta.url).resolve;

async function packageFile(packageName: string, file: string): Promise<string> {
  let manifest: string;
  try {
    // The packages do not export their browser builds, but they all export their manifest.
    manifest = resolve(`${packageName}/package.json`);
  } catch (cause) {
    throw new Error(`The development page needs ${packageName}, which is a development dependency and is not installed`, { cause });
  }
  return readFile(join(dirname(manifest), file), "utf8");
}

/** The maps are not served, and a reference to one is a failed request in every open developer console. */
function withoutSourceMap(text: string): Buffer {
  return Buffer.from(text.replace(/^\/\/# sourceMappingURL=.*$/m, ""));
}

function asset(type: string, body: Buffer): Asset {
  return { type, body, etag: `"${createHash("sha256").update(body).digest("base64url")}"` };
}
