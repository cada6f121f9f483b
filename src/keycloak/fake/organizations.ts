/** Owns organisations as the recorded server keeps them: what it refuses of a new one, and what a change replaces. */
import { randomUUID } from "node:crypto";
import { created, done, erred, found, oauth, refused, unknownError, type Asked } from "./answers.js";
import type { Realm, StoredOrganization } from "./realm.js";

type Representation = Partial<StoredOrganization>;

const MEMBERS = ["id", "name", "alias", "enabled", "description", "redirectUrl", "attributes", "domains", "members", "identityProviders", "groups"];
const REFUSED_IN_ALIAS = /[!#$&()*+,/:;=?@[\]\\]/;
const MAX_NAME_CHARACTERS = 255;
const MAX_ATTRIBUTE_CHARACTERS = 2_048;
const DEFAULT_MAX = 10;

export function listOrganizations(realm: Realm, { url: { searchParams: query } }: Asked): Response {
  const [key = "", ...value] = (query.get("q") ?? "").split(":");
  const search = query.get("search")?.toLowerCase();
  const matching = realm.state.organizations
    // Without a colon the query means nothing, and everything is found.
    .filter(({ attributes }) => value.length === 0 || attributes[key]?.includes(value.join(":")))
    .filter(({ name, domains = [] }) => search === undefined || [name, ...domains.map((domain) => domain.name)].some((text) => text.toLowerCase().includes(search)))
    .sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)));
  const first = Number(query.get("first") ?? 0);
  const page = matching.slice(first, first + Number(query.get("max") ?? DEFAULT_MAX));
  return found(page.map((organization) => shown(organization, query.get("briefRepresentation") === "false")));
}

export function readOrganization(_realm: Realm, _asked: Asked, organization: StoredOrganization): Response {
  return found(shown(organization, true));
}

export function createOrganization(realm: Realm, asked: Asked): Response {
  const given = representationIn(asked);
  if (given instanceof Response) return given;
  const { name, alias } = given;
  if (!name) return refused(400, "Name can not be null");
  const refusal = refusedValue(realm, given, null) ?? (alias === undefined ? refusedAlias(name, "name") : refusedAlias(alias, "alias"));
  if (refusal) return refusal;
  if (realm.state.organizations.some((other) => other.name === name)) return refused(409, "A organization with the same name already exists.");
  if (realm.state.organizations.some((other) => other.alias === (alias ?? name))) return refused(409, "A organization with the same alias already exists");
  // The id is the server's choice, whatever was sent.
  const id = randomUUID();
  realm.state.organizations.push({ ...replaced(given), id, name, alias: alias ?? name, attributes: given.attributes ?? {} });
  return created(`${realm.settings.locationOrigin ?? asked.url.origin}${asked.url.pathname}/${id}`);
}

/** What is not sent is cleared, and `enabled` is true again; only attributes survive. A missing alias is one derived from the name. */
export function updateOrganization(realm: Realm, asked: Asked, organization: StoredOrganization): Response {
  const given = representationIn(asked);
  if (given instanceof Response) return given;
  const { name, alias } = given;
  const taken = realm.state.organizations.some((other) => other !== organization && other.name === name);
  if (!name || taken) return refused(409, "A organization with the same name already exists.");
  if ((alias ?? name) !== organization.alias) return refused(400, "Cannot change the alias");
  const refusal = refusedValue(realm, given, organization);
  if (refusal) return refusal;
  for (const cleared of ["description", "redirectUrl", "domains"] as const) delete organization[cleared];
  Object.assign(organization, replaced(given), { name, attributes: given.attributes ?? organization.attributes });
  return done();
}

function representationIn({ contentType, text }: Asked): Representation | Response {
  if (!contentType.startsWith("application/json")) return erred(415, "The content-type header value did not match the value in @Consumes");
  if (text === "") return refused(400, "Organization cannot be null.");
  const given = parsed(text);
  if (given === undefined) return oauth(400, "invalid_request", "Cannot parse the JSON");
  const unknown = Object.keys(given).find((member) => !MEMBERS.includes(member));
  if (unknown === undefined) return given as Representation;
  return erred(400, `Invalid json representation for OrganizationRepresentation. Unrecognized field "${unknown}" at line 1 column ${text.length}.`);
}

function refusedValue({ state, name: realmName }: Realm, given: Representation, self: StoredOrganization | null): Response | null {
  const { name = "", redirectUrl, domains = [], attributes = {} } = given;
  if (redirectUrl && !/^https?:$/.test(URL.canParse(redirectUrl) ? new URL(redirectUrl).protocol : "")) return refused(400, "Organization redirect URL is not valid.");
  for (const { name: domain } of domains) {
    const owner = state.organizations.find((other) => other !== self && other.domains?.some((each) => each.name === domain));
    if (owner) return refused(400, `Domain ${domain} is already linked to organization ${owner.name} in realm ${realmName}`);
  }
  const tooLong = name.length > MAX_NAME_CHARACTERS || Object.values(attributes).flat().some((value) => value.length > MAX_ATTRIBUTE_CHARACTERS);
  return tooLong ? unknownError() : null;
}

/** One wrong value, two families: as a name it is refused in one shape, as an alias in the other. */
function refusedAlias(text: string, from: "name" | "alias"): Response | null {
  const character = REFUSED_IN_ALIAS.exec(text)?.[0];
  const problem = /\s/.test(text) ? "Empty Space not allowed." : character === undefined ? null : `Character '${character}' not allowed.`;
  if (problem === null) return null;
  return from === "name" ? refused(400, `Name cannot be used as alias: ${problem}`) : erred(400, problem);
}

function replaced({ enabled = true, description, redirectUrl, domains }: Representation) {
  return { enabled, ...(description && { description }), ...(redirectUrl && { redirectUrl }), ...(domains?.length && { domains }) };
}

function shown(organization: StoredOrganization, whole: boolean): object {
  return whole ? organization : { ...organization, attributes: undefined };
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
