/** Owns federated look-ups: how a router's `{ __typename, id }` becomes an entity, under the same rule as any field. */
import type { GraphQLSchema } from "graphql";
import { isObjectType } from "graphql";
import type { Action } from "./action.js";
import { demand } from "./access.js";
import type { RequestContext } from "./request.js";

/** Only the key fields of a representation are looked at: the rest is the sender's claim, not ours. */
export type Representation = Readonly<Record<string, unknown>>;

type Resolve = (representation: Representation, context: RequestContext) => Promise<object | null>;

const references = new Map<string, { action: Action; resolve: Resolve }>();

/**
 * Declare how an entity is looked up by reference. A key that is malformed, absent or someone else's resolves to null.
 * `resolve` must go through the request's reads, so that a hundred references are one statement.
 */
export function reference(typeName: string, action: Action, resolve: Resolve): void {
  references.set(typeName, { action, resolve });
}

/** Entity name → the action that its look-up needs; read by the proof at boot. */
export function referenceActions(): ReadonlyMap<string, Action> {
  return new Map([...references].map(([name, { action }]) => [name, action]));
}

/** Attach the look-ups where `@apollo/subgraph` finds them. A frozen or shared row must not be marked by it: it gets a copy. */
export function attachReferences(schema: GraphQLSchema): void {
  for (const [name, { action, resolve }] of references) {
    const type = schema.getType(name);
    if (!isObjectType(type)) throw new Error(`reference() names ${name}, which is not an object type of the schema`);
    type.extensions = {
      ...type.extensions,
      apollo: {
        subgraph: {
          async resolveReference(representation: Representation, context: RequestContext) {
            demand(context.caller, action);
            const entity = await resolve(representation, context);
            return entity && { ...entity, __typename: name };
          },
        },
      },
    };
  }
}
