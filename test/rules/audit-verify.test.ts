/** Owns the guarantee that an export verifies as it was signed, and that whatever is done to it is found, at the first place where it was done. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CURRENT_FORMAT, FORMATS, genesisOf, GROUPS, linkOf } from "../../src/audit-proof/audit-proof.encoding.js";
import { leafOfLine, type EventLine, type ExportLine, type LogLine } from "../../src/audit-proof/audit-proof.export.js";
import { verifyExport, type Verdict } from "../../src/audit-proof/audit-proof.verify.js";
import { AuditLog, bytesOf, seedOf } from "../testkit/audit-log.js";

const EVENTS = 12;
const format = FORMATS[CURRENT_FORMAT]!;
const COLUMNS = [...format.plain, ...GROUPS.flatMap((group) => format.groups[group])];
const IDS = { log: "0d0b6a53-6f0e-4f0e-8a41-5e9a3f1f7a01", tenant: "2a9d7c9e-8a53-47d7-9b07-0c9e6f7f7b02" };

/** Twelve events, with a checkpoint at each of the positions. */
function logWith(checkpoints: readonly number[] = [4, 8], options: ConstructorParameters<typeof AuditLog>[0] = IDS): AuditLog {
  const log = new AuditLog(options);
  for (let position = 1; position <= EVENTS; position++) {
    log.append();
    if (checkpoints.includes(position)) log.checkpoint();
  }
  return log;
}

const log = logWith();
const LINES = log.export();
const isEvent = (line: ExportLine): line is EventLine => line.type === "event";
const at = (position: number) => LINES.findIndex((line) => isEvent(line) && line.position === position);
const eventAt = (position: number) => LINES[at(position)] as EventLine;

async function* chunksOf(bytes: Uint8Array, size = 1_000): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
const verifyBytes = (bytes: Uint8Array, kept: readonly string[] = [], keys = log.keys) => verifyExport(() => chunksOf(bytes), keys, kept);
const verify = (lines: readonly ExportLine[], kept: readonly string[] = [], keys = log.keys) => verifyBytes(bytesOf(lines), kept, keys);
const failureOf = async (verdict: Promise<Verdict>) => {
  const { valid, failure } = await verdict;
  expect(valid).toBe(failure === null);
  return failure === null ? null : [failure.reason, failure.position];
};
const failure = (lines: readonly ExportLine[], kept: readonly string[] = [], keys = log.keys) => failureOf(verify(lines, kept, keys));

/** What somebody would write who changes events and knows how they are chained, but has no key: positions, links and counts are right again. */
function relinked(lines: readonly ExportLine[]): ExportLine[] {
  let position = 0;
  let chain = genesisOf(log.log, log.tenant);
  return lines.map((line) => {
    if (line.type === "end") return { ...line, events: position, position };
    if (!isEvent(line)) return line;
    const moved = { ...line, position: ++position };
    chain = linkOf(chain, position, leafOfLine(moved));
    return { ...moved, chain: chain.toString("hex") };
  });
}
/** The first position that a checkpoint confirms together with this one. */
const afterCheckpoint = (position: number) => (position <= 4 ? 1 : position <= 8 ? 5 : 9);
const withEvent = (position: number, change: Partial<EventLine>) => LINES.with(at(position), { ...eventAt(position), ...change });
const edited = (position: number, column: string, value: string | null) => withEvent(position, { columns: { ...eventAt(position).columns, [column]: value } });

