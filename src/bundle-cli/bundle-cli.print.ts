/** Owns how steps are told on a terminal: a line each, with a summary. No I/O. */
import { canonicalJson } from "../kernel/canonical-json.js";
import { plain } from "../kernel/plain-text.js";

/** A step as the registry answers it. */
export interface AnsweredStep {
  readonly kind: "ADD" | "CHANGE" | "REMOVE";
  readonly what: string;
  readonly name: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

const SIGNS = { ADD: "+", CHANGE: "~", REMOVE: "-" } as const;
/** Of one value nobody reads more in a line; the rest is counted. */
const SHOWN_CHARACTERS = 300;

/** Of one tenant: what would be done, or what was done, line by line. */
export function linesOf(tenant: string, steps: readonly AnsweredStep[], kept: readonly AnsweredStep[]): string {
  return [tenant, ...steps.map((step) => `  ${lineOf(step)}`), `  ${summaryOf(steps, kept)}`, ""].map(plain).join("\n");
}

function lineOf({ kind, what, name, before, after }: AnsweredStep): string {
  const members = kind === "REMOVE" ? [] : Object.keys(after ?? {}).filter((member) => kind === "CHANGE" || !isEmpty(after?.[member]));
  const told = members.map((member) => (kind === "CHANGE" ? `${member} ${shown(before?.[member])} → ${shown(after?.[member])}` : `${member} ${shown(after?.[member])}`));
  return [SIGNS[kind], what.toLowerCase().replaceAll("_", " "), name, told.join(", ")].filter((part) => part !== "").join(" ");
}

function summaryOf(steps: readonly AnsweredStep[], kept: readonly AnsweredStep[]): string {
  const count = (kind: AnsweredStep["kind"]) => steps.filter((step) => step.kind === kind).length;
  const done = steps.length === 0 ? "no change" : `${count("ADD")} to add, ${count("CHANGE")} to change, ${count("REMOVE")} to remove`;
  return kept.length === 0 ? done : `${done}, ${kept.length} not in the bundle (kept; --prune removes ${kept.length === 1 ? "it" : "them"})`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The same content is the same text, whatever the order in which its members are kept. */
function shown(value: unknown): string {
  const text = canonicalJson(value ?? null) ?? "null";
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length - SHOWN_CHARACTERS} more characters)` : text;
}
