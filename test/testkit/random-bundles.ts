/** Owns random bundles of one tenant, so near to each other that they often speak of the same things. Every one is without problems. */
import fc from "fast-check";
import type { TenantContent } from "../../src/bundle/bundle.shape.js";

/** Some that YAML would take for something else. */
const name = fc.constantFrom("Support", "Sales", 'say "no": #1', "yes", "1.0", "Ünï");
const settings = fc.record({ timezone: fc.constantFrom("UTC", "Europe/Berlin", null), language: fc.constantFrom("de", "en-us", null) }, { requiredKeys: [] });
const channel = fc.oneof(
  fc.record({ provider: fc.constant("messaging-telegram"), config: fc.record({ chat_id: fc.constantFrom("1", "-100") }, { requiredKeys: [] }) }, { requiredKeys: ["provider"] }),
  fc.record({ provider: fc.constantFrom("messaging-slack", "messaging-webchat"), config: fc.constant({}) }, { requiredKeys: ["provider"] }),
);
const team = fc.record({ name, settings, channels: fc.dictionary(fc.constantFrom("slack", "web", "constructor"), channel, { maxKeys: 3 }) }, { requiredKeys: [] });

const body = (n: number) => ({ version: `${n}`, nodes: [{ id: "greet", type: "reply", config: { text: "no\n" } }] });
/** One of a history in which every version differs from the one before, so that any two fit together. */
const flow = fc.oneof(fc.integer({ min: 1, max: 3 }).map((n) => Array.from({ length: n }, (_, index) => body(index + 1))), fc.constant([body(1)]));

const environment = fc.record(
  { id: fc.constantFrom("prod", "staging", "tostring"), name, cluster: fc.constantFrom("shared", "shared-2"), settings, flows: fc.dictionary(fc.constantFrom("welcome", "goodbye"), fc.constant(1), { maxKeys: 2 }) },
  { requiredKeys: ["id"] },
);

/** Both flows are always there, so that an environment can run them. */
export const bundles: fc.Arbitrary<TenantContent> = fc.record(
  {
    name,
    settings,
    environments: fc.uniqueArray(environment, { maxLength: 3, selector: ({ id }) => id }),
    teams: fc.dictionary(fc.constantFrom("support", "sales", "valueof"), team, { maxKeys: 3 }),
    allTeams: fc.boolean(),
    flows: fc.record({ welcome: flow, goodbye: flow }),
  },
  { requiredKeys: ["flows"] },
) as fc.Arbitrary<TenantContent>;
