import "reflect-metadata";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { bundleFrom, contentOf, shapeProblems } from "../../src/bundle/bundle.content.js";
import { StepKind, StepThing, type PresentTenant, type Step } from "../../src/bundle/bundle.js";
import { planBundle } from "../../src/bundle/bundle.plan.js";
import type { TenantContent } from "../../src/bundle/bundle.shape.js";
import { bundleText } from "../../src/bundle-cli/bundle-cli.export.js";
import { bundles } from "../testkit/random-bundles.js";

/** What is there, as a model that steps are taken in: everything by its path. */
type Model = Map<string, Record<string, any>>; // any: members of every kind of thing

const EMPTY: PresentTenant = { name: "Acme", settings: {}, environments: new Map(), teams: new Map(), flows: new Map() };

const pathOf = ({ what, name, after }: Step) => `${what} ${what === StepThing.FLOW ? `${name} ${after?.["number"]}` : name}`;

function take(model: Model, step: Step): void {
  const path = pathOf(step);
  const there = model.get(path);
  if (step.kind === StepKind.ADD) {
    expect([path, there]).toEqual([path, undefined]);
    model.set(path, { ...step.after });
  } else {
    expect(there, path).toBeDefined();
    if (step.kind === StepKind.REMOVE) return void model.delete(path);
    const { settings, ...after } = step.after as Record<string, any>;
    model.set(path, withoutNulls({ ...there, ...after, ...(settings && { settings: withoutNulls({ ...there?.["settings"], ...settings }) }) }));
  }
}

function withoutNulls(members: Record<string, any>): Record<string, any> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

/** The model as what is there. Throws when something stands in what is not there. */
function presentIn(model: Model): PresentTenant {
  const of = (what: StepThing) => [...model].flatMap(([path, members]) => (path.startsWith(`${what} `) ? [{ name: path.slice(what.length + 1), members }] : []));
  const inside = (what: StepThing, around: string) => of(what).flatMap(({ name, members }) => (name.startsWith(`${around}/`) ? [[name.slice(around.length + 1), members] as const] : []));
  const environments = of(StepThing.ENVIRONMENT).map(({ name, members }) => {
    const flows = new Map(inside(StepThing.RUNNING_FLOW, name).map(([flow, { number }]) => [flow, number as number]));
    return [name, { name: members["name"], cluster: members["cluster"] ?? "shared", settings: members["settings"] ?? {}, flows }] as const;
  });
  const teams = of(StepThing.TEAM).map(({ name, members }) => [name, { name: members["name"], settings: members["settings"] ?? {}, channels: new Map(inside(StepThing.CHANNEL, name)) }] as const);
  const flows = new Map<string, { latest: number; bodies: Map<number, any> }>();
  for (const { members, name } of of(StepThing.FLOW)) {
    const [flow = ""] = name.split(" ");
    const { bodies } = flows.get(flow) ?? { bodies: new Map() };
    flows.set(flow, { latest: bodies.size + 1, bodies: bodies.set(members["number"], members["body"]) });
  }
  const containers = new Set([...environments, ...teams].map(([slug]) => slug));
  for (const what of [StepThing.CHANNEL, StepThing.RUNNING_FLOW]) for (const { name } of of(what)) if (!containers.has(name.split("/")[0] ?? "")) throw new Error(`${name} is in nothing`);
  return { name: model.get("tenant acme")?.["name"], settings: model.get("settings acme") ?? {}, environments: new Map(environments), teams: new Map(teams) as any, flows };
}

/** Take every step of a bundle, one after the other; what is there afterwards. */
function after(model: Model, content: TenantContent, prune: boolean): Model {
  const { steps, removals } = planBundle("acme", bundleFrom(content), presentIn(model));
  for (const step of prune ? [...steps, ...removals] : steps) {
    take(model, step);
    presentIn(model);
  }
  return model;
}

const beginning = (): Model => new Map<string, Record<string, any>>([["tenant acme", { name: "Acme" }], ["settings acme", {}]]);

