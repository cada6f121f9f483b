/** Owns the guarantees about the account's token: how often it is asked for, and what is done when it is refused. */
import { beforeEach, expect, it } from "vitest";
import { openFakeKeycloak, type FakeKeycloak } from "../../src/keycloak/fake/fake.js";
import { openKeycloak } from "../../src/keycloak/keycloak.client.js";
import type { Keycloak } from "../../src/keycloak/keycloak.js";

const START = Date.UTC(2026, 0, 5, 12);
const LIFE_SECONDS = 300;
const MARGIN_SECONDS = 30;

let nowMs: number;
let fake: FakeKeycloak;
let keycloak: Keycloak;
let logins: number;
let calls: number;
/** Just before the server sees a login, or a call. */
let atLogin: () => void;
let atCall: () => void;

beforeEach(() => {
  [nowMs, logins, calls, atLogin, atCall] = [START, 0, 0, () => {}, () => {}];
  const now = () => new Date(nowMs);
  fake = openFakeKeycloak({ now, settings: { tokenLifeSeconds: LIFE_SECONDS } });
  keycloak = openKeycloak({
    ...fake.account,
    timeoutMs: 5_000,
    now,
    fetch: async (input, init) => {
      if (String(input).endsWith("/token")) {
        logins += 1;
        atLogin();
      } else {
        calls += 1;
        atCall();
      }
      return fake.fetch(input, init);
    },
  });
});

const ask = () => keycloak.organizations(0, 1);
const herd = () => Promise.all(Array.from({ length: 50 }, ask));

it("nothing is asked for before the first call, and then once by however many", async () => {
  expect(logins).toBe(0);
  await herd();
  expect(logins).toBe(1);
});

it("a token is used until shortly before its end", async () => {
  await ask();
  nowMs += (LIFE_SECONDS - MARGIN_SECONDS) * 1_000 - 1;
  await ask();
  expect(logins).toBe(1);
  nowMs += 1;
  await herd();
  expect(logins).toBe(2);
});

it("a token that lives shorter than the margin is used once", async () => {
  fake.settings.tokenLifeSeconds = MARGIN_SECONDS;
  await ask();
  await ask();
  expect(logins).toBe(2);
});

it("a clock that is set back does not prolong a token", async () => {
  await ask();
  nowMs -= 1;
  await ask();
  expect(logins).toBe(2);
});

it("a token that is refused is replaced, once for all that were refused, and the calls succeed", async () => {
  await ask();
  fake.revokeTokens();
  await herd();
  expect(logins).toBe(2);
});

it("a call is refused for good after its second refusal", async () => {
  atCall = () => fake.revokeTokens();
  await expect(ask()).rejects.toMatchObject({ kind: "unauthorized", status: 401 });
  expect({ logins, calls }).toEqual({ logins: 2, calls: 2 });
});

it("a login that failed is not remembered", async () => {
  atLogin = () => {
    atLogin = () => {};
    throw new TypeError("fetch failed");
  };
  await expect(herd()).rejects.toMatchObject({ kind: "unreachable" });
  await ask();
  expect(logins).toBe(2);
});
