/** Owns an organisation's groups as the recorded server keeps them: what is refused of a new one, and who may be put into one. */
import { randomUUID } from "node:crypto";
import { created, done, forbidden, found, noSuchPath, refused, type Asked } from "./answers.js";
import { may, membershipOf, type Realm, type StoredGroup, type StoredOrganization } from "./realm.js";

const MAX_NAME_CHARACTERS = 255;

/** Nobody here asks for other than exact names. */
export function listGroups(realm: Realm, { url: { searchParams: query } }: Asked, { id }: StoredOrganization): Response {
  if (!realm.settings.organizationGroups) return noSuchPath();
  const own = realm.state.groups.filter(({ organizationId, name }) => organizationId === id && name === query.get("search"));
  return found(own.map(shown));
}

export function createGroup(realm: Realm, { url, text }: Asked, { id: organizationId }: StoredOrganization): Response {
  const { name } = JSON.parse(text) as { name?: string };
  if (!name?.trim()) return refused(400, "Group name is missing");
  if (name.length > MAX_NAME_CHARACTERS) return refused(400, "Database operation failed");
  const siblings = realm.state.groups.filter((each) => each.organizationId === organizationId);
  if (siblings.some((each) => each.name === name)) return refused(409, "Group with the given name already exists.");
  const group: StoredGroup = { id: randomUUID(), organizationId, parentId: siblings[0]?.parentId ?? randomUUID(), name, userIds: [] };
  realm.state.groups.push(group);
  return created(`${realm.settings.locationOrigin ?? url.origin}${url.pathname}/${group.id}`, shown(group));
}

/** Who may not manage organisations is told so before the person is looked for, who may not put people into groups only afterwards. */
export function joinGroup(realm: Realm, { ids: [, groupId, userId] }: Asked, organization: StoredOrganization): Response {
  const group = realm.state.groups.find(({ id, organizationId }) => id === groupId && organizationId === organization.id);
  if (!group) return refused(404, "Group does not exist");
  if (!may(realm, "manage organizations")) return forbidden();
  const user = realm.state.users.find(({ id }) => id === userId);
  if (!user) return refused(404, "User does not exist");
  if (!may(realm, "put people into groups")) return forbidden();
  if (!membershipOf(realm, user, organization)) return refused(400, "User is not member of the organization");
  if (group.userIds.includes(user.id)) return refused(409, "User is already a member of the group");
  group.userIds.push(user.id);
  return done();
}

function shown({ id, name, parentId }: StoredGroup): object {
  return { id, name, path: `/${name}`, parentId, subGroups: [] };
}
