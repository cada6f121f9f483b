/** Owns the part of a path that says whose it is: a tenant, one of its environments or all, one of its teams or none. */
import { slug } from "./component.js";
import { slugOrNone } from "./context.js";

export interface Place {
  tenant: string;
  /** null: whatever the environment. */
  environment: string | null;
  team: string | null;
}

const MARKERS = { environment: "environments", team: "teams" } as const;

/** `{tenant}[/environments/{environment}][/teams/{team}]` */
export function placeWords({ tenant, environment, team }: Place): string[] {
  return [slug("tenant", tenant), ...markedWords("environment", environment), ...markedWords("team", team)];
}

export function placeOf(words: Words): Place {
  return { tenant: words.next(), environment: words.after(MARKERS.environment), team: words.after(MARKERS.team) };
}

function markedWords(part: keyof typeof MARKERS, text: string | null): string[] {
  const word = slugOrNone(part, text);
  return word === null ? [] : [MARKERS[part], word];
}

/** A path's words from left to right. A word that is not there is empty, which the rule of every component refuses. */
export class Words {
  #at = 0;

  constructor(private readonly words: readonly string[]) {}

  next(): string {
    return this.words[this.#at++] ?? "";
  }

  /** Whether the word was next; then it is behind us. */
  skip(word: string): boolean {
    const isNext = this.words[this.#at] === word;
    if (isNext) this.#at += 1;
    return isNext;
  }

  /** The word behind the marker, if the marker is next. */
  after(marker: string): string | null {
    return this.skip(marker) ? this.next() : null;
  }

  rest(): string[] {
    return this.words.slice(this.#at);
  }
}
