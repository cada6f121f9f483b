/** Owns a conversation with the Admin API that shows its awkward parts: recorded from a real server, and held against the in-process one. */
import { randomUUID } from "node:crypto";
import { USUAL, type Subject } from "./subject.js";
import { NOBODY, Talk, type Exchange, type Sent } from "./talk.js";

/** Hold the conversation. The realm's settings are changed on the way, and are the usual ones in the end. */
export async function converse(subject: Subject): Promise<Exchange[]> {
  const talk = new Talk(subject);
  await logins(talk);
  await organisations(talk, subject);
  await refusalsOfAny(talk);
  await invitations(talk, subject);
  await groups(talk, subject);
  await brokenRealm(talk, subject);
  return talk.exchanges;
}

async function logins(talk: Talk): Promise<void> {
  await talk.login("an unknown client", { client_id: "nobody" });
  await talk.login("a wrong secret", { client_secret: "wrong" });
  await talk.login("an unknown realm", {}, "nowhere");
  await talk.login("the account");
}

async function organisations(talk: Talk, { account: { realm } }: Subject): Promise<void> {
  const [tenant, name] = [talk.named(randomUUID(), "tenant"), `Name of ${talk.unique} / Ä`];
  const whole = { name, alias: `a-${talk.unique}`, description: "Words", redirectUrl: "http://localhost:3000/x", attributes: { tenant_id: [tenant], slug: ["s"] } };
  const create = (title: string, json: unknown) => talk.say(`create: ${title}`, "POST", "/organizations", { json });
  talk.named((await create("whole", { id: NOBODY, ...whole, domains: [{ name: `${talk.unique}.example`, verified: true }] })).location, "organization");
  const one = "/organizations/{organization}";
  const read = (title: string) => talk.say(`read: ${title}`, "GET", one);

  await read("as created; the id that was sent is ignored");
  await create("a name that is taken", { name, alias: `b-${talk.unique}` });
  await create("an alias that is taken", { name: `Other ${talk.unique}`, alias: whole.alias });
  await create("no name", {});
  await create("an empty name", { name: "", alias: `c-${talk.unique}` });
  await create("a name that cannot be the alias", { name: `n/${talk.unique}` });
  await create("an alias with a space", { name: `N ${talk.unique}`, alias: "a b" });
  await create("an alias with a slash", { name: `N ${talk.unique}`, alias: "a/b" });
  await create("a landing page that is a script", { name: `N ${talk.unique}`, alias: `n-${talk.unique}`, redirectUrl: "javascript:alert(1)" });
  await create("an unknown member", { name: `N ${talk.unique}`, alias: `n-${talk.unique}`, unknown: 1 });
  await create("a domain of another organisation, which the refusal names", { name: `N ${talk.unique}`, alias: `n-${talk.unique}`, domains: [{ name: `${talk.unique}.example` }] });
  await create("a name of 256 characters", { name: talk.unique + "n".repeat(248), alias: `n-${talk.unique}` });
  await create("an attribute of 2,500 characters", { name: `N ${talk.unique}`, alias: `n-${talk.unique}`, attributes: { slug: ["v".repeat(2_500)] } });
  await talk.say("create: as text", "POST", "/organizations", { text: "{}", contentType: "text/plain" });
  await talk.say("create: no body", "POST", "/organizations", { text: "", contentType: "application/json" });
  await talk.say("create: broken JSON", "POST", "/organizations", { text: '{"name":', contentType: "application/json" });

  const list = (title: string, query: string) => talk.say(`list: ${title}`, "GET", `/organizations?${query}`);
  await list("by attribute", "q=tenant_id:{tenant}&briefRepresentation=false&first=0&max=10");
  await list("by attribute, without attributes unless asked for", "q=tenant_id:{tenant}");
  await list("by the beginning of an attribute", "q=tenant_id:1");
  await list("by name, ignoring case", `search=NAME+OF+${talk.unique}`);
  await list("by alias, which is not looked at", `search=a-${talk.unique}`);
  await list("none of them", "max=0");

  const update = (title: string, json: unknown, path = one) => talk.say(`update: ${title}`, "PUT", path, { json });
  await update("without alias", { name });
  await update("another alias", { name, alias: "other" });
  await update("without name", { alias: whole.alias });
  await update("the name of another", { name: "Acme", alias: whole.alias });
  await update("disabled", { ...whole, enabled: false });
  await read("domains were not sent, so they are gone");
  await update("name and alias only", { name, alias: whole.alias });
  await read("attributes stayed, the rest is cleared and it is enabled again");
  await update("empty attributes", { name, alias: whole.alias, attributes: {} });
  await read("attributes are gone");
  await update("one that there is not", { name, alias: whole.alias }, `/organizations/${NOBODY}`);
  await talk.say("read: one that there is not", "GET", `/organizations/${NOBODY}`);
  await talk.say("read: no id at all", "GET", "/organizations/not-an-id");
  await talk.say("another realm", "GET", "/organizations", { realm: `${realm}-not` });
}

