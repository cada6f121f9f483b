/** Owns the in-process Keycloak for development and tests: a `fetch` that answers as a recorded server did, awkward parts included. */
import { randomUUID } from "node:crypto";
import type { KeycloakAccount } from "../keycloak.token.js";
import { erred, forbidden, json, methodNotAllowed, noSuchPath, oauth, refused, unauthorized, type Asked } from "./answers.js";
import { createGroup, joinGroup, listGroups } from "./groups.js";
import { acceptInvitation, deleteInvitation, inviteUser, listInvitations, listMembers, resendInvitation } from "./invitations.js";
import { createOrganization, listOrganizations, readOrganization, updateOrganization } from "./organizations.js";
import { DEFAULT_SETTINGS, emptyState, may, newUser, type FakeMail, type Realm, type RealmSettings, type RealmState, type StoredOrganization, type StoredUser } from "./realm.js";
import { joinRealmGroup, listUsers } from "./users.js";

export interface FakeKeycloak {
  /** What the client is opened with. */
  readonly account: KeycloakAccount;
  readonly fetch: typeof fetch;
  /** Every mail that was sent, also those whose link is dead. */
  readonly mails: readonly FakeMail[];
  /** Change them at will. */
  readonly settings: RealmSettings;
  readonly state: RealmState;
  /** Do what the recipient of a mail does; false when its link is dead. */
  accept(mail: Pick<FakeMail, "link">): boolean;
  /** A person who is in the realm already. */
  addUser(person: { email: string; username?: string; firstName?: string; lastName?: string }): StoredUser;
  /** As when the realm's keys change: tokens that were given are refused. */
  revokeTokens(): void;
}

export interface FakeKeycloakOptions {
  account?: Partial<KeycloakAccount>;
  state?: RealmState;
  settings?: Partial<RealmSettings>;
  now?: () => Date;
}

type Handler = (realm: Realm, asked: Asked) => Response | Promise<Response>;
type OrganizationHandler = (realm: Realm, asked: Asked, organization: StoredOrganization) => Response | Promise<Response>;

const ACCOUNT: KeycloakAccount = { url: "http://keycloak.localhost:8080", realm: "breakpilot-dev", clientId: "tenant-registry", clientSecret: "in-process" };
const ONE = "/organizations/([^/]+)";

/** Path below the realm → method → handler. The order of refusals is the recorded server's: method, token, role, feature, organisation, role. */
const ROUTES: [path: RegExp, handlers: Record<string, Handler>][] = [
  [path("/organizations"), { GET: viewing(listOrganizations), POST: managing(createOrganization) }],
  [path(ONE), { GET: within(readOrganization), PUT: within(updateOrganization, "manage organizations") }],
  [path(`${ONE}/members`), { GET: within(listMembers, "see users") }],
  [path(`${ONE}/members/invite-user`), { POST: within(inviteUser, "manage organizations") }],
  [path(`${ONE}/invitations`), { GET: within(listInvitations, "manage organizations") }],
  [path(`${ONE}/invitations/([^/]+)`), { DELETE: within(deleteInvitation, "manage organizations") }],
  [path(`${ONE}/invitations/([^/]+)/resend`), { POST: within(resendInvitation, "manage organizations") }],
  [path(`${ONE}/groups`), { GET: within(listGroups), POST: within(createGroup, "manage organizations") }],
  [path(`${ONE}/groups/([^/]+)/members/([^/]+)`), { PUT: within(joinGroup) }],
  [path("/users"), { GET: listUsers }],
  [path("/users/([^/]+)/groups/([^/]+)"), { PUT: joinRealmGroup }],
];

/** A realm with nothing in it, or with the state given; the same one as long as the object lives. */
export function openFakeKeycloak({ account: given = {}, state = emptyState(), settings: wanted = {}, now = () => new Date() }: FakeKeycloakOptions = {}): FakeKeycloak {
  const account = { ...ACCOUNT, ...given };
  const settings = { ...DEFAULT_SETTINGS, ...wanted };
  const mails: FakeMail[] = [];
  const realm: Realm = { name: account.realm, state, settings, mails, url: account.url, now };
  const tokens = new Map<string, number>();

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const asked = { url, ids: [], contentType: request.headers.get("content-type") ?? "", text: await request.text() };
    const [, kind = "", name = "", rest = ""] = /\/(realms|admin\/realms)\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? [];
    if (kind === "realms" && rest === "/protocol/openid-connect/token") return name === realm.name ? login(asked) : erred(404, "Realm does not exist");
    const [route, handlers] = ROUTES.find(([pattern]) => kind === "admin/realms" && pattern.test(rest)) ?? [];
    if (!route || !handlers) return noSuchPath();
    const handler = handlers[request.method];
    if (!handler) return methodNotAllowed();
    if (name !== realm.name) return erred(404, "Realm not found.");
    const bearer = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    if ((tokens.get(bearer) ?? 0) <= now().getTime()) return unauthorized();
    return handler(realm, { ...asked, ids: (route.exec(rest) ?? []).slice(1).map(decodeURIComponent) });
  };

  function login({ text }: Asked): Response {
    const form = new URLSearchParams(text);
    if (form.get("grant_type") !== "client_credentials") return oauth(400, "unsupported_grant_type", "Unsupported grant_type");
    const known = form.get("client_id") === account.clientId;
    if (!known || form.get("client_secret") !== account.clientSecret) {
      return oauth(401, known ? "unauthorized_client" : "invalid_client", "Invalid client or Invalid client credentials");
    }
    const token = `in-process-${randomUUID()}`;
    tokens.set(token, now().getTime() + settings.tokenLifeSeconds * 1_000);
    return json(200, { access_token: token, expires_in: settings.tokenLifeSeconds, refresh_expires_in: 0, token_type: "Bearer", "not-before-policy": 0, scope: "" });
  }

  return {
    account,
    fetch: async (input, init) => answer(new Request(input, init)),
    mails,
    settings,
    state,
    accept: ({ link }) => acceptInvitation(realm, link),
    addUser: (person) => newUser(realm, person, true),
    revokeTokens: () => tokens.clear(),
  };
}

function path(pattern: string): RegExp {
  return new RegExp(`^${pattern}/?$`);
}

function viewing(handler: Handler): Handler {
  return (realm, asked) => {
    if (!may(realm, "view organizations")) return forbidden();
    return realm.settings.organizationsEnabled ? handler(realm, asked) : refused(404, "Organizations not enabled for this realm.");
  };
}

function managing(handler: Handler): Handler {
  return (realm, asked) => (may(realm, "manage organizations") ? viewing(handler)(realm, asked) : forbidden());
}

function within(handler: OrganizationHandler, needs: Parameters<typeof may>[1] = "view organizations"): Handler {
  return viewing((realm, asked) => {
    const organization = realm.state.organizations.find(({ id }) => id === asked.ids[0]);
    if (!organization) return refused(404, "Organization not found.");
    return may(realm, needs) ? handler(realm, asked, organization) : forbidden();
  });
}
