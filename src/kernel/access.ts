/**
 * Owns the question "may this caller do this?": the decorator that asks it, the guard that answers, and the proof at boot
 * that nothing can be reached without it. On whose rows is not asked here but at the doors.
 */
import {
  defaultFieldResolver,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isObjectType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from "graphql";
import { Directive, Extensions } from "type-graphql";
import { rolesFor, type Action, type Role } from "./action.js";
import { Fault } from "./fault.js";
import { may, refusedTo, type Principal } from "./principal.js";
import type { RequestContext } from "./request.js";

/**
 * Declare what a query, mutation or field needs. It is checked before arguments are validated, marked for the proof at boot,
 * and published as `@authenticated` and `@requiresScopes` so that a router can refuse earlier; we never rely on the router.
 */
export function Access(action: Action): MethodDecorator & PropertyDecorator {
  return together([
    Extensions({ access: action }),
    Directive("@authenticated"),
    Directive(`@requiresScopes(scopes: [["${action}"]])`),
    ...audience(action),
  ]);
}

/** Declare that giving this input field needs more than the mutation it belongs to. */
export function AccessToSet(action: Action): PropertyDecorator {
  return together([Extensions({ access: action }), ...audience(action)]);
}

const STAFF: ReadonlySet<Role> = new Set(["support", "operator"]);

/** What nobody but platform staff may do is tagged, so that a contract without the tag is the graph for portals. */
function audience(action: Action) {
  return rolesFor(action).every((role) => STAFF.has(role)) ? [Directive('@tag(name: "platform")')] : [];
}

function together(decorators: readonly (MethodDecorator | PropertyDecorator)[]): MethodDecorator & PropertyDecorator {
  return ((target: object, key: string | symbol) => {
    for (const decorator of decorators as PropertyDecorator[]) decorator(target, key);
  }) as MethodDecorator & PropertyDecorator;
}

/** Faults: UNAUTHENTICATED without a caller, FORBIDDEN when the caller's roles do not hold the action, or its tenant's state takes it away. */
export function demand(principal: Principal | null, action: Action, field?: string): void {
  if (!principal) throw new Fault("UNAUTHENTICATED", "Sign in to use the registry");
  if (!may(principal, action)) {
    throw new Fault("FORBIDDEN", refusedTo(principal, action) ?? `This needs the permission ${action}`, field === undefined ? {} : { field });
  }
}

/**
 * Put the check before the resolver of every field where {@link Access} stands, in the finished schema. It runs synchronously:
 * TypeGraphQL's own authorisation would cost several promises for each field of each row.
 */
export function guardAccess(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const action = accessOf(field);
      if (action) field.resolve = guarded(field, action);
    }
  }
}

function guarded(field: GraphQLField<unknown, RequestContext>, action: Action): GraphQLFieldResolver<unknown, RequestContext> {
  const { resolve = defaultFieldResolver } = field;
  const inputs = field.args.filter(({ type }) => hasRule(type));
  return (source, args, context, info) => {
    demand(context.caller, action);
    for (const { name, type } of inputs) checkGiven(context.caller, type, args[name]);
    return resolve(source, args, context, info);
  };
}

/** Inputs inside inputs, and lists of them, are looked into as well. */
function checkGiven(principal: Principal | null, type: GraphQLInputType, given: unknown): void {
  const input = getNamedType(type);
  if (Array.isArray(given)) for (const one of given as unknown[]) checkGiven(principal, input, one);
  else if (isInputObjectType(input) && typeof given === "object" && given !== null) {
    for (const field of Object.values(input.getFields())) {
      const value = (given as Record<string, unknown>)[field.name];
      const action = accessOf(field);
      if (action && value !== undefined) demand(principal, action, field.name);
      checkGiven(principal, field.type, value);
    }
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
 * a field that leads to an entity has no rule, when a rule would not be asked, or when an entity could be looked up unguarded.
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
      else if (!action && !isCarrier(type) && leadsToEntity(schema, field)) problems.push(`${entry} leads to an entity but has no @Access`);
      else if (!action && field.args.some(({ type }) => hasRule(type))) problems.push(`${entry} takes an input with @AccessToSet but has no @Access that would check it`);
    }
  }
  if (problems.length > 0) throw new Error(`The schema has unguarded entry points:\n- ${problems.join("\n- ")}`);
  return rows.sort((a, b) => (a.entry < b.entry ? -1 : 1));
}

function addRow(rows: AccessRow[], entry: string, action: Action | undefined): void {
  if (action) rows.push({ entry, action, roles: rolesFor(action) });
}

function leadsToEntity(schema: GraphQLSchema, field: GraphQLField<unknown, unknown>): boolean {
  const target = getNamedType(field.type);
  const targets = isAbstractType(target) ? schema.getPossibleTypes(target) : [target];
  return targets.some((type) => isObjectType(type) && (keysOf(type).length > 0 || isCarrier(type)));
}

/** Does an input of this type, however deep, have a field that needs more? */
function hasRule(type: GraphQLInputType, seen = new Set<unknown>()): boolean {
  const input = getNamedType(type);
  if (!isInputObjectType(input) || seen.has(input)) return false;
  seen.add(input);
  return Object.values(input.getFields()).some((field) => accessOf(field) !== undefined || hasRule(field.type, seen));
}

/** Carriers are only ever returned by a guarded field, whose rule is about the entities that they carry. */
function isCarrier(type: GraphQLObjectType): boolean {
  return /(Connection|Edge|Payload)$/.test(type.name) && keysOf(type).length === 0;
}

function isResolvableEntity(type: GraphQLObjectType): boolean {
  return keysOf(type).some((key) => !key.arguments?.some((a) => a.name.value === "resolvable" && "value" in a.value && a.value.value === false));
}

function keysOf(type: GraphQLObjectType) {
  return type.astNode?.directives?.filter((directive) => directive.name.value === "key") ?? [];
}
