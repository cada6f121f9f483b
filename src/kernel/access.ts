/**
 * Owns the question "may this caller do this?": the decorator that asks it, the checker that answers, and the proof at boot
 * that nothing can be reached without it. On whose rows is not asked here but at the doors.
 */
import {
  getNamedType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInputObjectType,
} from "graphql";
import { type AuthCheckerInterface, Authorized, Directive, Extensions, type ResolverData } from "type-graphql";
import { rolesFor, type Action } from "./action.js";
import { Fault } from "./fault.js";
import { may, type Principal } from "./principal.js";
import type { RequestContext } from "./request.js";

/**
 * Declare what a query, mutation or field needs. It is checked before arguments are validated, marked for the proof at boot,
 * and published as `@authenticated` and `@requiresScopes` so that a router can refuse earlier; we never rely on the router.
 */
export function Access(action: Action): MethodDecorator & PropertyDecorator {
  const parts = [
    Authorized<Action>([action]),
    Extensions({ access: action }),
    Directive("@authenticated"),
    Directive(`@requiresScopes(scopes: [["${action}"]])`),
  ] as PropertyDecorator[];
  return ((target: object, key: string | symbol) => {
    for (const part of parts) part(target, key);
  }) as MethodDecorator & PropertyDecorator;
}

/** Declare that giving this input field needs more than the mutation it belongs to. */
export function AccessToSet(action: Action): PropertyDecorator {
  return Extensions({ access: action }) as PropertyDecorator;
}

/** Faults: UNAUTHENTICATED without a caller, FORBIDDEN when the caller's roles do not hold the action. */
export function demand(principal: Principal | null, action: Action, field?: string): void {
  if (!principal) throw new Fault("UNAUTHENTICATED", "Sign in to use the registry");
  if (!may(principal, action)) {
    throw new Fault("FORBIDDEN", `This needs the permission ${action}`, field === undefined ? {} : { field });
  }
}

/** The checker that TypeGraphQL runs wherever {@link Access} stands; it also looks at the input fields that were given. */
export class AccessChecker implements AuthCheckerInterface<RequestContext, Action> {
  check({ context, args, info }: ResolverData<RequestContext>, actions: Action[]): boolean {
    for (const action of actions) demand(context.caller, action);
    const field = info.parentType.getFields()[info.fieldName];
    for (const { name, type } of field?.args ?? []) {
      const input = getNamedType(type);
      if (isInputObjectType(input)) checkGiven(context.caller, input, args[name]);
    }
    return true;
  }
}

function checkGiven(principal: Principal | null, input: GraphQLInputObjectType, given: unknown): void {
  if (typeof given !== "object" || given === null) return;
  for (const field of Object.values(input.getFields())) {
    const action = accessOf(field);
    if (action && (given as Record<string, unknown>)[field.name] !== undefined) demand(principal, action, field.name);
  }
}

/** The action declared on a field or input field, if any. */
export function accessOf(field: { extensions: object }): Action | undefined {
  return (field.extensions as { access?: Action }).access;
}

/** One line of the access table: an entry point, its action, and the roles that hold it. */
export interface AccessRow {
  entry: string;
  action: Action;
  roles: string[];
}

/**
 * Walk the schema and list what may be reached by whom. Throws, so that the service does not start, when a query, a mutation or
 * a field that leads to an entity has no rule, when a rule would not run, or when an entity could be looked up unguarded.
 */
export function proveAccess(schema: GraphQLSchema, references: ReadonlyMap<string, Action>): AccessRow[] {
  const problems: string[] = [];
  const rows: AccessRow[] = [];
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  for (const type of Object.values(schema.getTypeMap())) {
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) addRow(rows, `${type.name}.${field.name} (given)`, accessOf(field));
    }
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    if (isResolvableEntity(type)) {
      const action = references.get(type.name);
      if (!action) problems.push(`entity ${type.name} has a @key but no reference(): any id would be echoed back`);
      addRow(rows, `_entities ${type.name}`, action);
    }
    for (const field of Object.values(type.getFields())) {
      const entry = `${type.name}.${field.name}`;
      const action = accessOf(field);
      addRow(rows, entry, action);
      if (!action && roots.has(type)) problems.push(`${entry} has no @Access`);
      else if (!action && !isCarrier(type) && leadsToEntity(field)) problems.push(`${entry} leads to an entity but has no @Access`);
      if (action && !field.resolve) problems.push(`${entry} has @Access but no resolver that would check it`);
    }
  }
  if (problems.length > 0) throw new Error(`The schema has unguarded entry points:\n- ${problems.join("\n- ")}`);
  return rows.sort((a, b) => (a.entry < b.entry ? -1 : 1));
}

function addRow(rows: AccessRow[], entry: string, action: Action | undefined): void {
  if (action) rows.push({ entry, action, roles: rolesFor(action) });
}

function leadsToEntity(field: GraphQLField<unknown, unknown>): boolean {
  const target = getNamedType(field.type);
  return isObjectType(target) && (keysOf(target).length > 0 || isCarrier(target));
}

/** Carriers are only ever returned by a guarded field, whose rule is about the entities that they carry. */
function isCarrier({ name }: GraphQLObjectType): boolean {
  return /(Connection|Edge|Payload)$/.test(name);
}

function isResolvableEntity(type: GraphQLObjectType): boolean {
  return keysOf(type).some((key) => !key.arguments?.some((a) => a.name.value === "resolvable" && "value" in a.value && a.value.value === false));
}

function keysOf(type: GraphQLObjectType) {
  return type.astNode?.directives?.filter((directive) => directive.name.value === "key") ?? [];
}
