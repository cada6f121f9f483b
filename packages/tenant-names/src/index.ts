/** Owns what the package offers; everything else in it is its own business. */
export type { Codec } from "./codec.js";
export { isKey, isReservedName, isSlug, KEY_RULE, SLUG_RULE } from "./component.js";
export { logFields, type LogFields, tenantContext, type TenantContext } from "./context.js";
export { NameRefusedError, type Part } from "./refusal.js";
export { type Resource, type ResourceKind, resourceName } from "./resource.js";
export { type SecretOwner, secretPaths, type SecretProfile } from "./secret.js";
export { sessionPath, stateKey } from "./session.js";
export { messageSubject, subjectFilter } from "./subject.js";
