/** Owns what a broken rule of a JSON Schema is called. It repeats the schema's own words and never the value's. */
import type { ErrorObject } from "ajv";
import type { SchemaProblem } from "./catalog.js";

type Params = Readonly<Record<string, unknown>>;

/** So many words of an enumeration are repeated. */
const LISTED = 20;

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  null: "null",
};

const FORMATS: Readonly<Record<string, string>> = {
  date: "a date like 2026-01-31",
  time: "a time like 13:30:00Z",
  "date-time": "a time like 2026-01-31T13:30:00Z",
  duration: "a duration like P1DT12H",
  email: "an e-mail address",
  hostname: "a host name",
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
  uri: "a URI",
  "uri-reference": "a URI or a relative reference",
  uuid: "a UUID",
  "json-pointer": "a JSON Pointer",
  regex: "a regular expression",
};

const COMPARISONS: Readonly<Record<string, string>> = { ">=": "at least", ">": "more than", "<=": "at most", "<": "less than" };

/** Keyword → what to say; a keyword that is not here is named. */
const RULES: Readonly<Record<string, (params: Params, parent: Params) => string>> = {
  type: ({ type }) => `must be ${[type].flat().flatMap((name) => String(name).split(",")).map((name) => TYPES[name] ?? name).join(" or ")}`,
  format: ({ format }) => `must be ${FORMATS[String(format)] ?? format}`,
  pattern: ({ pattern }) => `must match the pattern ${pattern}`,
  enum: ({ allowedValues }) => `must be one of ${listed((allowedValues as unknown[]).map((value) => JSON.stringify(value)))}`,
  const: ({ allowedValue }) => `must be ${JSON.stringify(allowedValue)}`,
  minimum: compared,
  exclusiveMinimum: compared,
  maximum: compared,
  exclusiveMaximum: compared,
  multipleOf: ({ multipleOf }) => `must be a multiple of ${multipleOf}`,
  minLength: ({ limit }) => (limit === 1 ? "must not be empty" : `must have at least ${limit} characters`),
  maxLength: ({ limit }) => `must have at most ${counted(limit, "character")}`,
  minItems: ({ limit }) => `must have at least ${counted(limit, "item")}`,
  maxItems: ({ limit }) => `must have at most ${counted(limit, "item")}`,
  uniqueItems: () => "must not have the same item twice",
  items: ({ limit }) => `must have at most ${counted(limit, "item")}`,
  additionalItems: ({ limit }) => `must have at most ${counted(limit, "item")}`,
  contains: ({ minContains }) => `must have at least ${counted(minContains, "item")} of the kind that is asked for`,
  required: () => "is missing",
  dependentRequired: ({ property }) => `is missing, which ${property} needs`,
  dependencies: ({ property }) => `is missing, which ${property} needs`,
  additionalProperties: (_, parent) => onlyMembers(parent),
  unevaluatedProperties: (_, parent) => onlyMembers(parent),
  propertyNames: () => "has a member whose name is not allowed",
  minProperties: ({ limit }) => `must have at least ${counted(limit, "member")}`,
  maxProperties: ({ limit }) => `must have at most ${counted(limit, "member")}`,
  anyOf: () => "must be one of the alternatives of its schema",
  oneOf: ({ passingSchemas }) => (passingSchemas ? "must be only one of the alternatives of its schema" : "must be one of the alternatives of its schema"),
  not: () => "must not be what its schema excludes",
  "false schema": () => "is not allowed",
};

function compared({ comparison, limit }: Params): string {
  return `must be ${COMPARISONS[String(comparison)] ?? comparison} ${limit}`;
}

function counted(limit: unknown, thing: string): string {
  return `${limit} ${thing}${limit === 1 ? "" : "s"}`;
}

function onlyMembers(parent: Params): string {
  const { patternProperties = {} } = parent;
  const names = [...declared(parent), ...Object.keys(patternProperties as object).map((pattern) => `names that match ${pattern}`)];
  return names.length === 0 ? "must have no members" : `must have no members but ${listed(names)}`;
}

function declared({ properties = {} }: Params): string[] {
  return Object.keys(properties as object);
}

function listed(words: readonly string[]): string {
  return words.length > LISTED ? `${words.slice(0, LISTED).join(", ")}, …` : words.join(", ");
}

/** What Ajv found wrong with a value, without what only repeats it: why each alternative did not fit, and that an `if` led somewhere. */
export function problemsOf(errors: readonly ErrorObject[], value: unknown): SchemaProblem[] {
  const summaries = errors.filter(({ keyword }) => SUMMARIES.has(keyword)).map(({ schemaPath }) => `${schemaPath}/`);
  const told = errors.filter(({ keyword, schemaPath }) => keyword !== "if" && !summaries.some((summary) => schemaPath.startsWith(summary)));
  return told.map((error) => ({ place: placeOf(error, value), rule: ruleOf(error), ...strangerOf(error) }));
}

const SUMMARIES: ReadonlySet<string> = new Set(["anyOf", "oneOf", "not", "propertyNames", "contains"]);

function ruleOf({ keyword, params, parentSchema }: ErrorObject): string {
  const rule = RULES[keyword];
  return rule ? rule(params as Params, (parentSchema ?? {}) as Params) : `breaks the rule ${keyword} of its schema`;
}

function strangerOf({ params, parentSchema }: ErrorObject): Pick<SchemaProblem, "stranger"> {
  const { additionalProperty, unevaluatedProperty, propertyName } = params as Params;
  const name = additionalProperty ?? unevaluatedProperty ?? propertyName;
  return typeof name === "string" ? { stranger: { name, known: declared((parentSchema ?? {}) as Params) } } : {};
}

/** A member that is missing has a place too. */
function placeOf({ instancePath, params }: ErrorObject, value: unknown): (string | number)[] {
  const place: (string | number)[] = [];
  let at = value;
  for (const step of instancePath.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    place.push(Array.isArray(at) ? Number(name) : name);
    at = (at as Record<string, unknown> | undefined)?.[name];
  }
  const missing = (params as Params)["missingProperty"];
  return typeof missing === "string" ? [...place, missing] : place;
}