describe("an export", () => {
  it("is valid as it was signed, and says what it is", async () => {
    expect(await verify(LINES)).toEqual({ valid: true, ...IDS, events: 12, from: 1, to: 12, erased: 0, checkpoints: 3, unchecked: 0, asOf: "2026-01-01T00:30:00.000Z", failure: null });
  });

  it.each([1, 2, 7, 64, 1_000_000])("is read in pieces of %d bytes", async (size) => {
    expect((await verifyExport(() => chunksOf(bytesOf(LINES), size), log.keys)).valid).toBe(true);
  });

  it("is valid against every checkpoint that was kept", async () => {
    expect(await failure(LINES, log.checkpoints)).toBeNull();
  });

  it("has its checkpoints anywhere behind its first line", async () => {
    const checkpoints = LINES.filter(({ type }) => type === "checkpoint");
    const rest = LINES.filter(({ type }) => type !== "checkpoint");
    expect(await failure([LINES[0]!, ...checkpoints, ...rest.slice(1)])).toBeNull();
  });

  it("of nobody's events has no tenant in them", async () => {
    const nobodys = new AuditLog({ tenant: "00000000-0000-0000-0000-000000000000" });
    nobodys.append({ tenant_id: null });
    expect(await failure(nobodys.export(), [], nobodys.keys)).toBeNull();
  });

  it("that was cut off and went on later is the same file", async () => {
    const bytes = bytesOf(LINES);
    const cut = bytes.subarray(0, 5_000);
    const whole = cut.subarray(0, cut.lastIndexOf(10) + 1);
    expect(await failureOf(verifyBytes(Buffer.concat([whole, bytes.subarray(whole.length)])))).toBeNull();
    expect(await failureOf(verifyBytes(cut))).toEqual(["tail_missing", expect.any(Number)]);
  });
});

describe("a column that was edited", () => {
  for (let position = 1; position <= EVENTS; position++) {
    it(`is found in event ${position}, whichever it is`, async () => {
      for (const column of COLUMNS) {
        for (const value of ["", "forged", `${eventAt(position).columns[column]} `, null]) {
          const bytes = edited(position, column, value);
          expect([column, value, await failure(bytes)]).toEqual([column, value, [column === "tenant_id" ? "wrong_tenant" : "content_changed", position]]);
        }
      }
    });
  }

  it.each(COLUMNS.filter((name) => name !== "tenant_id"))("%s is found by the next checkpoint when all links were made again", async (column) => {
    for (const position of [1, 4, 5, 12]) {
      expect(await failure(relinked(edited(position, column, "forged")))).toEqual(["checkpoint_mismatch", afterCheckpoint(position)]);
    }
  });

  it("is found when it changed places with its neighbour", async () => {
    const { columns } = eventAt(3);
    expect(await failure(withEvent(3, { columns: { ...columns, actor_name: columns["actor_href"]!, actor_href: columns["actor_name"]! } }))).toEqual(["content_changed", 3]);
  });

  it.each(GROUPS)("is found when the salt of its group %s was changed with it", async (group) => {
    const { openings } = eventAt(3);
    expect(await failure(withEvent(3, { openings: { ...openings, [group]: "00".repeat(16) } }))).toEqual(["content_changed", 3]);
    expect(await failure(withEvent(3, { openings: { ...openings, [group]: "00".repeat(32) } }))).toEqual(["content_changed", 3]);
  });

  it("is found as a link, or as a format", async () => {
    expect(await failure(withEvent(3, { chain: eventAt(4).chain }))).toEqual(["content_changed", 3]);
    expect(await failure(withEvent(3, { format: 2 }))).toEqual(["unknown_format", null]);
  });
});

describe("an event", () => {
  for (let position = 1; position <= EVENTS; position++) {
    it(`at ${position} is missed, found out of its place, and found twice`, async () => {
      const without = LINES.toSpliced(at(position), 1);
      expect(await failure(without)).toEqual([position === EVENTS ? "tail_missing" : "position_gap", position]);
      const twice = LINES.toSpliced(at(position), 0, eventAt(position));
      expect(await failure(twice)).toEqual(["position_repeated", position]);
      const inserted = LINES.toSpliced(at(position), 0, { ...eventAt(position), columns: { ...eventAt(position).columns, uid: "00000000-0000-4000-8000-00000000beef" } });
      expect(await failure(inserted)).toEqual(["content_changed", position]);
      // With the links made again only what is signed tells: somewhere behind the checkpoint before.
      const from = afterCheckpoint(position);
      expect(await failure(relinked(inserted))).toEqual(["checkpoint_mismatch", from]);
      expect(await failure(relinked(twice))).toEqual(position === EVENTS ? ["tail_missing", 13] : ["checkpoint_mismatch", afterCheckpoint(position + 1)]);
      expect(await failure(relinked(without))).toEqual(position > 8 ? ["tail_missing", 12] : ["checkpoint_mismatch", from]);
      if (position === EVENTS) return;
      const swapped = LINES.with(at(position), eventAt(position + 1)).with(at(position + 1), eventAt(position));
      expect(await failure(swapped)).toEqual(["position_gap", position]);
      expect(await failure(relinked(swapped))).toEqual(["checkpoint_mismatch", from]);
      const renumbered = LINES.with(at(position), { ...eventAt(position + 1), position }).with(at(position + 1), { ...eventAt(position), position: position + 1 });
      expect(await failure(renumbered)).toEqual(["content_changed", position]);
    });
  }

  it("of another tenant is not taken for one of this", async () => {
    const other = logWith([], { ...IDS, tenant: "6f1f2d58-3f0e-4d57-b6a8-9a3d2b1c0d03" }).export();
    expect(await failure(LINES.with(at(5), other[5]!))).toEqual(["wrong_tenant", 5]);
  });
});