async function refusalsOfAny(talk: Talk): Promise<void> {
  await talk.say("no token", "GET", "/organizations", { token: "" });
  await talk.say("a token of nobody", "GET", "/organizations", { token: "x" });
  await talk.say("a method that there is not", "PATCH", "/organizations", { json: {} });
}

async function invitations(talk: Talk, subject: Subject): Promise<void> {
  const one = "/organizations/{organization}";
  const email = `p-${talk.unique}@people.example`;
  const invite = (title: string, form: Record<string, string>, path = one) => talk.say(`invite: ${title}`, "POST", `${path}/members/invite-user`, { form });
  await talk.say("invite: as JSON, which is not read", "POST", `${one}/members/invite-user`, { json: { email } });
  await invite("no address", { firstName: "P" });
  await invite("no address at all", { email: "people" });
  await invite("written loudly", { email: ` ${email.toUpperCase()} `, firstName: "Pía", lastName: "Q" });
  await invite("once more", { email });
  await invite("where there is nothing", { email }, `/organizations/${NOBODY}`);
  await invite("a first name of 300 characters", { email: `long-${email}`, firstName: "n".repeat(300), lastName: "Q" });
  await invite("with one name", { email: `one-${email}`, firstName: "P" });
  await invite("with one empty name", { email: `empty-${email}`, firstName: "P", lastName: "" });

  const list = (title: string, query: string, path = one) => talk.say(`invitations: ${title}`, "GET", `${path}/invitations?${query}`);
  const [first] = (await list("by address", `email=${encodeURIComponent(email)}`)).body as { id: string }[];
  talk.named(first?.id ?? "", "invitation");
  await list("one name is dropped", `email=${encodeURIComponent(`one-${email}`)}`);
  await list("what becomes of an empty one", `email=${encodeURIComponent(`empty-${email}`)}`);
  await list("by address, ignoring case", `email=${encodeURIComponent(email.toUpperCase())}`);
  await list("by part of an address", "email=people");
  await list("by a status that there is not", "status=BOGUS");
  await list("where there is nothing", "", `/organizations/${NOBODY}`);
  await talk.say("resend", "POST", `${one}/invitations/{invitation}/resend`);
  await talk.say("resend: the id is another one now", "POST", `${one}/invitations/{invitation}/resend`);
  const [again] = (await list("after it was sent again", `email=${encodeURIComponent(email)}`)).body as { id: string }[];
  talk.named(again?.id ?? "", "second invitation");
  await talk.say("revoke", "DELETE", `${one}/invitations/{second invitation}`);
  await talk.say("revoke: once more", "DELETE", `${one}/invitations/{second invitation}`);
  await list("none any more", `email=${encodeURIComponent(email)}`);

  const known = `k-${talk.unique}@people.example`;
  await subject.person({ email: known });
  await invite("who has an account", { email: known, firstName: "Other", lastName: "Name" });
  const [named] = (await list("with the names of the account", `email=${encodeURIComponent(known)}`)).body as { id: string }[];
  talk.named(named?.id ?? "", "third invitation");
  const organizationId = talk.valueOf("organization");
  talk.named((await subject.memberOf(organizationId, { email: `m-${talk.unique}@people.example` })).id, "member");
  const members = (title: string, query: string, path = one) => talk.say(`members: ${title}`, "GET", `${path}/members?${query}`);
  await members("by address, ignoring case", `exact=true&search=M-${talk.unique}%40people.example`);
  await members("by part of an address, exactly", "exact=true&search=people.example");
  await members("by part of an address", `search=m-${talk.unique}`);
  await members("where there is nothing", "", `/organizations/${NOBODY}`);
  await invite("who is a member", { email: `m-${talk.unique}@people.example` });
}

