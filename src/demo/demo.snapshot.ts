/** Owns how the content of the golden snapshot's file becomes the snapshot, and what is wrong with content that cannot. No I/O. */
import { effectiveConfig, isObject, type Catalog } from "../catalog/catalog.js";
import { schemaCheck } from "../catalog/catalog.json-schema.js";
import { refuseUnfitConfig } from "../entitlement/entitlement.rules.js";
import type { FileProblem } from "../kernel/checked-file.js";
import { Fault } from "../kernel/fault.js";
import { ProjectStatus } from "../project/project.entity.js";
import { refuseReservedSlug } from "../tenant/tenant.rules.js";
import type { DemoSnapshot, DemoTenant } from "./demo.js";
import { SNAPSHOT_SHAPE, type SnapshotContent, type TenantContent } from "./demo.shape.js";

type Place = FileProblem["place"];

const check = schemaCheck(SNAPSHOT_SHAPE);

/** The snapshot, to be used only when there are no problems. What has the wrong shape is not looked into further. */
export function snapshotFrom(content: unknown, catalog: Catalog): { value: DemoSnapshot; problems: readonly FileProblem[] } {
  if (!isObject(content)) return { value: { tenants: [] }, problems: [{ place: [], rule: "must be an object with tenants" }] };
  const misshapen = check(content);
  if (misshapen.length > 0) return { value: { tenants: [] }, problems: misshapen };
  const { tenants } = content as unknown as SnapshotContent;
  return {
    value: { tenants: tenants.map(demoTenant) },
    problems: [...repeated(tenants), ...tenants.flatMap((tenant, index) => problemsOf(tenant, ["tenants", index], catalog))],
  };
}

function demoTenant({ projects = [], entitlements = {}, ...tenant }: TenantContent): DemoTenant {
  return {
    ...tenant,
    projects: projects.map((project) => ({ status: ProjectStatus.ACTIVE, ...project })),
    entitlements: Object.entries(entitlements).map(([product, { config = {} }]) => ({ product, config })),
  };
}

/** Ids are unique in the whole file, for each names one row of one table in any tenant. */
function repeated(tenants: readonly TenantContent[]): FileProblem[] {
  const projects = tenants.flatMap(({ projects = [] }, index) => projects.map(({ id, slug }, at) => ({ id, slug: `${index} ${slug}`, place: ["tenants", index, "projects", at] })));
  return [
    ...twice(tenants.map(({ id }, index) => [id, ["tenants", index, "id"]])),
    ...twice(tenants.map(({ slug }, index) => [slug, ["tenants", index, "slug"]])),
    ...twice(projects.map(({ id, place }) => [id, [...place, "id"]])),
    ...twice(projects.map(({ slug, place }) => [slug, [...place, "slug"]])),
  ];
}

function twice(values: readonly (readonly [value: string, place: Place])[]): FileProblem[] {
  const seen = new Set<string>();
  return values.flatMap(([value, place]) => {
    if (seen.has(value)) return [{ place, rule: "is used above already" }];
    seen.add(value);
    return [];
  });
}

function problemsOf({ slug, plan: planKey, entitlements = {} }: TenantContent, place: Place, catalog: Catalog): FileProblem[] {
  const plan = catalog.plan(planKey);
  const products = catalog.products.map(({ key }) => key);
  return [
    ...refusal(() => refuseReservedSlug(slug), [...place, "slug"], "is one of the platform's own names"),
    ...(plan ? [] : [{ place: [...place, "plan"], rule: `must be one of the catalogue's plans: ${catalog.plans.map(({ key }) => key).join(", ")}` }]),
    ...Object.entries(entitlements).flatMap(([key, { config = {} }]): FileProblem[] => {
      const product = catalog.product(key);
      if (!product) return [{ place: [...place, "entitlements"], rule: "must name products of the catalogue", stranger: { name: key, known: products } }];
      const at = [...place, "entitlements", key, "config"];
      const unfit = refusal(() => refuseUnfitConfig(config), at, "is larger or deeper than settings may be");
      return unfit.length > 0 ? unfit : product.configProblems(effectiveConfig(product, plan, config)).map((one) => ({ ...one, place: [...at, ...one.place] }));
    }),
  ];
}

/** A rule of another room, which refuses by throwing. */
function refusal(refuse: () => void, place: Place, rule: string): FileProblem[] {
  try {
    refuse();
    return [];
  } catch (thrown) {
    if (thrown instanceof Fault) return [{ place, rule }];
    throw thrown;
  }
}
