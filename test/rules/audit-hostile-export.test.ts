/** Owns the guarantee that a file from anybody is refused with a reason, whatever is in it, and does not take the memory that it asks for. */
import { describe, expect, it } from "vitest";
import { lineIn, lineOf, type EventLine } from "../../src/audit-proof/audit-proof.export.js";
import { LONGEST_LINE } from "../../src/audit-proof/audit-proof.lines.js";
import { verifyExport } from "../../src/audit-proof/audit-proof.verify.js";
import { AuditLog, bytesOf } from "../testkit/audit-log.js";

const log = new AuditLog();
for (let position = 1; position <= 3; position++) log.append();
const LINES = log.export();
const [first, event] = [lineOf(LINES[0]!), LINES[1] as EventLine];

async function* streamOf(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}
const failure = async (...pieces: readonly (string | Uint8Array)[]) => {
  const { valid, failure: found } = await verifyExport(() => streamOf(...pieces), log.keys);
  expect(valid).toBe(false);
  expect(found!.detail.length).toBeLessThan(300);
  return [found!.reason, found!.position];
};
const changed = (change: object) => JSON.stringify({ ...event, ...change });

describe("a file that is no export", () => {
  it.each([
    ["empty", ""],
    ["a line break", "\n"],
    ["half a line", first.trimEnd().slice(0, -5)],
    ["a whole line without its end", first.trimEnd()],
    ["plain text", "hello\n"],
    ["a table", "position,action\n1,document.read\n"],
    ["a byte order mark", `\uFEFF${first}`],
    ["events without a first line", lineOf(event)],
    ["one long line of nothing", "\0".repeat(100_000)],
  ])("%s", async (_what, text) => {
    expect(await failure(text)).toEqual(["no_log_line", null]);
  });

  it.each([
    ["no member of it", '{"type":"log"}\n', "bad_line"],
    ["a member more", first.replace("{", '{"more":1,').replace('{"more":1,"type":"log"', '{"type":"log","more":1'), "bad_line"],
    ["a number as text", first.replace('"after":0', '"after":"0"'), "bad_line"],
    ["a number below zero", first.replace('"after":0', '"after":-1'), "bad_line"],
    ["a number that is none", first.replace('"after":0', '"after":1e400'), "bad_line"],
    ["a frontier of texts", first.replace('"frontier":[]', '"frontier":["x"]'), "bad_line"],
    ["a frontier that is an object", first.replace('"frontier":[]', '"frontier":{"length":1}'), "bad_line"],
    ["an upper id", first.replace(/"log":"[^"]+"/, (found) => found.toUpperCase().replace("LOG", "log")), "bad_line"],
    ["a later format", first.replace("export/1", "export/2"), "unknown_format"],
  ])("with a first line that has %s", async (_what, line, reason) => {
    expect(await failure(line)).toEqual([reason, null]);
  });
});

describe("a line that is none", () => {
  const { columns, openings } = event;
  it.each([
    ["nothing", ""],
    ["null", "null"],
    ["a list", "[]"],
    ["a text", '"event"'],
    ["no type", JSON.stringify({ ...event, type: undefined })],
    ["a type of another kind", changed({ type: ["event"] })],
    ["a type that objects have", '{"type":"constructor"}'],
    ["a member twice", JSON.stringify(event).replace("{", '{"type":"event",')],
    ["a column twice", JSON.stringify(event).replace('"columns":{', '"columns":{"action":"a",')],
    ["spaces", JSON.stringify(event).replace(",", ", ")],
    ["text that is told otherwise", JSON.stringify(event).replace("Ada", "\\u0041da")],
    ["a position as text", changed({ position: "1" })],
    ["half a position", JSON.stringify(event).replace('"position":1,', '"position":1.0,')],
    ["a position that a number cannot tell", JSON.stringify(event).replace('"position":1,', '"position":9007199254740993,')],
    ["a position that is a list", changed({ position: [1] })],
    ["no columns", changed({ columns: null })],
    ["a list of columns", changed({ columns: [] })],
    ["a column less", changed({ columns: { ...columns, writer: undefined } })],
    ["a column more", changed({ columns: { ...columns, note: "trust me" } })],
    ["a column instead of another", changed({ columns: { ...columns, writer: undefined, note: "x" } })],
    ["a column from a prototype", changed({ columns: { ...columns, writer: undefined } }).replace('"columns":{', '"columns":{"__proto__":{"writer":"x"},')],
    ["a number in a column", changed({ columns: { ...columns, is_failure: false } })],
    ["an object in a column", changed({ columns: { ...columns, metadata: {} } })],
    ["half a character in a column", changed({ columns: { ...columns, description: "\ud800" } })],
    ["a salt less", changed({ openings: { ...openings, text: undefined } })],
    ["a salt too short", changed({ openings: { ...openings, text: "00" } })],
    ["a salt in capitals", changed({ openings: { ...openings, text: "AB".repeat(16) } })],
    ["a salt that is a list", changed({ openings: { ...openings, text: ["00".repeat(16)] } })],
    ["a link too short", changed({ chain: "00" })],
    ["a checkpoint that is a number", '{"type":"checkpoint","signed":5}'],
    ["an end that is open", '{"type":"end","events":null,"position":3}'],
  ])("because of %s is refused before it counts", async (_what, line) => {
    expect(await failure(first, `${line}\n`)).toEqual(["bad_line", 1]);
    expect(await failure(first, lineOf(event), `${line}\n`)).toEqual(["bad_line", 2]);
  });

  it("because it is no UTF-8 is refused", async () => {
    expect(await failure(first, lineOf(event), Buffer.from([0x7b, 0xc3, 0x28, 0x7d, 0x0a]))).toEqual(["bad_line", 2]);
    const text = bytesOf(LINES);
    const cut = text.indexOf("Löwe") + 2;
    expect((await verifyExport(() => streamOf(text.subarray(0, cut), text.subarray(cut)), log.keys)).valid).toBe(true);
  });

  it.each(["[", '{"a":', '{"type":"event","columns":{"a":['])("because it is nested a million times (%s) is refused", async (piece) => {
    expect(await failure(first, `${piece.repeat(1_000_000)}\n`)).toEqual(["bad_line", 1]);
  });

  it("that closes what it nests is refused as well", async () => {
    const deep = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;
    expect(await failure(first, `{"type":"event","position":1,"format":1,"columns":${deep},"openings":{},"chain":"${"00".repeat(32)}"}\n`)).toEqual(["bad_line", 1]);
    expect(await failure(first, `${changed({ columns: { ...columns, metadata: 0 } }).replace('"metadata":0', `"metadata":${deep}`)}\n`)).toEqual(["bad_line", 1]);
    expect(await failure(`${first.trimEnd().replace('"frontier":[]', `"frontier":${deep}`)}\n`)).toEqual(["bad_line", null]);
  });
});

describe("a line without an end", () => {
  it("is given up after 8 MiB, and not one piece later", async () => {
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(first);
      for (;;) {
        given += 65_536;
        yield Buffer.alloc(65_536, "x");
      }
    };
    expect((await verifyExport(endless, log.keys)).failure).toMatchObject({ reason: "bad_line", position: 1 });
    expect(given).toBeLessThanOrEqual(2 * (LONGEST_LINE + 65_536));
  });
});

describe("what is shown of an export", () => {
  it("is each line as it was written", () => {
    for (const line of LINES) expect(lineIn(lineOf(line).slice(0, -1))).toEqual(line);
  });
});
