/** Owns how a file that an operator writes is read: YAML, bounded, checked, and with every problem named by its line. What it must say is its reader's business. */
import { createReadStream, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { closest } from "./misspelling.js";
import { plain } from "./plain-text.js";
import { LOCAL_ODDITIES, oddities } from "./yaml-oddities.js";

export const MAX_FILE_BYTES = 1024 * 1024;

/** Of what is wrong with a file's content: nobody reads more, and each is looked for in the text. */
const NAMED_AT_MOST = 100;

const TOO_DEEP = "it is nested too deeply";

/** What is wrong at one place of a file's content: the way to the place, and the rule in our words. */
export interface FileProblem {
  readonly place: readonly (string | number)[];
  readonly rule: string;
  /** A member that should not be there, and the names that might have been meant. */
  readonly stranger?: { readonly name: string; readonly known: readonly string[] };
  /** Point to the name that leads to the place, and not to what stands there, which may begin lines below. */
  readonly isName?: boolean;
}

/** The file cannot be used; the message lists every problem, one a line. Each kind of file has its own. */
export abstract class FileRefusedError extends Error {
  constructor(
    what: string,
    readonly file: string,
    readonly problems: readonly string[],
  ) {
    // Names in it are somebody else's, and would otherwise write lines of their own.
    super(`The ${what} ${plain(file)} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${problems.map((p) => `- ${plain(p)}`).join("\n")}`);
  }
}

/** The file of this name that the package brings along, seen from the sources (`src/kernel/`) or from what is built of them (`dist/src/kernel/`). */
export function shipped(name: string): string {
  const places = [`../../${name}`, `../../../${name}`].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return places.find(existsSync) ?? name;
}

/** What a file says, and how to refuse it later for what only somebody else could tell. */
export interface Located<T> {
  readonly value: T;
  /** The refusal of the file for these problems of its content, at least one, each named by its line. */
  refused(problems: readonly FileProblem[]): FileRefusedError;
}

/** What a content means, and what is wrong with it: the first is used only when there is nothing of the second. */
type Check<T> = (content: unknown) => { value: T; problems: readonly FileProblem[] };
type Refusal = new (file: string, problems: readonly string[]) => FileRefusedError;

/** What a file says, after `check` found nothing wrong with it. Throws `Refused` with every problem. */
export async function loadChecked<T>(file: string, check: Check<T>, Refused: Refusal): Promise<T> {
  return (await loadLocated(file, check, Refused)).value;
}

/** As {@link loadChecked}, for a reader who is not the last one to judge. */
export async function loadLocated<T>(file: string, check: Check<T>, Refused: Refusal): Promise<Located<T>> {
  try {
    const { value, linesOf } = checkedIn(await textOf(file), check);
    return { value, refused: (problems) => new Refused(file, linesOf(problems)) };
  } catch (error) {
    if (error instanceof Unreadable) throw new Refused(file, error.problems);
    // Everything here recurses into what is nested.
    if (error instanceof RangeError) throw new Refused(file, [TOO_DEEP]);
    throw error;
  }
}

/** What is wrong with a text, before it is said with whose. */
class Unreadable extends Error {
  constructor(readonly problems: readonly string[]) {
    super();
  }
}

async function textOf(file: string): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(file, { end: MAX_FILE_BYTES })) chunks.push(chunk as Buffer);
  } catch (error) {
    throw new Unreadable([`it cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > MAX_FILE_BYTES) throw new Unreadable([`it must be at most ${MAX_FILE_BYTES} bytes`]);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable(["it must be text in UTF-8"]);
  }
}

function checkedIn<T>(text: string, check: Check<T>) {
  const lines = new LineCounter();
  const lineOf = (offset: number) => lines.linePos(offset).line;
  // Whether names are unique `oddities` finds out: the parser compares each with all before it.
  const tree = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2", uniqueKeys: false });
  const syntax = [...tree.errors, ...tree.warnings, ...oddities(tree)].map(({ code, message, pos }) => ({
    code,
    line: lineOf(pos[0]),
    text: code === "RESOURCE_EXHAUSTION" ? TOO_DEEP : message,
  }));
  const linesOf = (found: readonly FileProblem[]): string[] => {
    const meaning = found.slice(0, NAMED_AT_MOST).map((problem) => ({ line: lineOf(startOf(tree, problem)), text: sentence(problem) }));
    const problems = inOrder([...syntax, ...meaning]);
    return found.length > NAMED_AT_MOST ? [...problems, `and ${found.length - NAMED_AT_MOST} more`] : problems;
  };
  if (syntax.some(({ code }) => !LOCAL_ODDITIES.has(code))) throw new Unreadable(inOrder(syntax));
  const { value, problems } = check(contentOf(tree));
  if (syntax.length + problems.length > 0) throw new Unreadable(linesOf(problems));
  return { value, linesOf };
}

function contentOf(tree: Document): unknown {
  try {
    return tree.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // Aliases of aliases of aliases.
    if (error instanceof ReferenceError) throw new Unreadable(["its aliases stand for too much"]);
    throw error;
  }
}

function inOrder(problems: readonly { line: number; text: string }[]): string[] {
  const sorted = problems.toSorted((one, other) => one.line - other.line);
  return [...new Set(sorted.map(({ line, text }) => `line ${line}: ${text}`))];
}

function sentence({ place, rule, stranger }: FileProblem): string {
  const path = place.reduce<string>((so, step) => (typeof step === "number" ? `${so}[${step}]` : so === "" ? step : `${so}.${step}`), "");
  const whole = path === "" ? "the file" : path;
  if (!stranger) return `${whole} ${rule}`;
  const meant = closest(stranger.name, stranger.known);
  return `${path === "" ? "" : `${path}.`}${stranger.name} is not known here${meant === undefined ? `: ${whole} ${rule}` : `; did you mean ${meant}?`}`;
}

/** Where a problem's place begins in the text, or the closest thing around it that is there; of a stranger, its name. */
function startOf(tree: Document, { place, stranger, isName }: Pick<FileProblem, "place" | "stranger" | "isName">): number {
  const node = (place.length === 0 ? tree.contents : tree.getIn(place, true)) as Node | null | undefined;
  const name = isName && node ? nameAt(tree.getIn(place.slice(0, -1), true), place.at(-1)) : nameAt(node, stranger?.name);
  const range = name ?? node?.range;
  if (range) return range[0];
  return place.length === 0 ? 0 : startOf(tree, { place: place.slice(0, -1), isName });
}

function nameAt(node: unknown, name: string | number | undefined) {
  const key = isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === name)?.key : undefined;
  return isScalar(key) ? key.range : undefined;
}