describe("the tail", () => {
  /** Everything behind a position goes, and the end says so. */
  const cutAt = (position: number) => [...LINES.filter((line) => !isEvent(line) || line.position <= position).slice(0, -1), { type: "end", events: position, position } as const];
  /** So do the checkpoints that would tell. */
  const cutWithCheckpoints = (position: number) =>
    cutAt(position).filter((line) => line.type !== "checkpoint" || log.checkpoints.indexOf(line.signed) < (position >= 8 ? 2 : position >= 4 ? 1 : 0));

  for (let position = 0; position < EVENTS; position++) {
    it(`is missed when it was cut after ${position}, with its checkpoints or without, also by those that were kept`, async () => {
      expect(await failure(LINES.slice(0, position + 1))).toEqual(["tail_missing", position + 1]);
      expect(await failure(cutAt(position))).toEqual(["tail_missing", position + 1]);
      expect(await failure(cutWithCheckpoints(position))).toEqual(["tail_missing", afterCheckpoint(position + 1)]);
      expect(await failure(cutWithCheckpoints(position), [log.checkpoints[2]!])).toEqual(["tail_missing", position + 1]);
    });
  }

  it("is missed at every single byte", async () => {
    const bytes = bytesOf(LINES);
    for (let length = 0; length < bytes.length; length += 97) expect((await verifyBytes(bytes.subarray(0, length))).failure?.reason).toMatch(/^(tail_missing|no_log_line)$/);
    expect(await failureOf(verifyBytes(bytes.subarray(0, -1)))).toEqual(["tail_missing", 13]);
  });

  it("is missed when an older export is shown instead, if a newer checkpoint was kept", async () => {
    const growing = logWith([]);
    const old = growing.export();
    growing.append();
    const newer = growing.checkpoint();
    expect(await failure(old)).toBeNull();
    expect(await failure(old, [newer])).toEqual(["tail_missing", 13]);
  });

  it("cannot be counted otherwise", async () => {
    for (const [end, found] of [[{ events: 12, position: 11 }, ["count_mismatch", null]], [{ events: 11, position: 12 }, ["count_mismatch", null]], [{ events: 13, position: 13 }, ["tail_missing", 13]]] as const) {
      expect(await failure(LINES.with(-1, { type: "end", ...end }))).toEqual(found);
    }
  });

  it("has nothing behind it", async () => {
    for (const line of [LINES[0]!, eventAt(12), LINES.at(-2)!, LINES.at(-1)!]) expect(await failure([...LINES, line])).toEqual(["bad_line", 13]);
    expect(await failureOf(verifyBytes(Buffer.concat([bytesOf(LINES), Buffer.from(" ")])))).toEqual(["bad_line", 13]);
  });
});

