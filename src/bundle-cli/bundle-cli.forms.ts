/** Owns the forms in which a file can speak of tenants: as a bundle, as one tenant, as one team, as one flow. No I/O. */
import { shapeProblems } from "../bundle/bundle.content.js";
import { exactly, TEXT } from "../bundle/bundle.shape.js";
import { isObject, type JsonObject } from "../catalog/catalog.js";
import { schemaCheck } from "../catalog/catalog.json-schema.js";
import type { FileProblem } from "../kernel/checked-file.js";
import { closest } from "../kernel/misspelling.js";

type Place = FileProblem["place"];

/** What a file says of one tenant, as it would stand under the tenant's slug in a bundle. */
export interface Piece {
  readonly tenant: string;
  readonly content: JsonObject;
  /** Where in the file something stands that stands at this place of the content. */
  placeOf(place: Place): Place;
  /** What a flow is called, the file does not say. */
  readonly isFlow?: true;
}

/** What a file's content says, or why it cannot be read. */
interface Read {
  readonly value: readonly Piece[];
  readonly problems: readonly FileProblem[];
}

interface Form {
  /** By it the form is known. */
  readonly member: string;
  pieces(content: JsonObject, tenantOfFlows: string | undefined): Read;
}

const checkBundle = schemaCheck(exactly({ tenants: { type: "object" } }, ["tenants"]));
const checkTenant = schemaCheck(exactly({ tenant: { type: "object", properties: { id: TEXT }, required: ["id"] }, environments: { type: "array" } }, ["tenant"]));
const checkTeam = schemaCheck(
  exactly({ team: { type: "object", properties: { id: TEXT, tenant_id: TEXT }, required: ["id", "tenant_id"] }, channels: { type: "object" } }, ["team"]),
);
const checkFlow = schemaCheck({ type: "object", properties: { name: TEXT }, required: ["name"] });

/** The members that say which form it is, in the order in which they are looked for. Source: the samples of seeds 001 and 002. */
const FORMS: readonly Form[] = [
  { member: "tenants", pieces: bundle },
  { member: "tenant", pieces: oneTenant },
  { member: "team", pieces: oneTeam },
  { member: "nodes", pieces: oneFlow },
];

/** What a file's content says of which tenants. What has the wrong shape is not looked into further. */
export function piecesIn(content: unknown, tenantOfFlows: string | undefined): Read {
  if (!isObject(content)) return refused([{ place: [], rule: "must be an object" }]);
  const form = FORMS.find(({ member }) => Object.hasOwn(content, member));
  return form ? form.pieces(content, tenantOfFlows) : refused(unknownForm(content));
}

function unknownForm(content: JsonObject): FileProblem[] {
  const known = FORMS.map(({ member }) => member);
  const rule = "must have tenants, tenant, team, or the name and nodes of a flow";
  const slips = Object.keys(content).filter((name) => closest(name, known) !== undefined);
  return slips.length === 0 ? [{ place: [], rule }] : slips.map((name) => ({ place: [], rule, stranger: { name, known } }));
}

function bundle(content: JsonObject): Read {
  const misshapen = checkBundle(content);
  if (misshapen.length > 0) return refused(misshapen);
  return all(Object.entries(content["tenants"] as JsonObject).map(([tenant, said]) => piece(tenant, said, (place) => ["tenants", tenant, ...place])));
}

/** The environments stand in the tenant or beside it. */
function oneTenant(content: JsonObject): Read {
  const misshapen = checkTenant(content);
  if (misshapen.length > 0) return refused(misshapen);
  const { tenant, environments } = content as { tenant: JsonObject & { id: string }; environments?: unknown };
  const { id, ...said } = tenant;
  if (environments === undefined) return piece(id, said, (place) => ["tenant", ...place]);
  if (said["environments"] !== undefined) return refused([{ place: ["environments"], rule: "stands in the tenant already" }]);
  return piece(id, { ...said, environments }, (place) => (place[0] === "environments" ? place : ["tenant", ...place]));
}

/** One of a tenant's teams: it says nothing of the others. Its channels stand in it or beside it. */
function oneTeam(content: JsonObject): Read {
  const misshapen = checkTeam(content);
  if (misshapen.length > 0) return refused(misshapen);
  const { team, channels } = content as { team: JsonObject & { id: string; tenant_id: string }; channels?: unknown };
  const { id, tenant_id: tenant, ...said } = team;
  if (channels !== undefined && said["channels"] !== undefined) return refused([{ place: ["channels"], rule: "stands in the team already" }]);
  const whole = { allTeams: false, teams: Object.fromEntries([[id, channels === undefined ? said : { ...said, channels }]]) };
  return piece(tenant, whole, ([, , ...place]) => (channels !== undefined && place[0] === "channels" ? place : ["team", ...place]));
}

function oneFlow(content: JsonObject, tenant: string | undefined): Read {
  const misshapen = checkFlow(content);
  if (misshapen.length > 0) return refused(misshapen);
  if (tenant === undefined) return refused([{ place: [], rule: "is a flow, and does not say whose: name the tenant with --tenant" }]);
  const { name, ...body } = content as JsonObject & { name: string };
  const { value, problems } = piece(tenant, { flows: Object.fromEntries([[name, body]]) }, ([, , ...place]) => place);
  return { value: value.map((one) => ({ ...one, isFlow: true })), problems };
}

/** `said` in the shape of what stands under a tenant's slug. */
function piece(tenant: string, said: unknown, placeOf: Piece["placeOf"]): Read {
  const problems = shapeProblems(said);
  if (problems.length > 0) return refused(problems.map((problem) => ({ ...problem, place: placeOf(problem.place) })));
  return { value: [{ tenant, content: said as JsonObject, placeOf }], problems: [] };
}

function all(reads: readonly Read[]): Read {
  return { value: reads.flatMap(({ value }) => value), problems: reads.flatMap(({ problems }) => problems) };
}

function refused(problems: readonly FileProblem[]): Read {
  return { value: [], problems };
}
