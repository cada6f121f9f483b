import { describe, expect, it } from "vitest";
import { logFields, messageSubject, NameRefusedError, resourceName, secretPaths, sessionPath, stateKey } from "../src/index.js";
import { refusal } from "./places.js";
import { rows } from "./table.js";

describe("a text that is not exactly a name is refused", () => {
  const codecs = [sessionPath, stateKey, messageSubject, secretPaths.secrets, secretPaths.gbo, resourceName];
  const readersOf = (name: string) => codecs.filter(({ parse }) => refusal(() => parse(name)) === undefined);
  const separatorOf = (name: string) => (name.startsWith("state:") ? ":" : name.startsWith("greentic") ? "." : "/");

  it.each(rows)("$name in other letters, cut, with an odd word more, or with something around it", ({ name }) => {
    expect(readersOf(name), "one grammar and no other reads the name").toHaveLength(1);
    const separator = separatorOf(name);
    const words = name.split(separator);
    const wrong = [
      name.toUpperCase(), `${name}\n`, `\n${name}`, `${name} `, ` ${name}`, `${name}\0`, `\ufeff${name}`, `/${name}`, `./${name}`, `${name}/`, `${name}.`, `${name}${separator}`,
      name.replaceAll(separator, "%2f"), name.replaceAll(separator, "\\"), name.replace(separator, separator + separator), `${name}${separator}`.repeat(100_000),
      words[0] as string, words.slice(1).join(separator), words.slice(0, 2).join(separator) + separator,
      ...Array.from({ length: words.length + 1 }, (_, at) => ["", ".", "..", "*", ">", "+", "A", "é", "=61"].map((word) => words.toSpliced(at, 0, word).join(separator))).flat(),
      ...Array.from(name, (letter, at) => name.slice(0, at) + letter.toUpperCase() + name.slice(at + 1)).filter((text) => text !== name),
    ];
    expect(wrong.filter((text) => readersOf(text).length > 0)).toEqual([]);
  });

  it.each([
    "sessions/acme/prod/support/=2E=2e.cbor", "sessions/acme/prod/support/=61.cbor", "sessions/acme/prod/support/=2.cbor", "sessions/acme/prod/support/=.cbor",
    "sessions/acme/prod/support/==.cbor", "sessions/acme/prod/support/=c0=af.cbor", "sessions/acme/prod/support/=ed=a0=80.cbor", "sessions/acme/prod/support/=ff.cbor",
    "sessions/acme/prod/support/=f4=90=80=80.cbor", "sessions/acme/prod/support/=c3.cbor", "sessions/acme/prod/support/con.cbor", "sessions/acme/prod/support/=63onn.cbor",
    "sessions/acme/prod/support/.cbor", "sessions/acme/prod/support/a.CBOR", "sessions/acme/prod/support/a.cbor.cbor", "sessions/acme/prod/support/a", "sessions.cbor", "sessions/.cbor",
    "sessions/acme/prod/a.cbor", "sessions/acme/prod/support/a/b.cbor", "sessions/acme/prod//a.cbor", "sessions/acme/prod/global/a.cbor", "sessions/default/prod/support/a.cbor",
    "sessions/con/prod/support/a.cbor", "sessions/acme/prod/null/a/b.cbor", "state:acme:prod:support", "state:acme:prod:support:", "state:acme:prod:support:a:b", "state:acme:prod::a",
    "state:global:prod:support:a", "greentic.messaging.ingress.prod.acme.support", "greentic.messaging.ingress.prod.acme.support.slack.", "greentic.messaging.ingress.*.acme.support.slack",
    "greentic.messaging.ingress.prod.acme.>", "greentic.messaging.ingress.prod.acme.support.default", "greentic.messaging.egress.prod.acme.support.slack", "secrets/acme", "secrets/global",
    "secrets/acme/teams", "secrets/acme/teams/support", "secrets/acme/teams/default/a", "secrets/acme/environments/prod", "secrets/acme/environments/default/a", "secrets/default/a",
    "secrets/acme/teams/support/environments/prod/a", "secrets/acme/teams/support/teams/support/a", "secrets/global/teams/support/a", "secrets/global/environments/prod/a",
    "secrets/acme/bots/helper/a", "secrets/acme/users/ada/a", "secrets/acme/a/b/c/d/e", "secrets/acme/a/teams/support/b", "gbo/global/a", "gbo/system", "gbo/system/con", "gbo/tenants/prod",
    "gbo/tenants/prod/bots/helper/email", "gbo/tenants/prod/users/ada/email", "gbo/orgs/acme", "gbo/orgs/global/a", "gbo/orgs/acme/bots/helper", "gbo/orgs/acme/bots/Helper/email",
    "gbo/orgs/acme/teams/support/bots/helper/email", "gbo/orgs/acme/bots/helper/users/ada/email", "gbo/orgs/acme/users/ada/environments/prod/email", "gbo/acme/a", "tenants", "tenants/",
    "tenants/global", "tenants/acme/", "tenants/acme/bots/helper", "tenants/acme/channels/slack", "tenants/acme/sessions/1", "tenants/acme/teams/support/sessions/1", "tenants/acme/flows",
    "tenants/acme/flows/a/b", "tenants/acme/flows/", "tenants/acme/flows/A", "tenants/acme/constructor/a", "tenants/acme/__proto__/a", "tenants/acme/teams/support/environments/prod",
    "tenants/acme/environments", "tenants/acme/environments/prod/sessions/=61",
  ])("%s", (name) => {
    expect(readersOf(name)).toEqual([]);
  });

  it.each([
    { tenant_id: "acme", env_id: "prod" }, { tenant_id: "acme", env_id: "prod", team_id: "default" }, { tenant_id: "global", env_id: "prod", team_id: null },
    { tenant: "acme", environment: "prod", team: null }, [],
  ])("the log fields %j", (fields) => {
    expect(refusal(() => logFields.parse(fields as never))).toBeInstanceOf(NameRefusedError);
  });
});
