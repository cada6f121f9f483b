import { getNamedType, isEnumType, isInputObjectType, isObjectType, type GraphQLField, type GraphQLInputField, type GraphQLNamedType } from "graphql";
import { describe, expect, it } from "vitest";
import { buildRegistrySchema } from "../../src/schema.js";

/** Names that say by themselves what they are, wherever they stand. */
const SELF_EVIDENT = {
  fields: new Set(["id", "createdAt", "updatedAt", "edges", "node", "pageInfo", "startCursor", "endCursor"]),
  arguments: new Set(["id", "slug", "filter", "orderBy", "input"]),
  values: new Set(["CREATED_AT", "NAME", "SLUG"]),
};

const { schema } = buildRegistrySchema();
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith("_"));
const roots = new Set<GraphQLNamedType | null | undefined>([schema.getQueryType(), schema.getMutationType()]);

interface Member {
  coordinate: string;
  description: string | null | undefined;
  selfEvident: boolean;
}

/** `status: TenantStatus`, `tenant: Tenant`: what it is, is said once, at the type. */
function isNamedAfter(name: string, { name: type, description }: GraphQLNamedType): boolean {
  return Boolean(description) && type.toLowerCase().endsWith(name.toLowerCase());
}

function membersOf(type: GraphQLNamedType): Member[] {
  if (isEnumType(type)) {
    return type.getValues().map(({ name, description }) => ({ coordinate: `${type.name}.${name}`, description, selfEvident: SELF_EVIDENT.values.has(name) }));
  }
  if (!isObjectType(type) && !isInputObjectType(type)) return [];
  const fields: (GraphQLField<unknown, unknown> | GraphQLInputField)[] = Object.values(type.getFields());
  return fields.flatMap((field) => {
    const coordinate = `${type.name}.${field.name}`;
    const selfEvident = !roots.has(type) && (SELF_EVIDENT.fields.has(field.name) || isNamedAfter(field.name, getNamedType(field.type)));
    const own: Member = { coordinate, description: field.description, selfEvident };
    const args = "args" in field ? field.args : [];
    return [
      own,
      ...args.map(({ name, description }) => ({ coordinate: `${coordinate}(${name}:)`, description, selfEvident: SELF_EVIDENT.arguments.has(name) })),
    ];
  });
}

const described = types.filter((type) => !roots.has(type));
const members = types.flatMap(membersOf);

describe("descriptions, for those who build portals", () => {
  it("every type has one", () => {
    expect(described.filter(({ description }) => !description).map(({ name }) => name)).toEqual([]);
  });

  it("every query and mutation has one, and every field, argument and enum value that does not speak for itself", () => {
    expect(members.length).toBeGreaterThan(200);
    expect(members.filter(({ description, selfEvident }) => !description && !selfEvident).map(({ coordinate }) => coordinate)).toEqual([]);
  });

  it("all are sentences with their article right", () => {
    const texts = [...described, ...members].map(({ description }) => description).filter((text) => text != null);
    expect(texts.filter((text) => !/^[A-Z0-9`][^]*[.?]$/.test(text))).toEqual([]);
    expect(texts.filter((text) => /\ba [aeio]/i.test(text))).toEqual([]);
  });
});