describe("another log", () => {
  const forgedSeed = seedOf("somebody else's key");

  it("that agrees with itself is signed with another key, under whatever name", async () => {
    const named = logWith([4, 8], { ...IDS, seed: forgedSeed });
    expect(await failure(named.export())).toEqual(["checkpoint_signature", null]);
    const unknown = logWith([4, 8], { ...IDS, seed: forgedSeed, keyId: "mine" });
    expect(await failure(unknown.export())).toEqual(["key_unknown", null]);
  });

  it("that agrees with itself does not take the real one's checkpoints", async () => {
    const forged = logWith([4, 8], { ...IDS, seed: forgedSeed });
    forged.append();
    const lines = forged.export();
    const mixed = [...lines.slice(0, 13), ...LINES.filter(({ type }) => type === "checkpoint"), LINES.at(-1)!];
    expect(await failure(mixed)).toBeNull(); // The twelve are the same events: a forger who changes nothing has forged nothing.
    const changed = new AuditLog({ ...IDS, seed: forgedSeed });
    for (let position = 1; position <= EVENTS; position++) changed.append(position === 6 ? { action: "document.read" } : {});
    expect(await failure([...changed.export().slice(0, 13), ...LINES.slice(13)])).toEqual(["checkpoint_mismatch", 5]);
  });

  it("that was made with the real key is told by what was kept of the first, and by nothing else", async () => {
    const changed = new AuditLog(IDS);
    for (let position = 1; position <= EVENTS; position++) {
      changed.append(position === 6 ? { actor_id: "somebody-else" } : {});
      if (position === 4 || position === 8) changed.checkpoint();
    }
    const lines = changed.export();
    expect(await failure(lines)).toBeNull();
    expect(await failure(lines, [log.checkpoints[0]!])).toBeNull();
    expect(await failure(lines, [log.checkpoints[1]!])).toEqual(["checkpoint_mismatch", 5]);
    const sparse = new AuditLog(IDS);
    for (let position = 1; position <= EVENTS; position++) sparse.append(position === 6 ? { actor_id: "somebody-else" } : {});
    expect(await failure(sparse.export(), [log.checkpoints[1]!])).toEqual(["checkpoint_mismatch", 1]);
  });

  it("of another tenant, or another registry, is not this one", async () => {
    for (const other of [{ ...IDS, tenant: "6f1f2d58-3f0e-4d57-b6a8-9a3d2b1c0d03" }, { ...IDS, log: "6f1f2d58-3f0e-4d57-b6a8-9a3d2b1c0d03" }]) {
      const theirs = logWith([4, 8], other);
      const lines = theirs.export();
      expect(await failure(lines)).toBeNull();
      expect(await failure(lines, [log.checkpoints[0]!])).toEqual(["checkpoint_other_log", null]);
      expect(await failure([LINES[0]!, ...lines.slice(1)])).toEqual([other.log === IDS.log ? "wrong_tenant" : "content_changed", 1]);
      expect(await failure([{ ...(LINES[0] as LogLine), tenant: theirs.tenant, log: theirs.log }, ...LINES.slice(1)])).toEqual([other.log === IDS.log ? "wrong_tenant" : "content_changed", 1]);
      expect(await failure(LINES.map((line, index) => (line.type === "checkpoint" ? lines[index]! : line)))).toEqual(["checkpoint_other_log", null]);
    }
  });
});

