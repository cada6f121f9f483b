/** Owns how flows change: a version is published, and an environment runs it. What is asked of one tenant's transaction is told apart, so that a bundle can ask the same. */
import type { EntityManager } from "typeorm";
import { Environment } from "../environment/environment.entity.js";
import { environmentReads } from "../environment/environment.reads.js";
import { canonicalJson } from "../kernel/canonical-json.js";
import type { Change } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import { insertRow, insertUnlessThere } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { updateRow } from "../kernel/update.js";
import { Flow, FlowVersion, RunningFlowRecord, type RunningFlow } from "./flow.entity.js";
import type { PublishFlowInput, PublishFlowPayload, RunFlowInput, RunFlowPayload } from "./flow.inputs.js";
import { bytesOf, labelOf, MAX_FLOWS, refuseUnfitBody, refuseUnfitName } from "./flow.rules.js";

/**
 * Publish a version of a flow, and the flow with it when it is the first. What says the same as the latest version changes nothing.
 *
 * Faults  BAD_USER_INPUT(name | body.<place>); CONFLICT(expectedNumber); LIMIT_EXCEEDED(name) for one flow too many; TENANT_READ_ONLY;
 *         NOT_FOUND for a tenant that is not the caller's; CONFLICT(idempotencyKey) when the key was used for another version.
 * Audit   `flow.publish` with the number and the size, never the body.
 */
export function publishFlow({ doors, principal }: RequestContext, input: PublishFlowInput): Promise<PublishFlowPayload> {
  const { name, body, expectedNumber } = input;
  refuseUnfitBody(body);
  const home = doors.within(input.tenantId);
  return home.change(
    "flow.publish",
    (tx) => publish(tx, { tenantId: home.tenantId, name, body, expectedNumber, publishedBy: principal.subject }),
    once("publishFlow", input, { flow: Flow, version: FlowVersion }),
  );
}

/**
 * Let an environment run a version of a flow, or stop it there. Where it already is so, nothing changes.
 *
 * Faults  NOT_FOUND for an environment or flow that there is not; BAD_USER_INPUT(number) for a version that there is not;
 *         FAILED_PRECONDITION(environmentId) when the environment is archived; TENANT_READ_ONLY.
 * Audit   `flow.run` with the numbers before and after, null for none.
 */
export async function runFlow({ doors, reads }: RequestContext, { environmentId, flow, number = null }: RunFlowInput): Promise<RunFlowPayload> {
  const seen = await reads(environmentReads).byId.load(environmentId);
  if (!seen) throw notFound("Environment");
  return doors.within(seen.tenantId).change("flow.run", async (tx) => {
    // Held for the whole change: it is not archived meanwhile, and of several who run flows in it one comes after the other.
    const environment = await tx.findOne(Environment, { where: { id: seen.id }, lock: { mode: "for_no_key_update" } });
    if (!environment) throw notFound("Environment");
    return run(tx, { environment, flow, number });
  });
}

export interface Publication {
  tenantId: string;
  name: string;
  /** Fits {@link refuseUnfitBody}. */
  body: Record<string, unknown>;
  publishedBy: string;
  expectedNumber?: number | null | undefined;
}

/** {@link publishFlow} in a transaction of the tenant. */
export async function publish(tx: EntityManager, { tenantId, name, body, publishedBy, expectedNumber }: Publication): Promise<Change<PublishFlowPayload>> {
  refuseUnfitName(name);
  const flow = (await held(tx, tenantId, name)) ?? (await made(tx, tenantId, name));
  if (expectedNumber != null && flow.latestNumber !== expectedNumber) {
    throw new Fault("CONFLICT", "Another version was published since you read it", { field: "expectedNumber" });
  }
  const latest = await versionOf(tx, flow, flow.latestNumber);
  if (latest && canonicalJson(latest.body) === canonicalJson(body)) return { value: { flow, version: latest }, unaudited: "no-op" };
  const number = flow.latestNumber + 1;
  const version = await insertRow<FlowVersion>(tx, FlowVersion, { tenantId, flowId: flow.id, number, body, publishedBy });
  await updateRow(tx, Flow, flow, { latestNumber: number });
  return { value: { flow, version }, audit: [{ target: { type: "flow", id: flow.id, name }, metadata: { name, number, bytes: bytesOf(body) } }] };
}

/** The flow, so that nobody else numbers a version of it until the end of the transaction. */
function held(tx: EntityManager, tenantId: string, name: string): Promise<Flow | null> {
  return tx.findOne(Flow, { where: { tenantId, name }, lock: { mode: "for_no_key_update" } });
}

/**
 * A new flow without a version, or the one that somebody else has made meanwhile. Those who make flows in one tenant wait for each
 * other: nobody sees what others are about to add, and together they would step over the limit.
 */
async function made(tx: EntityManager, tenantId: string, name: string): Promise<Flow> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('tenant_flows ' || $1, 0))", [tenantId]);
  if (await insertUnlessThere<Flow>(tx, Flow, { tenantId, name })) {
    const count = await tx.countBy(Flow, { tenantId });
    if (count > MAX_FLOWS) throw new Fault("LIMIT_EXCEEDED", `A tenant can have at most ${MAX_FLOWS} flows`, { field: "name" });
  }
  const flow = await held(tx, tenantId, name);
  if (!flow) throw new Error("a flow is neither there nor can it be made");
  return flow;
}

export interface Running {
  /** Held by this transaction. */
  environment: Environment;
  /** Name of the flow. */
  flow: string;
  /** Null to stop it. */
  number: number | null;
}

/** {@link runFlow} in a transaction that holds the environment. */
export async function run(tx: EntityManager, { environment, flow: name, number }: Running): Promise<Change<RunFlowPayload>> {
  const { id: environmentId, tenantId } = environment;
  if (environment.archivedAt !== null) throw new Fault("FAILED_PRECONDITION", "The environment is archived", { field: "environmentId" });
  const flow = await tx.findOneBy(Flow, { tenantId, name });
  if (!flow) throw notFound("Flow");
  const version = number === null ? null : await versionOf(tx, flow, number);
  if (number !== null && !version) throw new Fault("BAD_USER_INPUT", `number must be that of a version, 1 to ${flow.latestNumber}`, { field: "number" });
  const value: RunFlowPayload = { environment, running: version && { flow: name, number: version.number, version: written(version) } };
  const before = await tx.findOneBy(RunningFlowRecord, { tenantId, environmentId, flowId: flow.id });
  const from = before?.number ?? null;
  if (from === number) return { value, unaudited: "no-op" };
  const row = before
    ? await updateRow(tx, RunningFlowRecord, before, { number })
    : await insertRow<RunningFlowRecord>(tx, RunningFlowRecord, { tenantId, environmentId, flowId: flow.id, number });
  return { value, audit: [{ target: { type: "running_flow", id: row.id, name }, metadata: { flow: name, environment: environment.slug, from, to: number } }] };
}

function written({ body }: FlowVersion): RunningFlow["version"] {
  return { label: async () => labelOf(body), body: async () => body };
}

/** Null when there is none of that number, which may be any that GraphQL has. */
function versionOf(tx: EntityManager, { tenantId, id: flowId }: Flow, number: number): Promise<FlowVersion | null> {
  return tx.findOneBy(FlowVersion, { tenantId, flowId, number });
}
