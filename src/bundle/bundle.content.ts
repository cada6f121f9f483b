/** Owns how what is said of a tenant is read, and how what is there is written in the same way. No I/O. */
import { isObject, type JsonObject } from "../catalog/catalog.js";
import { schemaCheck } from "../catalog/catalog.json-schema.js";
import type { BundleProblem, EnvironmentBundle, FlowBundle, PresentEnvironment, PresentTeam, PresentTenant, TeamBundle, TenantBundle } from "./bundle.js";
import { TENANT_SHAPE, type EnvironmentContent, type TeamContent, type TenantContent } from "./bundle.shape.js";

const check = schemaCheck(TENANT_SHAPE);

/** What is wrong with the shape of what is said of a tenant, at its place in what is written. */
export function shapeProblems(content: unknown): readonly BundleProblem[] {
  if (!isObject(content)) return [{ place: [], rule: "must be an object" }];
  const misshapen = check(content);
  if (misshapen.length > 0) return misshapen;
  const { environments = [], flows = {} } = content as TenantContent;
  return [...twice(environments.map(({ id }) => id)), ...Object.entries(flows).flatMap(([name, flow]) => flowProblems(flow, ["flows", name]))];
}

function twice(ids: readonly string[]): BundleProblem[] {
  return ids.flatMap((id, index) => (ids.indexOf(id) < index ? [{ place: ["environments", index, "id"], rule: "is used above already" }] : []));
}

function flowProblems(flow: unknown, place: BundleProblem["place"]): BundleProblem[] {
  if (isObject(flow)) return [];
  if (!Array.isArray(flow) || flow.length === 0) return [{ place, rule: "must be an object, or a list of objects: the versions from the first on" }];
  return flow.flatMap((body, index) => (isObject(body) ? [] : [{ place: [...place, index], rule: "must be an object" }]));
}

/** What is said of a tenant, after {@link shapeProblems} found nothing. */
export function bundleFrom({ name, settings, environments, teams, allTeams = true, flows }: TenantContent): TenantBundle {
  return {
    ...(name !== undefined && { name }),
    ...(settings && { settings }),
    ...(environments && { environments: new Map(environments.map((environment) => [environment.id, environmentFrom(environment)])) }),
    ...(teams && { teams: mapOf(teams, teamFrom) }),
    allTeams,
    ...(flows && { flows: mapOf(flows, (flow) => flow as FlowBundle) }),
  };
}

function environmentFrom(environment: EnvironmentContent): EnvironmentBundle {
  const { id: _, flows, ...rest } = environment;
  return { ...rest, ...(flows && { flows: mapOf(flows, (number) => number) }) };
}

function teamFrom({ channels, ...rest }: TeamContent): TeamBundle {
  return { ...rest, ...(channels && { channels: mapOf(channels, (channel) => channel) }) };
}

function mapOf<From, To>(members: Readonly<Record<string, From>>, read: (member: From) => To): ReadonlyMap<string, To> {
  return new Map(Object.entries(members).map(([name, member]) => [name, read(member)]));
}

/** What is there, as a bundle says it: everything, and everything in the order of its name. Its flows must have been read whole. */
export function contentOf({ name, settings, environments, teams, flows }: PresentTenant): TenantContent {
  return {
    name,
    ...unlessEmpty({ settings: sortedMembers(settings) }),
    environments: sorted(environments).map(([id, environment]) => environmentContent(id, environment)),
    teams: Object.fromEntries(sorted(teams).map(([slug, team]) => [slug, teamContent(team)])),
    ...unlessEmpty({ flows: Object.fromEntries(sorted(flows).map(([flow, { bodies }]) => [flow, bodiesOf(bodies)])) }),
  };
}

function environmentContent(id: string, { name, cluster, settings, flows }: PresentEnvironment): EnvironmentContent {
  return { id, name, ...(cluster !== null && { cluster }), ...unlessEmpty({ settings: sortedMembers(settings), flows: Object.fromEntries(sorted(flows)) }) };
}

function teamContent({ name, settings, channels }: PresentTeam): TeamContent {
  return {
    name,
    ...unlessEmpty({ settings: sortedMembers(settings) }),
    channels: Object.fromEntries(sorted(channels).map(([slug, { provider, config }]) => [slug, { provider, config }])),
  };
}

/** A single version is said as what it is; of several, the earlier ones cannot be left out. */
function bodiesOf(bodies: ReadonlyMap<number, JsonObject>): FlowBundle {
  const inOrder = [...bodies].sort(([one], [other]) => one - other).map(([, body]) => body);
  const [only, ...more] = inOrder;
  return only !== undefined && more.length === 0 ? only : inOrder;
}

/** By the units of UTF-16, so that every machine has one order. */
function sorted<T>(things: ReadonlyMap<string, T>): [string, T][] {
  return [...things].sort(([one], [other]) => (one < other ? -1 : 1));
}

function sortedMembers(settings: object): JsonObject {
  return Object.fromEntries(sorted(new Map(Object.entries(settings))));
}

function unlessEmpty<Members extends Readonly<Record<string, object>>>(members: Members): Partial<Members> {
  return Object.fromEntries(Object.entries(members).filter(([, member]) => Object.keys(member).length > 0)) as Partial<Members>;
}
