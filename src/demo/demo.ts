/** Owns what the golden snapshot is: the demo tenants, and what each of them has every morning. No I/O. */
import type { JsonObject } from "../catalog/catalog.js";
import type { ProjectStatus } from "../project/project.entity.js";

export interface DemoProject {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly status: ProjectStatus;
}

export interface DemoEntitlement {
  readonly product: string;
  readonly config: JsonObject;
}

export interface DemoTenant {
  /** For when it has to be created; one that is there already is known by its slug. */
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly plan: string;
  readonly projects: readonly DemoProject[];
  /** Beside what the plan gives. */
  readonly entitlements: readonly DemoEntitlement[];
}

export interface DemoSnapshot {
  readonly tenants: readonly DemoTenant[];
}

declare module "../kernel/request.js" {
  interface Facilities {
    demo: DemoSnapshot;
  }
}
