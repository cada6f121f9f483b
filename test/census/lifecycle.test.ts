/** Owns the proof that every way in asks the lifecycle: all mutations and all reads, in tenants of every state, by everyone. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { ACTIONS_OF_ROLE, type Action } from "../../src/kernel/action.js";
import { fault } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { NOW, PLACES } from "../testkit/tenant-step.js";
import type { Answer } from "../testkit/world.js";
import { ENTRY_POINTS, type EntryPoint } from "./entry-points.js";
import { sceneMaker, type Asker, type Scene } from "./scene.js";

let app: Registry;
let openScene: Awaited<ReturnType<typeof sceneMaker>>;
beforeAll(async () => {
  app = await registry();
  app.clock.now = NOW;
  openScene = await sceneMaker(app);
  app.clock.now = null;
});
afterEach(() => {
  app.clock.now = null;
});

/** One of each state, and two that only a deadline has brought there. */
const SHOWN = ["a demo", "a trial", "a trial that just ended", "frozen", "frozen until just now", "archived"];

const OF_A_STEP = /^tenant\.(activate|extend_trial|cancel|reactivate|archive)$/;
const NOT_IN_A_DEMO = /^(api_key|invitation|provisioning|idp_config|product_request)\.|^entitlement\.start_trial$/;
const FINISHES_ARCHIVING = /^(provisioning\.retry|job\.retry)$/;

/** The code with which the state refuses this change; null when it lets it pass. */
function refusal(action: string, status: string | undefined, { home }: Asker): string | null {
  if (home === "everyone's") return status === "archived" && !FINISHES_ARCHIVING.test(action) ? "TENANT_READ_ONLY" : null;
  if (status === "demo") return NOT_IN_A_DEMO.test(action) ? "FAILED_PRECONDITION" : null;
  if (status === "frozen") return action === "tenant.export" ? null : "TENANT_READ_ONLY";
  return status === "archived" ? "TENANT_READ_ONLY" : null;
}

const ask = ({ document, variables }: EntryPoint, asker: Asker, { targets }: Scene): Promise<Answer> => asker.caller.run(document, variables?.(targets.own) ?? {});
const codes = ({ body }: Answer) => (body.errors ?? []).map(({ extensions }) => extensions.code);
const holds = ({ role }: Asker, actions: readonly Action[]) => role !== null && actions.every((action) => ACTIONS_OF_ROLE[role].has(action));
const PEOPLE = ["member", "auditor", "admin", "support", "operator"] as const;
/** Steps have tests of their own, for every state; a new tenant is in none yet. */
const CHANGES = ENTRY_POINTS.filter(({ records, entry }) => records && !OF_A_STEP.test(records) && entry !== "Mutation.createTenant");

describe.each(SHOWN)("in a tenant that is %s", (place) => {
  const { stored, status } = PLACES[place] ?? {};
  let scene: Scene;
  beforeAll(async () => {
    app.clock.now = NOW;
    scene = await openScene({ ...stored });
    app.clock.now = null;
  });

  it.each(CHANGES.map((row) => [row.entry, row] as const))("%s is refused to whom it should be, in words that name the state", async (_, row) => {
    app.clock.now = NOW;
    for (const name of PEOPLE) {
      const asker = scene.askers[name] as Asker;
      const answer = await ask(row, asker, scene);
      const refused = refusal(row.records ?? "", status, asker);
      if (!holds(asker, row.before)) expect([name, codes(answer)]).toEqual([name, ["FORBIDDEN"]]);
      else if (refused) expect([name, fault(answer, refused).message]).toEqual([name, expect.stringContaining(status ?? "")]);
      else expect([name, codes(answer)]).not.toEqual([name, ["TENANT_READ_ONLY"]]);
    }
  });

  it("its own people are offered exactly what they would not be refused", async () => {
    app.clock.now = NOW;
    for (const name of ["member", "auditor", "admin"] as const) {
      const asker = scene.askers[name] as Asker;
      const { body } = await asker.caller.run("{ viewer { actions } }");
      const offered: string[] = body.data?.["viewer"].actions;
      const held = CHANGES.filter(({ before }) => holds(asker, before)).map(({ records }) => records ?? "");
      for (const action of held) expect([name, action, offered.includes(action)]).toEqual([name, action, refusal(action, status, asker) === null]);
    }
  });
});

describe.each(["frozen until just now", "archived"])("of a tenant that is %s", (place) => {
  let scene: Scene;
  beforeAll(async () => {
    app.clock.now = NOW;
    scene = await openScene({ ...PLACES[place]?.stored });
    app.clock.now = null;
  });

  const READS = ENTRY_POINTS.filter(({ records }) => !records);

  it.each(READS.map((row) => [`${row.entry} ${row.way}`.trim(), row] as const))("its own people get of %s no more than the audit log, and staff what they always get", async (_, row) => {
    app.clock.now = NOW;
    const left = row.before.every((action) => action === "viewer.read" || action === "audit_event.read");
    for (const name of PEOPLE) {
      const asker = scene.askers[name] as Asker;
      const answer = await ask(row, asker, scene);
      const own = asker.home === "own";
      if (!holds(asker, row.before) || (own && !left)) {
        expect([name, [...new Set(codes(answer))]]).toEqual([name, ["FORBIDDEN"]]);
        if (holds(asker, row.before)) expect(answer.body.errors?.[0]?.message).toContain("archived");
      } else if (own) {
        for (const code of codes(answer)) expect([name, code]).toEqual([name, "FORBIDDEN"]);
        expect(codes(answer)).toHaveLength(row.inside.every((action) => action === "audit_event.read") ? 0 : 1);
      } else {
        expect([name, codes(answer).filter((code) => code !== "FORBIDDEN")]).toEqual([name, []]);
      }
    }
  });
});
