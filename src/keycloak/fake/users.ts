/** Owns the people of the realm, as far as the registry asks for them outside organisations: to see what it may do. */
import { erred, forbidden, found, type Asked } from "./answers.js";
import { may, type Realm } from "./realm.js";

const DEFAULT_MAX = 100;

/** Who may only ask for people is told that there are none. */
export function listUsers(realm: Realm, { url: { searchParams: query } }: Asked): Response {
  if (!may(realm, "see users")) return forbidden();
  const { roles } = realm.settings;
  const seen = roles.includes("view-users") || roles.includes("manage-users") ? realm.state.users : [];
  return found(seen.slice(0, Number(query.get("max") ?? DEFAULT_MAX)));
}

/** There are no groups but those of organisations. */
export function joinRealmGroup(realm: Realm, { ids: [userId] }: Asked): Response {
  const known = realm.state.users.some(({ id }) => id === userId);
  if (!known) return may(realm, "see users") ? erred(404, "User not found") : forbidden();
  return may(realm, "put people into groups") ? erred(404, "Group not found") : forbidden();
}
