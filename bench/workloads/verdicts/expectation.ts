/**
 * Owns what the database and the catalogue's file say of who has what: the rules of verdicts once more, in SQL and for the data set
 * alone, whose tenants are all active customers, so that our service is not compared with itself.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** The second value of every statement here: the file as it is, and none of the service's reading of it. */
export const CATALOG = JSON.stringify(parse(readFileSync("catalog.yaml", "utf8")));

/**
 * A prefix for statements: `verdicts` has a row for each of `asked`, which must give tenant_id, product and place. `basis` is what
 * grants, or the reason why nothing does. No settings in the data set have more levels than their defaults, so that `||` merges them.
 */
export const withVerdicts = (asked: string) => `
  with products as (
    select p ->> 'key' as key, coalesce(p -> 'configDefaults', '{}') as config,
      (select coalesce(jsonb_object_agg(l.key, l.value -> 'default'), '{}') from jsonb_each(p -> 'limits') l) as limits
    from jsonb_array_elements($2::jsonb -> 'products') p),
  plans as (
    select p ->> 'key' as key, b.key as product, coalesce(b.value -> 'config', '{}') as config, coalesce(b.value -> 'limits', '{}') as limits
    from jsonb_array_elements($2::jsonb -> 'plans') p, jsonb_each(p -> 'products') b),
  asked as (${asked}),
  verdicts as (
    select a.tenant_id, a.product, a.place, b.basis, b.basis in ('PLAN', 'OVERRIDE', 'TRIAL') as granted,
      case when b.basis <> 'PLAN' then e.expires_at end as valid_until,
      coalesce(p.limits, '{}') || coalesce(n.limits, '{}') as limits,
      coalesce(p.config, '{}') || coalesce(n.config, '{}') || coalesce(e.config, '{}') as config
    from asked a
      join tenants t on t.id = a.tenant_id
      left join products p on p.key = a.product
      left join plans n on n.key = t.plan and n.product = a.product
      left join tenant_products e on e.tenant_id = a.tenant_id and e.product = a.product
      cross join lateral (select case
        when n.product is not null and e.source is distinct from 'override' then 'PLAN'
        when e.product is null then case when p.key is null then 'UNKNOWN_PRODUCT' else 'NOT_ENTITLED' end
        when e.expires_at <= now() then case e.source when 'trial' then 'TRIAL_ENDED' else 'EXPIRED' end
        when not e.enabled then 'WITHDRAWN'
        else upper(e.source::text) end as basis) b)`;

/** Every product in every tenant, in the graph's words. Values: ids of tenants, {@link CATALOG}, keys of products. */
export const checksSql = ({ settings }: { settings: boolean }) => `${withVerdicts(`
    select t.id as tenant_id, p.key as product, row(t.place, p.place) as place
    from unnest($1::uuid[]) with ordinality t(id, place), unnest($3::text[]) with ordinality p(key, place)`)}
  select json_agg(json_build_object('tenantId', tenant_id, 'product', product, 'verdict', json_build_object(
    'granted', granted,
    'reason', case when granted then 'GRANTED' else basis end,
    'source', case when granted then basis end,
    'limits', case when granted then limits else '{}' end,${settings ? "\n    'config', case when granted then config else '{}' end," : ""}
    'validUntil', case when granted then valid_until end)) order by place)::text as json
  from verdicts`;

/** One tenant's claims, in the graph's words. Values: the list of its id, {@link CATALOG}. */
export const CLAIMS_SQL = `${withVerdicts(`
    select t.id as tenant_id, k.product, 0 as place from tenants t cross join lateral (
      select n.product from plans n where n.key = t.plan union select e.product from tenant_products e where e.tenant_id = t.id) k
    where t.id = any($1::uuid[])`)}
  select json_build_object('tenantId', t.id, 'slug', t.slug, 'status', t.status, 'plan', t.plan, 'stale', false, 'products', (
    select json_agg(json_build_object('key', v.product, 'source', v.basis, 'validUntil', v.valid_until) order by v.product collate "C")
    from verdicts v where v.granted))::text as json
  from tenants t where t.id = any($1::uuid[])`;
