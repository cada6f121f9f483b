/** Owns a real Keycloak as the contract sees it: its administrator, its mails, and people with a browser. */
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { partOf, startSmtpSink } from "../testkit/smtp-sink.js";
import { Browser, unescaped } from "./browser.js";
import { USUAL, type Settings, type Subject } from "./subject.js";

/** Address of the server that `npm run test:keycloak` has started; absent in every other run. */
export const REAL_URL = process.env["KEYCLOAK_TEST_URL"];
export const REALM = "breakpilot-dev";
export const PASSWORD = "Correct-horse-9";

const HALF_A_TOKENS_LIFE_MS = 30_000;

export interface RealSubject extends Subject {
  close(): Promise<void>;
}

export async function realSubject(): Promise<RealSubject> {
  const { REGISTRY_CLIENT_SECRET: clientSecret = "", SMTP_PORT: smtpPort } = process.env;
  const url = REAL_URL ?? "";
  const account = { url, realm: REALM, clientId: "tenant-registry", clientSecret };
  const sink = await startSmtpSink(Number(smtpPort));
  const admin = await administrator(url);
  const { smtpServer } = await admin<{ smtpServer: object }>("GET", "");
  const roles = await rolesOf(admin);
  let settings = USUAL;

  const groupsOf = (organizationId: string) => admin<{ id: string; name: string }[]>("GET", `/organizations/${organizationId}/groups`);
  const newUser = async ({ email, username = email }: { email: string; username?: string }) => {
    await admin("POST", "/users", { username, email, enabled: true, emailVerified: true, firstName: "Kim", lastName: "Known", credentials: [{ type: "password", value: PASSWORD }] });
    return (await admin<{ id: string }[]>("GET", `/users?exact=true&username=${encodeURIComponent(username)}`))[0] as { id: string };
  };

  return {
    account,
    fetch,
    mailsTo: (email) => sink.mails.filter(({ to }) => to.includes(email)).map((mail) => ({ link: unescaped(/href="([^"]+)"/.exec(partOf(mail, "text/html"))?.[1] ?? "") })),
    accept: ({ link }) => accept(new Browser(), link),
    async set(wanted) {
      const { organizationsEnabled, mailWorks, invitationLifeSeconds, roles: names, mayPutIntoGroups } = { ...settings, ...wanted };
      if (names !== settings.roles) await roles.set(names);
      // Permissions are kept while they are switched off.
      if (mayPutIntoGroups !== settings.mayPutIntoGroups) await admin("PUT", "", { adminPermissionsEnabled: mayPutIntoGroups });
      if (organizationsEnabled !== settings.organizationsEnabled || mailWorks !== settings.mailWorks || invitationLifeSeconds !== settings.invitationLifeSeconds) {
        // Nobody listens on port 1.
        const mail = mailWorks ? smtpServer : { ...smtpServer, port: "1" };
        await admin("PUT", "", { organizationsEnabled, smtpServer: mail, actionTokenGeneratedByAdminLifespan: invitationLifeSeconds });
      }
      settings = { organizationsEnabled, mailWorks, invitationLifeSeconds, roles: names, mayPutIntoGroups };
    },
    // Nobody can move the server's clock.
    letExpire: () => setTimeout(2_100),
    person: newUser,
    async memberOf(organizationId, fields) {
      const user = await newUser(fields);
      await admin("POST", `/organizations/${organizationId}/members`, user.id);
      return user;
    },
    join: (organizationId, userId) => admin("POST", `/organizations/${organizationId}/members`, userId),
    async rolesOf(organizationId, userId) {
      const names: string[] = [];
      for (const { id, name } of await groupsOf(organizationId)) {
        const members = await admin<{ id: string }[]>("GET", `/organizations/${organizationId}/groups/${id}/members`);
        if (members.some((member) => member.id === userId)) names.push(name);
      }
      return names.sort();
    },
    async deleteGroups(organizationId) {
      for (const { id } of await groupsOf(organizationId)) await admin("DELETE", `/organizations/${organizationId}/groups/${id}`);
    },
    close: () => sink.close(),
  };
}

type Admin = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** The realm's administrator, who may everything; fails the test when the server does not do what it is told. */
async function administrator(url: string): Promise<Admin> {
  let token = "";
  let loggedInAtMs = 0;
  const { KC_BOOTSTRAP_ADMIN_USERNAME: username = "", KC_BOOTSTRAP_ADMIN_PASSWORD: password = "" } = process.env;
  const login = async () => {
    if (Date.now() - loggedInAtMs < HALF_A_TOKENS_LIFE_MS) return token;
    const form = new URLSearchParams({ grant_type: "password", client_id: "admin-cli", username, password });
    const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, { method: "POST", body: form });
    token = ((await response.json()) as { access_token: string }).access_token;
    loggedInAtMs = Date.now();
    return token;
  };
  return async <T>(method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${await login()}`, "content-type": "application/json" };
    const response = await fetch(`${url}/admin/realms/${REALM}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  };
}

/** The roles of the registry's account. */
async function rolesOf(admin: Admin): Promise<{ set(names: Settings["roles"]): Promise<void> }> {
  interface Role { id: string; name: string }
  const idOf = async (clientId: string) => (await admin<{ id: string }[]>("GET", `/clients?clientId=${clientId}`))[0]?.id;
  const [management, own] = [await idOf("realm-management"), await idOf("tenant-registry")];
  const [user] = await admin<{ id: string }[]>("GET", "/users?exact=true&username=service-account-tenant-registry");
  const known = await admin<Role[]>("GET", `/clients/${management}/roles`);
  const path = `/users/${user?.id}/role-mappings/clients/${management}`;
  // Without a scope mapping a role that the account has would still be missing from its tokens.
  await admin("POST", `/clients/${own}/scope-mappings/clients/${management}`, known);
  return {
    async set(names) {
      const before = await admin<Role[]>("GET", path);
      if (before.map(({ name }) => name).sort().join() === [...names].sort().join()) return;
      await admin("DELETE", path, before);
      await admin("POST", path, known.filter(({ name }) => names.includes(name)));
    },
  };
}

/** Follow the link of an invitation: whoever has no account signs up, whoever has one agrees. False when the page says no. */
export async function accept(browser: Browser, link: string): Promise<boolean> {
  const page = await browser.open(link);
  if (page.status !== 200) return false;
  const [agreement] = /http[^"]*\/login-actions\/action-token[^"]*/.exec(page.html) ?? [];
  const name = `u${randomUUID().slice(0, 8)}`;
  const [, email = ""] = /name="email"\s+value="([^"]*)"/.exec(page.html) ?? [];
  const signUp = { username: name, email, firstName: "Pia", lastName: "Person", password: PASSWORD, "password-confirm": PASSWORD };
  const done = agreement ? await browser.open(unescaped(agreement)) : await browser.submit(page, signUp);
  return done.leftFor !== null;
}
