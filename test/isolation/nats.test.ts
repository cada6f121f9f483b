/** Owns the proof on a real NATS server that tenants' messages stay apart by their subjects, given the permissions that docs/tenancy.md tells to give. */
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { messageSubject, subjectFilter } from "../../packages/tenant-names/src/index.js";
import { notRun } from "../testkit/missing.js";
import { findNatsServer, startNats, type NatsServer, type Permissions } from "../testkit/nats.js";
import { data } from "../testkit/outcome.js";
import { registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";

type Place = [tenant: string, environment: string, team: string | null, channel: string];

const subjectOf = ([tenant, environment, team, channel]: Place) => messageSubject.print({ context: { tenant, environment, team }, channel });

/** The places of the seeds, with and without a team, and those of tenants whose names begin or end as acme's does. */
const ACME: Place[] = [["acme", "prod", "support", "slack"], ["acme", "prod", "support", "telegram"], ["acme", "prod", "sales", "teams"], ["acme", "staging", "support", "slack"], ["acme", "prod", null, "slack"]];
const OTHERS: Place[] = [
  ["bigcorp", "prod", "helpdesk", "webchat"], ["bigcorp", "prod", "support", "slack"], ["bigcorp", "prod", null, "slack"],
  ["acme-2", "prod", "support", "slack"], ["acm", "prod", "support", "slack"], ["my-acme", "prod", "support", "slack"],
  // Their environment and team are called as the other tenant is.
  ["bigcorp", "acme", "acme", "acme"], ["prod", "acme", "support", "slack"],
];

const BIGCORP = OTHERS.filter(([tenant]) => tenant === "bigcorp");

const NARROWER = {
  "acme-prod": subjectFilter({ tenant: "acme", environment: "prod" }),
  "acme-support": subjectFilter({ tenant: "acme", environment: "prod", team: "support" }),
  "acme-no-team": subjectFilter({ tenant: "acme", environment: "prod", team: null }),
};

/** What a client with this filter may do: hear and say what is its own, and be answered. */
const within = (name: string, filter: string): Permissions => ({ publish: [filter], subscribe: [filter, `_INBOX_${name}.>`] });

const binary = findNatsServer();

describe.skipIf(binary === null)(binary === null ? notRun("nats-server is not installed") : "on a NATS server", () => {
  let nats: NatsServer;
  let platform: NatsConnection;
  let acme: NatsConnection;
  let bigcorp: NatsConnection;
  /** What acme's client heard; refusals and messages alike. */
  let heard: string[];

  beforeAll(async () => {
    nats = await startNats(binary ?? "", {
      platform: null,
      acme: within("acme", subjectFilter({ tenant: "acme" })),
      bigcorp: within("bigcorp", subjectFilter({ tenant: "bigcorp" })),
      "acme-answers": { ...within("acme-answers", subjectFilter({ tenant: "acme" })), allow_responses: true },
      ...Object.fromEntries(Object.entries(NARROWER).map(([name, filter]) => [name, within(name, filter)])),
    });
    [platform, acme, bigcorp] = [await nats.connect("platform"), await nats.connect("acme"), await nats.connect("bigcorp")];
  });
  afterAll(() => nats?.stop());
  beforeEach(() => {
    heard = [];
  });

  /** Subscribed, and with the server's answer to it: the server answers in the order in which it was asked. */
  async function listen(client: NatsConnection, subject: string, { queue, into = heard }: { queue?: string; into?: string[] } = {}) {
    const subscription = client.subscribe(subject, { ...(queue !== undefined && { queue }), callback: (error, message) => void into.push(error ? `refused: ${error.name}` : message.subject) });
    await client.flush();
    return subscription;
  }

  /** Everybody else's first, then acme's own; given out before anything is looked at. */
  async function sayEverything(to: NatsConnection[]) {
    for (const place of [...OTHERS, ...ACME]) platform.publish(subjectOf(place), "hello");
    await platform.flush();
    for (const client of to) await client.flush();
  }

  it("a tenant's filter gets every message of its own and none of another's, although all were sent", async () => {
    const [theirs, every]: string[][] = [[], []];
    const subscriptions = [await listen(acme, subjectFilter({ tenant: "acme" })), await listen(bigcorp, subjectFilter({ tenant: "bigcorp" }), { into: theirs }), await listen(platform, ">", { into: every })];
    await sayEverything([acme, bigcorp, platform]);
    expect(every).toEqual([...OTHERS, ...ACME].map(subjectOf));
    expect(heard).toEqual(ACME.map(subjectOf));
    expect(theirs).toEqual(BIGCORP.map(subjectOf));
    for (const subscription of subscriptions) subscription.unsubscribe();
  });

  it.each<[client: keyof typeof NARROWER, expected: (place: Place) => boolean]>([
    ["acme-prod", ([, environment]) => environment === "prod"],
    ["acme-support", ([, environment, team]) => environment === "prod" && team === "support"],
    ["acme-no-team", ([, environment, team]) => environment === "prod" && team === null],
  ])("%s: a narrower filter gets what is inside it, and the tenant's own is refused to it", async (name, expected) => {
    const client = await nats.connect(name);
    await listen(client, NARROWER[name]);
    await sayEverything([client]);
    expect(heard).toEqual(ACME.filter(expected).map(subjectOf));
    heard.length = 0;
    await listen(client, subjectFilter({ tenant: "acme" }));
    await sayEverything([client]);
    expect(heard.filter((subject) => subject.startsWith("refused"))).toEqual(["refused: PermissionViolationError"]);
    expect(heard).toHaveLength(1 + ACME.filter(expected).length);
    await client.close();
  });

  it.each([
    subjectOf(["bigcorp", "prod", "helpdesk", "webchat"]),
    subjectFilter({ tenant: "bigcorp" }),
    subjectFilter({ tenant: "acme-2" }),
    "greentic.messaging.ingress.prod.*.>",
    "greentic.messaging.ingress.*.*.>",
    "greentic.messaging.ingress.prod.*.support.slack",
    "greentic.messaging.ingress.*.*.*.*",
    "greentic.messaging.ingress.acme.>",
    "greentic.messaging.ingress.>",
    "*.*.*.*.acme.>",
    "greentic.>",
    ">",
    "_INBOX.>",
    "_INBOX_bigcorp.>",
    "_INBOX_*.>",
  ])("what reaches beyond the tenant is refused as a whole, alone and in a queue group: %s", async (subject) => {
    const subscriptions = [await listen(acme, subject), await listen(acme, subject, { queue: "workers" })];
    await sayEverything([acme]);
    expect(heard).toEqual(["refused: PermissionViolationError", "refused: PermissionViolationError"]);
    for (const subscription of subscriptions) subscription.unsubscribe();
  });

  it("sharing a queue group's name with another tenant shares no message", async () => {
    const theirs: string[] = [];
    const subscriptions = [
      await listen(acme, subjectFilter({ tenant: "acme" }), { queue: "workers" }),
      await listen(bigcorp, subjectFilter({ tenant: "bigcorp" }), { queue: "workers", into: theirs }),
    ];
    await sayEverything([acme, bigcorp]);
    expect(heard).toEqual(ACME.map(subjectOf));
    expect(theirs).toEqual(BIGCORP.map(subjectOf));
    for (const subscription of subscriptions) subscription.unsubscribe();
  });

  it("a message that pretends to be another tenant's is refused and never arrives; one's own does", async () => {
    const forged = subjectOf(["bigcorp", "prod", "helpdesk", "webchat"]);
    const theirs: string[] = [];
    const client = await nats.connect("acme");
    const subscriptions = [await listen(bigcorp, subjectFilter({ tenant: "bigcorp" }), { into: theirs }), await listen(acme, subjectFilter({ tenant: "acme" }))];
    const complaint = (async () => {
      for await (const status of client.status()) if (status.type === "error") return status.error.message;
      return "none";
    })();
    client.publish(forged, "forged");
    client.publish(subjectOf(["acme", "prod", "support", "slack"]), "own");
    await client.flush();
    expect(await complaint).toContain(forged);
    bigcorp.publish(forged, "their own");
    await Promise.all([bigcorp.flush(), acme.flush()]);
    expect(theirs).toEqual([forged]);
    expect(heard).toEqual([subjectOf(["acme", "prod", "support", "slack"])]);
    for (const subscription of subscriptions) subscription.unsubscribe();
    await client.close();
  });

  it("an answer to a request comes to the tenant that asked, below an inbox of its own", async () => {
    const service = platform.subscribe(subjectFilter({ tenant: "acme" }), { callback: (_error, message) => void message.respond(message.reply) });
    await platform.flush();
    const answer = await acme.request(subjectOf(["acme", "prod", "support", "slack"]), "question");
    expect(answer.string()).toMatch(/^_INBOX_acme\./);
    service.unsubscribe();
  });

  it("a tenant's client that may answer reaches the inbox of who asked it, and no other", async () => {
    const [subject, stolen] = [subjectOf(["acme", "prod", "support", "slack"]), [] as string[]];
    const client = await nats.connect("acme-answers");
    const subscriptions = [
      await listen(bigcorp, "_INBOX_bigcorp.>", { into: stolen }),
      client.subscribe(subject, {
        callback: (_error, message) => {
          client.publish("_INBOX_bigcorp.forged", "forged");
          message.respond("answer");
        },
      }),
    ];
    await client.flush();
    expect((await platform.request(subject, "question")).string()).toBe("answer");
    await bigcorp.flush();
    expect(stolen).toEqual([]);
    platform.publish("_INBOX_bigcorp.own", "own");
    await platform.flush();
    await bigcorp.flush();
    expect(stolen).toEqual(["_INBOX_bigcorp.own"]);
    for (const subscription of subscriptions) subscription.unsubscribe();
    await client.close();
  });
});

describe.skipIf(binary === null)(binary === null ? notRun("nats-server is not installed") : "on a NATS server, with what the graph hands out", () => {
  it("the filter of a context gets the messages of its subjects and none of another tenant's of the same names", async () => {
    const world = await openWorld(await registry());
    const namesOf = async (tenant: TenantInWorld): Promise<{ subjectFilter: string; messageSubject: string }> => {
      await tenant.environment({ slug: "prod" });
      await tenant.team({ slug: "support" });
      return data(await tenant.member.run('{ tenantContext(environment: "prod", team: "support") { names { subjectFilter messageSubject(channel: "slack") } } }'))["tenantContext"].names;
    };
    const [mine, theirs] = [await namesOf(await world.tenant()), await namesOf(await world.tenant())];
    const nats = await startNats(binary ?? "", { platform: null, mine: within("mine", mine.subjectFilter) });
    try {
      const [platform, client] = [await nats.connect("platform"), await nats.connect("mine")];
      const heard: string[] = [];
      for (const subject of [mine.subjectFilter, theirs.subjectFilter]) client.subscribe(subject, { callback: (error, message) => void heard.push(error ? "refused" : message.subject) });
      await client.flush();
      for (const { messageSubject: subject } of [theirs, mine]) platform.publish(subject, "hello");
      await platform.flush();
      await client.flush();
      expect(heard).toEqual(["refused", mine.messageSubject]);
    } finally {
      await nats.stop();
    }
  });
});