async function groups(talk: Talk, subject: Subject): Promise<void> {
  const one = "/organizations/{organization}";
  const list = (title: string, query: string, path = one) => talk.say(`groups: ${title}`, "GET", `${path}/groups?${query}`);
  const create = (title: string, json: unknown, path = one) => talk.say(`create a group: ${title}`, "POST", `${path}/groups`, { json });
  await list("none", "search=IT_ADMIN&exact=true");
  await list("where there is nothing", "search=IT_ADMIN&exact=true", `/organizations/${NOBODY}`);
  await talk.say("a path that there is not, as groups in older versions", "GET", `${one}/nothing?search=IT_ADMIN`);
  await create("by name", { name: "IT_ADMIN" });
  await create("a name that is taken", { name: "IT_ADMIN" });
  await create("no name", {});
  await create("a name of 256 characters", { name: "n".repeat(256) });
  await create("where there is nothing", { name: "IT_ADMIN" }, `/organizations/${NOBODY}`);
  await create("another", { name: "IT" });
  await list("by name, in other letters", "search=it_admin&exact=true");
  const [group] = (await list("by name", "search=IT_ADMIN&exact=true&first=0&max=100")).body as { id: string }[];

  talk.named(group?.id ?? "", "group");
  const stranger = await subject.person({ email: `s-${talk.unique}@people.example` });
  talk.named(stranger.id, "stranger");
  const join = (title: string, who: string, to = "{group}") => talk.say(`join a group: ${title}`, "PUT", `${one}/groups/${to}/members/${who}`);
  await join("a member", "{member}");
  await join("once more", "{member}");
  await join("who is no member of the organisation", "{stranger}");
  await join("nobody", NOBODY);
  await join("a group that there is not", "{member}", NOBODY);
}

async function brokenRealm(talk: Talk, subject: Subject): Promise<void> {
  const one = "/organizations/{organization}";
  const email = `e-${talk.unique}@people.example`;
  const invite = (title: string, to = email) => talk.say(`invite: ${title}`, "POST", `${one}/members/invite-user`, { form: { email: to } });
  const resend = (title: string) => talk.say(`resend: ${title}`, "POST", `${one}/invitations/{third invitation}/resend`);

  await subject.set({ mailWorks: false });
  await invite("no mail server");
  await resend("no mail server");
  await subject.set({ mailWorks: true, invitationLifeSeconds: 1 });
  await invite("for one second");
  await subject.letExpire();
  await talk.say("invitations: expired", "GET", `${one}/invitations?status=EXPIRED`);
  await invite("again, after it expired");
  await subject.set({ invitationLifeSeconds: USUAL.invitationLifeSeconds });

  const representation = (await talk.say("read: before it is disabled", "GET", one)).body as object;
  await talk.say("update: disabled, with everything that was read", "PUT", one, { json: { ...representation, enabled: false } });
  await invite("disabled", `d-${email}`);
  await resend("disabled");

  const everywhere: [method: string, path: string, sent?: Sent][] = [
    ["GET", "/organizations?max=0"],
    ["POST", "/organizations", { json: {} }],
    ["GET", `/organizations/${NOBODY}`],
    ["GET", `${one}/members?max=0`],
    ["GET", `${one}/invitations?email=nobody`],
    ["PUT", one, { json: {} }],
    ["POST", `${one}/members/invite-user`, { form: { email: `f-${email}` } }],
    ["GET", `${one}/groups?search=IT_ADMIN&exact=true`],
    ["POST", `${one}/groups`, { json: {} }],
    ["PUT", `${one}/groups/{group}/members/{member}`],
    ["GET", "/users?max=0"],
    ["PUT", `/users/{member}/groups/${NOBODY}`],
  ];
  await subject.set({ organizationsEnabled: false });
  for (const [method, path, sent] of everywhere) await talk.say("organisations are not enabled", method, path, sent);
  await subject.set({ organizationsEnabled: true });
  const some = ["manage-organizations", "view-users"];
  for (const roles of [[], ["view-organizations"], ["manage-organizations"], ["manage-realm"], ["manage-organizations", "query-users"], ["manage-users"], some, ["manage-organizations", "manage-users"]]) {
    await subject.set({ roles, mayPutIntoGroups: false });
    await talk.login(`roles ${roles.join(" and ") || "none"}`);
    for (const [method, path, sent] of everywhere) await talk.say(`roles ${roles.join(" and ") || "none"}`, method, path, sent);
  }
  await subject.set({ roles: some, mayPutIntoGroups: true });
  await talk.login("these roles, and the permission to put people into groups");
  for (const [method, path, sent] of everywhere) await talk.say("these roles, and the permission to put people into groups", method, path, sent);
  await subject.set(USUAL);
}
