/** Owns the rules of names and addresses, case by case. */
import { expect, it } from "vitest";
import { invitable, normalEmail, organizationNames } from "../../src/keycloak/keycloak.rules.js";

it.each(["a@b.example", "Ann.O'Hara+crm@Sub-1.Example", " padded@people.example ", "ünique@people.example".normalize("NFC").replace("ü", "u")])("%j may be invited", (email) => {
  expect(invitable(email)).toBe(true);
});

it.each([
  "", "@", "a@", "@b.example", "a@b", "a b@c.example", "a@b@c.example", '"a@b"@c.example', '"a"@c.example', "a..b@c.example", ".a@c.example", "a.@c.example",
  "a@-b.example", "a@b-.example", "a@b..example", "a@[127.0.0.1]", "a@b.example\nBcc: x@y.example", "a(comment)@b.example", `${"a".repeat(65)}@b.example`, `a@${"b".repeat(250)}.example`, "ünique@people.example",
])("%j may not be invited", (email) => {
  expect(invitable(email)).toBe(false);
});

it("an address is kept without spaces around it, in lower case", () => {
  expect(normalEmail(" Ann@People.Example\n")).toBe("ann@people.example");
});

it("an organisation has the tenant's name or, if that is taken, the name with the slug; both fit", () => {
  expect(organizationNames({ name: "Acme", alias: "acme" })).toEqual(["Acme", "Acme (acme)"]);
  const [first, second] = organizationNames({ name: "n".repeat(300), alias: "acme" });
  expect([first.length, second.length, second.endsWith(" (acme)")]).toEqual([255, 255, true]);
});
