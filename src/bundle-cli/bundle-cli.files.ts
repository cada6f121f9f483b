/** Owns how the files that an operator names become what is to be of each tenant, and how what is wrong with that is told by file and line. */
import type { JsonObject } from "../catalog/catalog.js";
import { FileRefusedError, loadLocated, type FileProblem, type Located } from "../kernel/checked-file.js";
import { piecesIn, type Piece } from "./bundle-cli.forms.js";
import { contentOf, originAt, saidOfTenant, together, type Contradiction, type Origin, type Said } from "./bundle-cli.said.js";
import { CommandRefusedError } from "./bundle-cli.outcome.js";

class BundleFileError extends FileRefusedError {
  override readonly name = "BundleFileError";
  constructor(file: string, problems: readonly string[]) {
    super("bundle", file, problems);
  }
}

/** What the files say of one tenant. */
export interface Desired {
  readonly tenant: string;
  /** As it stands under the tenant's slug in a bundle. */
  readonly content: JsonObject;
}

/** Something that the registry finds wrong, at its place in {@link Desired.content}. */
export interface TenantProblem {
  readonly tenant: string;
  readonly place: readonly string[];
  readonly rule: string;
}

export interface Bundles {
  /** In the order in which the files name them first. */
  readonly tenants: readonly Desired[];
  /** The refusal of the files for what only the registry can tell. */
  refused(problems: readonly TenantProblem[]): CommandRefusedError;
}

type LoadedFile = Located<readonly Piece[]>;

/** Read files that speak of tenants; what they say of one tenant is put together. `tenant` is whose the flows are. Throws {@link CommandRefusedError} naming every problem of every file. */
export async function readBundles(files: readonly string[], tenant: string | undefined): Promise<Bundles> {
  const loaded = await loadAll(files, tenant);
  if (tenant !== undefined && !loaded.some(({ value }) => value.some(({ isFlow }) => isFlow))) {
    throw new CommandRefusedError("--tenant says whose the flows are, and no file is a flow.");
  }
  const ofTenant = new Map<string, Said>();
  const wholeTeams = new Map<string, boolean>();
  const contradictions: Contradiction[] = [];
  for (const [file, { value }] of loaded.entries()) {
    for (const { tenant: slug, content: { allTeams = true, ...content }, placeOf } of value) {
      const said = saidOfTenant(content, (place) => ({ file, place: placeOf(place) }));
      const before = ofTenant.get(slug);
      ofTenant.set(slug, before ? together(before, said, contradictions) : said);
      // Who lists all teams, and who tells of a further one, list all together.
      if (content["teams"] !== undefined) wholeTeams.set(slug, wholeTeams.get(slug) === true || allTeams === true);
    }
  }
  const refused = (problems: readonly (FileProblem & { file: number })[]) => inFiles(loaded, problems);
  if (contradictions.length > 0) throw refused(contradictions.map(({ first, second }) => ({ ...second, rule: `is said in another way in ${files[first.file]}` })));
  return {
    tenants: [...ofTenant].map(([slug, said]) => ({ tenant: slug, content: { ...contentOf(said), ...(wholeTeams.get(slug) === false && { allTeams: false }) } })),
    refused: (problems) => refused(problems.map(({ tenant: slug, place, rule }) => ({ ...originIn(ofTenant.get(slug), place), rule, isName: true }))),
  };
}

/** Of a tenant that the files do not speak of nothing can be wrong in them. */
function originIn(said: Said | undefined, place: readonly string[]): Origin {
  return said ? originAt(said, place) : { file: 0, place: [] };
}

async function loadAll(files: readonly string[], tenant: string | undefined): Promise<LoadedFile[]> {
  const outcomes = await Promise.allSettled(files.map((file) => loadLocated(file, (content) => piecesIn(content, tenant), BundleFileError)));
  const refusals = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  for (const refusal of refusals) if (!(refusal instanceof FileRefusedError)) throw refusal;
  if (refusals.length > 0) throw new CommandRefusedError((refusals as FileRefusedError[]).map(({ message }) => message).join("\n"));
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}

function inFiles(loaded: readonly LoadedFile[], problems: readonly (FileProblem & { file: number })[]): CommandRefusedError {
  const messages = loaded.flatMap((located, index) => {
    const own = problems.filter(({ file }) => file === index);
    return own.length === 0 ? [] : [located.refused(own).message];
  });
  return new CommandRefusedError(messages.join("\n"));
}
