/** Owns the account of erasures: what was taken out of events, against what later events say was taken out. One byte an event, and only near such events. */
import { GROUPS, type Group } from "./audit-proof.encoding.js";
import { erasedGroups, type EventLine } from "./audit-proof.export.js";

const ACTION = "audit.erase_person";
/** As the registry writes places: `5ax` is actor and text of the event at position 5. */
const PLACE = /^(\d{1,15})([atx]{1,3})$/;
const LETTERS: Readonly<Record<Group, string>> = { actor: "a", target: "t", text: "x" };
const PAGE = 65_536;

export class Erasures {
  private readonly pages = new Map<number, Uint8Array>();
  /** How many events lack somebody. */
  count = 0;

  see(event: EventLine): void {
    const erased = erasedGroups(event);
    if (erased.length > 0) {
      this.count++;
      this.write(event.position, bitsOf(erased));
    }
    for (const [position, groups] of placesNamedIn(event)) {
      // What comes later cannot have been erased yet, and what is not here has nothing to be accounted for.
      if (position < event.position && this.pages.has(Math.floor(position / PAGE))) this.write(position, this.read(position) & ~bitsOf(groups));
    }
  }

  /** The first event that lacks somebody without an event that says so; 0 if there is none. */
  firstUnrecorded(): number {
    for (const [number, page] of [...this.pages].sort(([one], [other]) => one - other)) {
      const at = page.findIndex((bits) => bits !== 0);
      if (at >= 0) return number * PAGE + at;
    }
    return 0;
  }

  private read(position: number): number {
    return this.pages.get(Math.floor(position / PAGE))?.[position % PAGE] ?? 0;
  }

  private write(position: number, bits: number): void {
    const number = Math.floor(position / PAGE);
    const page = this.pages.get(number) ?? new Uint8Array(PAGE);
    page[position % PAGE] = bits;
    this.pages.set(number, page);
  }
}

const bitsOf = (groups: readonly Group[]): number => groups.reduce((bits, group) => bits | (1 << GROUPS.indexOf(group)), 0);

/** Only the registry's own events count: a product can name neither no product nor this action. */
function placesNamedIn({ columns }: EventLine): (readonly [number, Group[]])[] {
  if (columns["action"] !== ACTION || columns["product"] !== null || columns["writer"] !== null) return [];
  return placesIn(columns["metadata"] ?? "{}").split(",").flatMap((place) => {
    const [, position, letters = ""] = PLACE.exec(place) ?? [];
    return position === undefined ? [] : [[Number(position), GROUPS.filter((group) => letters.includes(LETTERS[group]))] as const];
  });
}

function placesIn(metadata: string): string {
  try {
    const { places } = (JSON.parse(metadata) ?? {}) as { places?: unknown };
    return typeof places === "string" ? places : "";
  } catch {
    return "";
  }
}
