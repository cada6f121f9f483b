/**
 * Owns how subgraph schemas become the supergraph that the router serves. It fetches nothing: schemas are files.
 *
 *   node deploy/router/compose-supergraph.ts <supergraph file> <name>=<url>=<schema file>...
 *
 * `url` is where the router reaches the subgraph. Runs as it is on Node 24, which drops the types.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { composeServices } from "@theguild/federation-composition";
import { parse } from "graphql";

export interface Subgraph {
  name: string;
  url: string;
  /** Its schema in federation SDL. */
  sdl: string;
}

/**
 * Compose subgraphs into a supergraph in SDL.
 *
 * Faults   an Error that lists everything the composition refused; a GraphQLError where an SDL is not GraphQL.
 */
export function composeSupergraph(subgraphs: readonly Subgraph[]): string {
  const { supergraphSdl, errors } = composeServices(
    subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  );
  if (errors) throw new Error(`The subgraphs do not compose:\n${errors.map(({ message }) => `- ${message}`).join("\n")}`);
  return supergraphSdl;
}

/** A subgraph from its command line argument `<name>=<url>=<schema file>`; the URL may not contain `=`. */
function subgraphFrom(argument: string): Subgraph {
  const [name, url, file, ...rest] = argument.split("=");
  if (!name || !url || !file || rest.length > 0) throw new Error(`Not of the form <name>=<url>=<schema file>: ${argument}`);
  return { name, url, sdl: readFileSync(file, "utf8") };
}

const [, script, supergraphFile, ...subgraphArguments] = process.argv;
if (script !== undefined && resolve(script) === fileURLToPath(import.meta.url)) {
  if (supergraphFile === undefined || subgraphArguments.length === 0) {
    throw new Error("usage: compose-supergraph <supergraph file> <name>=<url>=<schema file>...");
  }
  writeFileSync(supergraphFile, composeSupergraph(subgraphArguments.map(subgraphFrom)));
}
