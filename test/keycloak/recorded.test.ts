/** Owns the proof that the in-process Keycloak answers as the recorded server did: status, content type, location and body. */
import { expect, it } from "vitest";
import { converse } from "./exchanges.js";
import { fakeSubject } from "./fake.subject.js";
import { recorded } from "./recording.js";
import type { Exchange } from "./talk.js";

const { exchanges } = await recorded();
const said = await openAndConverse();

async function openAndConverse(): Promise<Exchange[]> {
  const subject = fakeSubject();
  // The development realm has an organisation of this name, with which the conversation collides.
  subject.fake.state.organizations.push({ id: "a0000000-0000-4000-8000-000000000001", name: "Acme", alias: "acme", enabled: true, attributes: {} });
  return converse(subject);
}

it("the conversation is the one that was recorded", () => {
  expect(said.map(({ name, request }) => ({ name, request }))).toEqual(exchanges.map(({ name, request }) => ({ name, request })));
});

it.each(exchanges.map(({ name, request: { method, path } }, index) => [index, name, `${method} ${path}`] as const))("%i %s · %s", (index) => {
  expect(said[index]?.response).toEqual(exchanges[index]?.response);
});
