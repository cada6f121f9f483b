/** Owns how Retraced's clients search: their pages and their words for an event, over our reads. Their graph is `retraced.graph.ts`. */
import sql from "sql-template-tag";
import type { AuditEvent } from "../audit-event/audit-event.entity.js";
import { AuditEventOrder } from "../audit-event/audit-event.inputs.js";
import { auditEventReads, conditions, scopeOf } from "../audit-event/audit-event.reads.js";
import { canonicalJson } from "../kernel/canonical-json.js";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, type PageArgs } from "../kernel/connection.js";
import { Fault } from "../kernel/fault.js";
import { conjunction } from "../kernel/page-selection.js";
import type { RetracedRequest } from "./retraced.callers.js";

/** So many are counted: a count of everything would walk the whole log. */
export const MAX_COUNTED = 10_000;

export interface SearchArgs {
  query: string;
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/** Of ours, what stands for each of theirs: their lists begin with the oldest, ours with the newest. */
const OURS = { first: "last", last: "first", after: "before", before: "after" } as const;
const THEIRS: Readonly<Record<string, string>> = OURS;

/**
 * A page of what the caller may see. `last` and `before` lead from the newest to the oldest, and edges come in that order, which is how
 * Retraced's client pages; `first` and `after` lead the other way.
 *
 * Faults  BAD_USER_INPUT(query | first | last | after | before).
 */
export async function search({ context, key }: RetracedRequest, { query, ...args }: SearchArgs) {
  const { doors, caller, reads } = context;
  const asked = { query };
  const page = await reads(auditEventReads).search(asked, AuditEventOrder.NEWEST_FIRST, pageFrom(args)).catch(inTheirWords);
  const forward = args.first != null;
  const nodes = forward ? page.nodes.toReversed() : page.nodes;
  return {
    totalCount: async () => {
      const where = conjunction([...scopeOf(caller), ...conditions(asked)]);
      const [counted] = await doors.read<{ count: number }>(sql`select count(*)::int as count from (select from audit_log a where ${where} limit ${MAX_COUNTED}) as counted`);
      return counted?.count ?? 0;
    },
    pageInfo: { hasNextPage: page.pageInfo.hasPreviousPage, hasPreviousPage: page.pageInfo.hasNextPage },
    edges: nodes.map((event) => ({ cursor: page.cursorOf(event), node: nodeOf(event, key?.tenantSlug ?? null) })),
  };
}

function pageFrom({ first, after, last, before }: Omit<SearchArgs, "query">): PageArgs {
  if (first != null && last != null) throw new Fault("BAD_USER_INPUT", "Give first or last, not both", { field: "last" });
  const [size, field] = first == null ? [last ?? DEFAULT_PAGE_SIZE, "last"] : [first, "first"];
  if (size < 1 || size > MAX_PAGE_SIZE) throw new Fault("BAD_USER_INPUT", `${field} must be 1 to ${MAX_PAGE_SIZE}`, { field });
  // Their client's first page comes before an empty cursor.
  return { [OURS[field as "first" | "last"]]: size, after: before || null, before: after || null };
}

function inTheirWords(thrown: unknown): never {
  const theirs = thrown instanceof Fault ? THEIRS[thrown.field ?? ""] : undefined;
  if (!(thrown instanceof Fault) || theirs === undefined) throw thrown;
  throw new Fault(thrown.code, thrown.message, { field: theirs });
}

function nodeOf(event: AuditEvent, groupName: string | null) {
  const { actorId, actorName, actorHref, actorFields, targetId, targetName, targetType, targetHref, targetFields, createdAt } = event;
  return {
    id: event.id,
    action: event.action,
    crud: event.crud,
    description: event.description,
    group: { id: event.tenantId, name: groupName },
    actor: actorId === null ? null : { id: actorId, name: actorName, href: actorHref, fields: pairsOf(actorFields) },
    target: targetId === null && targetType === null ? null : { id: targetId, name: targetName, type: targetType, href: targetHref, fields: pairsOf(targetFields) },
    received: (event.receivedAt ?? createdAt).toISOString(),
    created: createdAt.toISOString(),
    canonical_time: createdAt.toISOString(),
    is_failure: event.isFailure,
    is_anonymous: event.isAnonymous,
    source_ip: event.sourceIp,
    component: event.component,
    version: event.version,
    fields: pairsOf(event.fields),
    external_id: event.externalId,
    metadata: pairsOf(event.metadata),
  };
}

/** Theirs are texts; what is more than that is written down in one way. */
function pairsOf(fields: Readonly<Record<string, unknown>> | null): { key: string; value: string }[] {
  return Object.entries(fields ?? {}).map(([key, value]) => ({ key, value: typeof value === "string" ? value : (canonicalJson(value) ?? "") }));
}