describe("a checkpoint", () => {
  const first = LINES.findIndex(({ type }) => type === "checkpoint");
  const last = LINES.findLastIndex(({ type }) => type === "checkpoint");

  it("that is old, left out, repeated or out of order is found", async () => {
    for (let index = first; index <= last; index++) {
      expect(await failure(LINES.toSpliced(index, 1))).toEqual(index === last ? ["tail_missing", 9] : ["checkpoint_sequence", null]);
      expect(await failure(LINES.toSpliced(index, 0, LINES[index]!))).toEqual(["checkpoint_sequence", null]);
    }
    expect(await failure(LINES.with(first, LINES[last]!).with(last, LINES[first]!))).toEqual(["checkpoint_sequence", null]);
    expect(await failure(LINES.with(last, LINES[first]!))).toEqual(["checkpoint_sequence", null]);
  });

  it("that was forged is found, wherever a character of it was changed", async () => {
    const { signed } = LINES[first] as { signed: string };
    for (let index = 0; index < signed.length; index += 7) {
      const forged = signed.slice(0, index) + (signed[index] === "A" ? "B" : "A") + signed.slice(index + 1);
      expect((await verify(LINES.with(first, { type: "checkpoint", signed: forged }))).failure?.reason).toMatch(/^(checkpoint_signature|key_unknown)$/);
    }
  });

  it("that was forged does not hide which event was", async () => {
    const forged = LINES.with(last, { type: "checkpoint", signed: "x.y.z" }).with(at(7), { ...eventAt(7), columns: { ...eventAt(7).columns, action: "document.read" } });
    expect(await failure(forged)).toEqual(["content_changed", 7]);
  });

  it("that was kept and is no checkpoint of this log is refused", async () => {
    expect(await failure(LINES, ["nonsense"])).toEqual(["checkpoint_signature", null]);
    expect(await failure(LINES, [logWith([4], { ...IDS, keyId: "other" }).checkpoints[0]!])).toEqual(["key_unknown", null]);
  });

  it("has one number: two different ones with the same are a forked log", async () => {
    const fork = logWith([3]);
    expect(await failure(LINES, [fork.checkpoints[0]!])).toEqual(["checkpoint_mismatch", null]);
    expect(await failure(LINES, [log.checkpoints[0]!, fork.checkpoints[0]!])).toEqual(["checkpoint_mismatch", null]);
  });

  it("never counts fewer events than one before it, unless it is a purge's", async () => {
    const shrinking = logWith([8]);
    shrinking.checkpoint("interval", 5);
    expect(await failure(shrinking.export())).toEqual(["checkpoint_sequence", null]);
  });
});

describe("a log that was purged", () => {
  const purged = logWith();
  purged.purge(6);
  purged.append();
  const lines = purged.export();
  const logLine = lines[0] as LogLine;

  it("is valid from where its purge's checkpoint says", async () => {
    expect(await verify(lines)).toMatchObject({ valid: true, events: 7, from: 7, to: 13, checkpoints: 3, unchecked: 0 });
    expect(await failure(lines, purged.checkpoints.slice(1))).toBeNull();
  });

  it("says of how many kept checkpoints it cannot say anything", async () => {
    expect(await verify(lines, [purged.checkpoints[0]!])).toMatchObject({ valid: true, unchecked: 1 });
  });

  it("of which all was purged is valid", async () => {
    const empty = logWith();
    empty.purge(EVENTS);
    expect(await verify(empty.export())).toMatchObject({ valid: true, events: 0, from: null, to: null });
  });

  it("that was purged again and again is valid", async () => {
    const again = logWith();
    for (const position of [2, 5, 8, 9]) {
      again.purge(position);
      again.append();
      again.checkpoint();
      expect(await verify(again.export())).toMatchObject({ valid: true, from: position + 1 });
    }
  });

  it("does not begin without that checkpoint, with another, or with another tree", async () => {
    const first = (change: Partial<LogLine>) => failure(lines.with(0, { ...logLine, ...change }));
    expect(await first({ base: null })).toEqual(["base_missing", null]);
    expect(await first({ base: null, frontier: [] })).toEqual(["base_missing", null]);
    expect(await first({ base: purged.checkpoints[0]! })).toEqual(["base_mismatch", null]);
    expect(await first({ after: 7 })).toEqual(["base_mismatch", null]);
    expect(await first({ after: 0 })).toEqual(["base_mismatch", null]);
    expect(await first({ frontier: logLine.frontier.slice(1) })).toEqual(["base_mismatch", null]);
    expect(await first({ frontier: logLine.frontier.with(0, "00".repeat(32)) })).toEqual(["base_mismatch", null]);
    expect(await first({ base: logWith([], { ...IDS, log: IDS.tenant }).purge(6) })).toEqual(["checkpoint_other_log", null]);
    expect(await first({ base: "nonsense" })).toEqual(["checkpoint_signature", null]);
  });

  it("does not begin later than it was purged", async () => {
    expect(await failure(lines.toSpliced(1, 1))).toEqual(["position_gap", 7]);
    expect(await failure(LINES.toSpliced(1, 4).with(0, { ...logLine, after: 4, base: log.checkpoints[0]! }))).toEqual(["base_mismatch", null]);
  });

  it("cannot be said to begin at its first event", async () => {
    expect(await failure(lines.with(0, { ...logLine, after: 0, base: null, frontier: [] }))).toEqual(["position_gap", 1]);
  });
});