describe("a plan", () => {
  it("leads to what the bundle says, step by step, and then there is nothing more to do", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bundles, fc.boolean()), { minLength: 1, maxLength: 4 }), (applied) => {
        const model = beginning();
        for (const [content, prune] of applied) {
          expect(shapeProblems(content)).toEqual([]);
          after(model, content, prune);
          const again = planBundle("acme", bundleFrom(content), presentIn(model));
          expect(again.steps).toEqual([]);
          if (prune) expect(again.removals).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("never removes without being asked, and never what the bundle does not speak of", () => {
    fc.assert(
      fc.property(bundles, bundles, (one, other) => {
        const model = after(beginning(), one, false);
        const { steps, removals } = planBundle("acme", bundleFrom(other), presentIn(model));
        expect(steps.filter(({ kind }) => kind === StepKind.REMOVE)).toEqual([]);
        const spoken = { environment: other.environments, running_flow: other.environments, team: other.allTeams !== false && other.teams, channel: other.teams };
        for (const { what } of removals) expect([what, Boolean(spoken[what as keyof typeof spoken])]).toEqual([what, true]);
      }),
      { numRuns: 300 },
    );
  });

  it("is the same whatever the order in which things are said", () => {
    const turned = (value: unknown): any => // any: as `value`
      Array.isArray(value) ? value.map(turned) : typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).reverse().map(([name, member]) => [name, turned(member)])) : value;
    fc.assert(
      fc.property(bundles, bundles, (one, other) => {
        const present = presentIn(after(beginning(), one, false));
        const content = turned(other) as TenantContent;
        expect(planBundle("acme", bundleFrom({ ...content, ...(content.environments && { environments: content.environments.toReversed() }) }), present)).toEqual(planBundle("acme", bundleFrom(other), present));
      }),
      { numRuns: 500 },
    );
  });

  it("of what was exported is empty, and the text of an export reads as what was exported", () => {
    fc.assert(
      fc.property(bundles, (one) => {
        const present = presentIn(after(beginning(), one, true));
        const content = contentOf(present);
        expect(shapeProblems(content)).toEqual([]);
        expect(planBundle("acme", bundleFrom(content), present)).toEqual({ steps: [], removals: [] });
        for (const version of ["1.1", "1.2"] as const) expect(parse(bundleText([["acme", content]]), { version })).toEqual({ tenants: { acme: JSON.parse(JSON.stringify(content)) } });
      }),
      { numRuns: 300 },
    );
  });

  it("of a tenant that there is not is that of one with nothing in it, after the tenant itself", () => {
    fc.assert(
      fc.property(bundles, (content) => {
        const [first, ...more] = planBundle("acme", bundleFrom(content), null).steps;
        expect(first).toEqual({ kind: "add", what: "tenant", name: "acme", before: null, after: { name: content.name ?? "acme" } });
        expect(more).toEqual(planBundle("acme", bundleFrom(content), { ...EMPTY, name: content.name ?? "acme" }).steps);
      }),
      { numRuns: 500 },
    );
  });

  it("archives a team after its channels, and stops what an environment runs before it is archived", () => {
    const flows = { f: { nodes: [] } };
    const present = presentIn(after(beginning(), { environments: [{ id: "prod", flows: { f: 1 } }], teams: { support: { channels: { slack: { provider: "messaging-slack" } } } }, flows }, false));
    const { steps, removals } = planBundle("acme", bundleFrom({ environments: [], teams: {} }), present);
    expect(steps).toEqual([]);
    expect(removals.map(({ what, name }) => `${what} ${name}`)).toEqual(["running_flow prod/f", "channel support/slack", "team support", "environment prod"]);
  });

  it("tells of a change what differs and nothing else; another provider begins without the old one's settings", () => {
    const present = presentIn(
      after(beginning(), { teams: { support: { name: "Support", settings: { timezone: "UTC", language: "de" }, channels: { one: { provider: "messaging-telegram", config: { chat_id: "1" } } } } } }, false),
    );
    const said: TenantContent = { teams: { support: { name: "Help", settings: { timezone: null, language: "DE" }, channels: { one: { provider: "messaging-slack" } } } } };
    expect(planBundle("acme", bundleFrom(said), present).steps).toEqual([
      { kind: "change", what: "team", name: "support", before: { name: "Support", settings: { timezone: "UTC" } }, after: { name: "Help", settings: { timezone: null } } },
      {
        kind: "change",
        what: "channel",
        name: "support/one",
        before: { provider: "messaging-telegram", config: { chat_id: "1" } },
        after: { provider: "messaging-slack", config: {} },
      },
    ]);
  });
});
