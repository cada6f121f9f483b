/** Owns how a JSON Schema becomes a check: the only file that knows Ajv. What a broken rule is called is `catalog.words.ts`. */
import { Ajv, type Options } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats, { type FormatName } from "ajv-formats";
import { isObject, type JsonObject, type SchemaProblem } from "./catalog.js";
import { problemsOf } from "./catalog.words.js";

/** A schema that cannot be used, or not safely. `place` is where in the schema, as far as that can be told. */
export class UnfitSchemaError extends Error {
  override readonly name = "UnfitSchemaError";
  constructor(readonly problems: readonly SchemaProblem[]) {
    super(problems.map(({ rule }) => rule).join("; "));
  }
}

const DRAFTS: Readonly<Record<string, typeof Ajv | typeof Ajv2020>> = {
  "https://json-schema.org/draft/2020-12/schema": Ajv2020,
  "http://json-schema.org/draft-07/schema": Ajv,
};
const NEWEST = "https://json-schema.org/draft/2020-12/schema";

/** Formats of the two drafts that take linear time; Ajv's own additions are left out, and so is what it checks in name only. */
export const FORMATS = [
  "date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference", "uuid", "json-pointer", "regex",
] as const satisfies readonly FormatName[];

const OPTIONS: Options = {
  strict: true,
  // `anyOf: [{ required: [a] }, { required: [b] }]` is good style, and would be refused.
  strictRequired: false,
  allErrors: true,
  // A setting called `constructor` is missing when nobody gave it.
  ownProperties: true,
  verbose: true,
  messages: false,
  logger: false,
};

/** One for each draft, for its meta-schema only: making it takes longer than everything else. */
const metaSchemas = new Map<string, Ajv>();

/**
 * Make the check of a schema.
 *
 * Shape   draft 2020-12, or draft-07 when `$schema` says so; of type object at its root; Ajv's strict mode, so that a misspelt keyword
 *         is no silent hole. It refers to nothing outside itself, and nothing is fetched.
 * Throws  {@link UnfitSchemaError}
 */
export function schemaCheck(schema: JsonObject): (value: JsonObject) => readonly SchemaProblem[] {
  const draft = draftOf(schema);
  const problems = [...problemsWithDraft(draft, schema), ...problemsWithUs(schema)];
  if (problems.length > 0) throw new UnfitSchemaError(problems);
  const validate = compiled(draft, schema);
  return (value) => (validate(value) ? [] : problemsOf(validate.errors ?? [], value));
}

function draftOf({ $schema = NEWEST }: JsonObject): string {
  const draft = typeof $schema === "string" ? $schema.replace(/#$/, "") : "";
  if (Object.hasOwn(DRAFTS, draft)) return draft;
  throw new UnfitSchemaError([{ place: ["$schema"], rule: `must be one of ${Object.keys(DRAFTS).join(", ")}` }]);
}

function compiled(draft: string, schema: JsonObject) {
  // One for each schema: two may have the same `$id`. Without meta-schemas there is nothing that a `$ref` could reach.
  const ajv = newAjv(draft, { ...OPTIONS, meta: false, validateSchema: false });
  addFormats.default(ajv, { formats: [...FORMATS], keywords: false });
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw new UnfitSchemaError([{ place: [], rule: `cannot be used: ${(error as Error).message}` }]);
  }
}

/** What the draft's own meta-schema says. */
function problemsWithDraft(draft: string, schema: JsonObject): readonly SchemaProblem[] {
  const meta = metaSchemas.get(draft) ?? newAjv(draft, OPTIONS);
  metaSchemas.set(draft, meta);
  return meta.validateSchema(schema) === true ? [] : problemsOf(meta.errors ?? [], schema);
}

/** What we ask for besides: a promise of a check would count as passed. */
function problemsWithUs(schema: JsonObject): SchemaProblem[] {
  return [
    ...(schema["type"] === "object" ? [] : [{ place: ["type"], rule: "must be object, because settings are" }]),
    ...("$async" in schema ? [{ place: ["$async"], rule: "is not allowed" }] : []),
  ];
}

function newAjv(draft: string, options: Options): Ajv {
  const Draft = DRAFTS[draft] ?? Ajv2020;
  return new Draft(options);
}

/** Every name that is declared anywhere in a schema as one of the `properties` of something. */
export function declaredNames(schema: unknown, found = new Set<string>()): ReadonlySet<string> {
  for (const [keyword, inner] of typeof schema === "object" && schema !== null ? Object.entries(schema) : []) {
    if (keyword === "properties" && isObject(inner)) for (const name of Object.keys(inner)) found.add(name);
    declaredNames(inner, found);
  }
  return found;
}
