/** Owns the command `export`: what is there of tenants, as a bundle that can be applied elsewhere. */
import { writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import { BOUNDS } from "../config.js";
import { MAX_FILE_BYTES } from "../kernel/checked-file.js";
import { plain } from "../kernel/plain-text.js";
import { NoAnswerError, type RegistryClient } from "./bundle-cli.client.js";
import { CommandRefusedError, ExitCode, type Terminal } from "./bundle-cli.outcome.js";

interface Page {
  readonly tenants: { readonly nodes: readonly { readonly slug: string }[]; readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null } };
}

const SLUGS = `query Slugs($after: String) {
  tenants(first: 100, after: $after, filter: { status: [DEMO, TRIAL, ACTIVE, FROZEN] }, orderBy: { field: SLUG }) { nodes { slug } pageInfo { hasNextPage endCursor } }
}`;
const BUNDLE = "query Bundle($slug: String!) { tenantBySlug(slug: $slug) { bundle } }";

/** Write a bundle of these tenants, or of all that are not archived. Throws {@link CommandRefusedError}, and writes nothing then. */
export async function exportBundle(registry: RegistryClient, slugs: readonly string[], output: string | undefined, terminal: Terminal): Promise<ExitCode> {
  const tenants = await contentsOf(registry, slugs).catch((error: unknown) => {
    if (error instanceof NoAnswerError) throw new CommandRefusedError(error.message);
    throw error;
  });
  const text = bundleText(tenants);
  if (output === undefined) terminal.out(text);
  else await writeFile(output, text).catch((error: NodeJS.ErrnoException) => {
    throw new CommandRefusedError(`${output} cannot be written (${error.code}).`);
  });
  for (const warning of warningsAbout(tenants, text)) terminal.error(`${warning}\n`);
  return ExitCode.DONE;
}

async function contentsOf(registry: RegistryClient, slugs: readonly string[]): Promise<[slug: string, content: object][]> {
  const tenants: [string, object][] = [];
  for (const slug of [...new Set(slugs.length > 0 ? slugs : await allSlugs(registry))].sort()) {
    const { tenantBySlug } = await registry.run<{ tenantBySlug: { bundle: object | null } | null }>(BUNDLE, { slug }).catch((error: unknown) => {
      // One of many stands in the way of all: whose it is, is what its message cannot know.
      throw error instanceof NoAnswerError ? new CommandRefusedError(`${plain(slug)}: ${error.message}`) : error;
    });
    if (tenantBySlug?.bundle) tenants.push([slug, tenantBySlug.bundle]);
    else throw new CommandRefusedError(plain(`There is no tenant ${slug}.`));
  }
  return tenants;
}

async function allSlugs(registry: RegistryClient): Promise<string[]> {
  const slugs: string[] = [];
  for (let after: string | null = null; ; ) {
    const { tenants }: Page = await registry.run<Page>(SLUGS, { after });
    slugs.push(...tenants.nodes.map(({ slug }) => slug));
    if (!tenants.pageInfo.hasNextPage) return slugs;
    after = tenants.pageInfo.endCursor;
  }
}

/** Text that `apply` reads as the same, and that readers of YAML 1.1 do not take for something else. */
export function bundleText(tenants: readonly (readonly [slug: string, content: object])[]): string {
  return stringify({ tenants: Object.fromEntries(tenants) }, { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" });
}

/** What is exported is complete, and may be more than can come back in one piece. */
function warningsAbout(tenants: readonly (readonly [slug: string, content: object])[], text: string): string[] {
  const large = tenants.filter(([, content]) => Buffer.byteLength(JSON.stringify(content)) > BOUNDS.bodyBytes).map(([slug]) => slug);
  return [
    ...(large.length > 0 ? [`More than the registry takes of one tenant (${BOUNDS.bodyBytes} bytes): ${large.join(", ")}.`] : []),
    ...(Buffer.byteLength(text) > MAX_FILE_BYTES ? [`More than \`apply\` reads of one file (${MAX_FILE_BYTES} bytes): export fewer tenants at a time.`] : []),
  ];
}
