/** Owns what is true of flows: what they may be called, and what a version's body must look like. No I/O. */
import { isKey, KEY_RULE } from "../../packages/tenant-names/src/index.js";
import { canonicalJson } from "../kernel/canonical-json.js";
import { Fault } from "../kernel/fault.js";
import { closest } from "../kernel/misspelling.js";
import { isStorableJson, storableJsonRule } from "../kernel/storable-json.js";
import { LABEL } from "../kernel/validation.js";

/** The form of a flow's name, and of a node's id; the database holds names to the same. */
export const FLOW_NAME = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/;
export const FLOW_NAME_RULE = "must be 1 to 64 lower-case letters, digits, and inner _ and -";
export const MAX_FLOWS = 200;
export const MAX_NODES = 500;
/** Of the body as compact JSON. */
export const MAX_BODY_BYTES = 65_536;
const MAX_BODY_DEPTH = 20;
const MAX_LABEL = 40;
const MAX_DESCRIPTION = 2_000;
/** So many problems are told at once. */
const MAX_PROBLEMS = 50;

export interface FlowProblem {
  /** Where in the body: names of ours and numbers only, never what somebody else wrote. */
  readonly place: readonly string[];
  readonly rule: string;
}

type Json = Record<string, unknown>;

/** What is wrong with a flow's name, in words that go after it; null when nothing is. What resources cannot be named by is none. */
export function flowNameProblem(name: string): string | null {
  return isKey(name) ? null : KEY_RULE;
}

/** Faults: BAD_USER_INPUT(name) unless a flow can be called so. */
export function refuseUnfitName(name: string): void {
  const problem = flowNameProblem(name);
  if (problem !== null) throw new Fault("BAD_USER_INPUT", `name ${problem}`, { field: "name" });
}

/** Faults: BAD_USER_INPUT(body.<place>) for the first thing that is wrong with it. */
export function refuseUnfitBody(body: Json): void {
  const [problem] = bodyProblems(body);
  if (!problem) return;
  const field = ["body", ...problem.place].join(".");
  throw new Fault("BAD_USER_INPUT", `${field} ${problem.rule}`, { field });
}

/** What is wrong with a version's body; nothing when it can be published. */
export function bodyProblems(body: unknown): readonly FlowProblem[] {
  if (!isObject(body)) return [problem([], "must be an object")];
  if (!isStorableJson(body, MAX_BODY_DEPTH)) return [problem([], storableJsonRule(MAX_BODY_DEPTH))];
  if (bytesOf(body) > MAX_BODY_BYTES) return [problem([], `must be at most ${MAX_BODY_BYTES} bytes of JSON`)];
  const { version, description, nodes } = body;
  return [
    ...strangersIn(body),
    ...textProblems("version", version, MAX_LABEL),
    ...textProblems("description", description, MAX_DESCRIPTION),
    ...nodesProblems(nodes),
  ].slice(0, MAX_PROBLEMS);
}

/** How long the body is as compact JSON in UTF-8. */
export function bytesOf(body: Json): number {
  return Buffer.byteLength(canonicalJson(body) ?? "");
}

/** What whoever published a version calls it. */
export function labelOf({ version }: Json): string | null {
  return typeof version === "string" ? version : null;
}

const MEMBERS = ["version", "description", "nodes"];

function strangersIn(body: Json): FlowProblem[] {
  return Object.keys(body).filter((name) => !MEMBERS.includes(name)).map((name) => {
    if (name === "name") return problem([], "must not have the flow's name in it: that stands beside the body");
    const meant = closest(name, MEMBERS);
    return problem([], `has a member that flows do not have${meant === undefined ? `; they have ${MEMBERS.join(", ")}` : `: did you mean ${meant}?`}`);
  });
}

function textProblems(name: string, text: unknown, longest: number): FlowProblem[] {
  const isFit = text === undefined || (typeof text === "string" && text !== "" && text.length <= longest);
  return isFit ? [] : [problem([name], `must be a text of 1 to ${longest} characters`)];
}

function nodesProblems(nodes: unknown): FlowProblem[] {
  if (!Array.isArray(nodes) || nodes.length === 0 || nodes.length > MAX_NODES) return [problem(["nodes"], `must be a list of 1 to ${MAX_NODES} nodes`)];
  const ids = new Set<string>();
  return nodes.flatMap((node: unknown, at) => {
    const place = ["nodes", String(at)];
    if (!isObject(node)) return [problem(place, "must be an object")];
    const { id, type, config } = node;
    const isTwice = typeof id === "string" && ids.size === ids.add(id).size;
    return [
      ...(typeof id === "string" && FLOW_NAME.test(id) ? [] : [problem([...place, "id"], FLOW_NAME_RULE)]),
      ...(isTwice ? [problem([...place, "id"], "must not be the id of another node")] : []),
      ...(typeof type === "string" && LABEL.test(type) ? [] : [problem([...place, "type"], "must be a lower-case letter, then up to 62 letters, digits, _ or -")]),
      ...(config === undefined || isObject(config) ? [] : [problem([...place, "config"], "must be an object")]),
    ];
  });
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problem(place: readonly string[], rule: string): FlowProblem {
  return { place, rule };
}