describe("a person who was erased", () => {
  const erasedLog = (record = true) => {
    const erased = logWith();
    erased.erase(3, ["actor", "text"]);
    erased.erase(7, ["target", "text"]);
    if (record) erased.recordErasure([3, ["actor", "text"]], [7, ["target", "text"]]);
    return erased;
  };

  it("leaves a valid log, which says how many events lack somebody", async () => {
    expect(await verify(erasedLog().export())).toMatchObject({ valid: true, events: 13, erased: 2 });
  });

  it("leaves none when no event says so, in part, only before it, or in a product's words", async () => {
    expect(await failure(erasedLog(false).export())).toEqual(["erasure_unrecorded", 3]);
    const inPart = erasedLog(false);
    inPart.recordErasure([3, ["actor", "text"]], [7, ["target"]]);
    expect(await failure(inPart.export())).toEqual(["erasure_unrecorded", 7]);
    const before = new AuditLog(IDS);
    before.recordErasure([2, ["actor"]]);
    before.append();
    before.erase(2, ["actor"]);
    expect(await failure(before.export())).toEqual(["erasure_unrecorded", 2]);
    for (const told of [{ product: "docs" }, { writer: "service-docs" }, { action: "document.update" }, { metadata: null }, { metadata: "[" }, { metadata: "null" }, { metadata: '{"places": 3}' }, { metadata: '{"places": "3y,-3a,3,a"}' }]) {
      const lied = erasedLog(false);
      lied.append({ action: "audit.erase_person", product: null, writer: null, metadata: '{"places": "3ax,7tx"}', ...told });
      expect([told, await failure(lied.export())]).toEqual([told, ["erasure_unrecorded", 3]]);
    }
  });

  it("may be erased from one event twice, as actor and as target, and what was erased may be purged", async () => {
    const twice = erasedLog();
    twice.erase(3, ["target"]);
    twice.recordErasure([3, ["target", "text"]]);
    expect(await failure(twice.export())).toBeNull();
    twice.purge(5);
    expect(await failure(twice.export())).toBeNull();
  });

  it("cannot be put back, nor anybody else in her place", async () => {
    const lines = erasedLog().export();
    const line = lines[3] as EventLine;
    for (const name of [...format.groups.actor, ...format.groups.text]) {
      const forged = lines.with(3, { ...line, columns: { ...line.columns, [name]: "forged" } });
      expect([name, await failure(forged)]).toEqual([name, ["content_changed", 3]]);
    }
    expect(await failure(lines.with(3, { ...line, columns: { ...line.columns, metadata: null } }))).toEqual(["content_changed", 3]);
  });

  it("names places that are not there without any effect", async () => {
    const odd = logWith();
    odd.recordErasure([999_999_999, ["actor"]], [13, ["text"]], [0, ["text"]], [2, ["actor"]]);
    expect(await verify(odd.export())).toMatchObject({ valid: true, erased: 0 });
  });
});

describe("a filtered export", () => {
  it("is not called whole", async () => {
    expect(await failure(LINES.with(0, { ...(LINES[0] as LogLine), whole: false }))).toEqual(["filtered_export", null]);
  });
});

describe("any change of bytes", () => {
  const bytes = bytesOf(LINES);

  it("of a valid export makes it invalid, and is told with a reason", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (where, bits) => {
        const changed = Buffer.from(bytes);
        changed[where]! ^= bits;
        expect((await verifyBytes(changed)).valid).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it("that cuts out, doubles or moves a piece does as well", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length }), fc.nat({ max: bytes.length }), fc.nat({ max: bytes.length }), async (one, other, third) => {
        const [from, until] = [Math.min(one, other), Math.max(one, other)];
        fc.pre(from < until);
        const rest = Buffer.concat([bytes.subarray(0, from), bytes.subarray(until)]);
        const moved = Buffer.concat([rest.subarray(0, third), bytes.subarray(from, until), rest.subarray(third)]);
        expect((await verifyBytes(rest)).valid).toBe(false);
        expect((await verifyBytes(moved)).valid).toBe(moved.equals(bytes));
      }),
      { numRuns: 200 },
    );
  });
});
