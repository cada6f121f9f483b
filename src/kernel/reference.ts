/** Owns federated look-ups: how a router's `{ __typename, id }` becomes an entity, under the same rule as any field. */
import type { GraphQLResolveInfo } from "graphql";
import type { Action } from "./action.js";
import { demand } from "./access.js";
import { Fault } from "./fault.js";
import type { RequestContext } from "./request.js";

/** Only the key fields of a representation are looked at: the rest is the sender's claim, not ours. */
export type Representation = Readonly<Record<string, unknown>>;

type Resolve = (representation: Representation, context: RequestContext, info: GraphQLResolveInfo) => Promise<object | null>;

const references = new Map<string, { action: Action; resolve: Resolve; projected: boolean }>();

/** What each looked-up row is. Beside the rows, because a row may be frozen, and one may be asked for twice. */
const typeNames = new WeakMap<object, string>();

/**
 * Declare how an entity is looked up by reference. A key that is malformed, absent or someone else's resolves to null.
 * `resolve` must go through the request's reads, so that a hundred references are one statement; `projected` says that these look ahead.
 */
export function reference(typeName: string, action: Action, resolve: Resolve, { projected = false } = {}): void {
  references.set(typeName, { action, resolve, projected });
}

/** The entities whose look-ups read ahead with their `info`, so that their answers may be written by Postgres. */
export function projectedReferences(): string[] {
  return [...references].flatMap(([name, { projected }]) => (projected ? [name] : []));
}

/** Entity name → the action that its look-up needs; read by the proof at boot. */
export function referenceActions(): ReadonlyMap<string, Action> {
  return new Map([...references].map(([name, { action }]) => [name, action]));
}

/**
 * Look up one entry of `_entities(representations:)`; null when there is no such entity for this caller.
 *
 * Faults   BAD_USER_INPUT for what names no entity that is looked up here; otherwise those of {@link demand}. Each is the
 *          fault of its own entry: the others are answered.
 */
export async function dereference(representation: Representation, context: RequestContext, info: GraphQLResolveInfo): Promise<object | null> {
  const { __typename: name } = representation;
  const declared = typeof name === "string" ? references.get(name) : undefined;
  if (typeof name !== "string" || !declared) {
    throw new Fault("BAD_USER_INPUT", "A representation's __typename must be an entity of this subgraph", { field: "representations" });
  }
  demand(context.caller, declared.action);
  const entity = await declared.resolve(representation, context, info);
  if (entity) typeNames.set(entity, name);
  return entity;
}

/** The GraphQL type of what {@link dereference} returned. */
export function typeNameOf(entity: object): string | undefined {
  return typeNames.get(entity);
}
